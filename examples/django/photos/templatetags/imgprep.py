from operator import itemgetter

from django import template
from django.utils.html import format_html, format_html_join

register = template.Library()
width = itemgetter("width")


@register.simple_tag
def imgprep_picture(photo, alt, sizes="100vw"):
    """A `<picture>` of a photo that is ready; the `<img>` has the type of the first variant.

    The colour fills the place until the image is loaded.
    """
    by_type = {}
    for variant in same_shape(photo.variants):
        by_type.setdefault(variant["content_type"], []).append(variant)
    plain, *others = by_type.values()
    modern = [(it[0]["content_type"], srcset(it), sizes) for it in others]
    largest = max(plain, key=width)
    return format_html(
        '<picture>{}<img src="{}" srcset="{}" sizes="{}" width="{}" height="{}" alt="{}"'
        ' loading="lazy" style="background-color: {}"></picture>',
        format_html_join("", '<source type="{}" srcset="{}" sizes="{}">', modern),
        largest["url"],
        srcset(plain),
        sizes,
        largest["width"],
        largest["height"],
        alt,
        photo.colour or "transparent",
    )


def same_shape(variants):
    """The variants of the largest one's shape: a browser takes any of a `srcset` for any other."""
    largest = max(variants, key=width)
    shape = largest["height"] / largest["width"]
    # Sides are whole pixels, so that a shape is kept to the nearest one.
    return [it for it in variants if abs(it["width"] * shape - it["height"]) <= 1]


def srcset(variants):
    return ", ".join(f"{it['url']} {it['width']}w" for it in sorted(variants, key=width))
