"""Whether every element of an HTML page is closed in its place and every image says what it should.

Takes the page, and prints the addresses of its images with the width and height that go with each.
"""

import json
import sys
from html.parser import HTMLParser

VOID = {"img", "link", "meta", "source"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.images = [], []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"{tag}: an attribute twice: {names}"
        if tag not in VOID:
            self.open.append(tag)
        found = dict(attributes)
        if tag == "img":
            assert found.get("alt"), f"an image without text: {found}"
        if tag == "source":
            assert self.open[-1] == "picture" and "srcset" in found and "sizes" in found, found
        if tag in ("img", "source"):
            shape = int(found["width"]) / int(found["height"])
            self.images += [(url, width, shape) for url, width in candidates(found)]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} is closed at {self.getpos()}"


def candidates(attributes):
    """Each address, with the width that `srcset` says."""
    if "src" in attributes:
        yield attributes["src"], None
    for candidate in attributes.get("srcset", "").split(","):
        if candidate.strip():
            url, width = candidate.split()
            assert width.endswith("w"), candidate
            yield url, int(width[:-1])


page = Page()
with open(sys.argv[1], encoding="utf-8") as file:
    page.feed(file.read())
page.close()
assert page.open == [], f"not closed: {page.open}"
print(json.dumps(page.images))
