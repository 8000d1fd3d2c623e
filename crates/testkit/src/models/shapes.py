"""Whether a value is as its shape says: members, types, enums, patterns, lengths and ranges."""

import base64
import binascii
import functools
import re
import sys
import unicodedata

from wire import Unknown

TYPES = {
    "blob": str,
    "boolean": bool,
    "double": (int, float),
    "float": (int, float),
    "integer": int,
    "list": list,
    "long": int,
    "map": dict,
    "string": str,
    "structure": dict,
    "timestamp": (int, float, str),
}
# What the bounds of a shape count.
UNITS = {"string": "characters", "list": "items", "map": "entries"}
# How much of a value is shown.
SHOWN_MAX = 60


def problems(model, shape, value, path=""):
    """Yields the path of each value that is not as the model says, and what is wrong with it."""
    kind = shape["type"]
    if not isinstance(value, TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        yield path, f"is no {kind}: {shown(value)}"
    elif kind == "structure":
        yield from of_structure(model, shape, value, path)
    elif kind == "list":
        yield from of_bounds(shape, len(value), path)
        for index, item in enumerate(value):
            yield from problems(model, model.shape(shape["member"]), item, f"{path}[{index}]")
    elif kind == "map":
        yield from of_bounds(shape, len(value), path)
        for key, item in value.items():
            yield from problems(model, model.shape(shape["key"]), key, f"{path}.{key} (key)")
            yield from problems(model, model.shape(shape["value"]), item, f"{path}.{key}")
    elif kind == "string":
        yield from of_string(shape, value, path)
    elif kind in ("integer", "long", "float", "double"):
        yield from of_bounds(shape, value, path)


def of_structure(model, shape, value, path):
    inside = f"{path}." if path else ""
    for name in shape.get("required", []):
        if name not in value:
            yield inside + name, "is required and not there"
    if shape.get("union") and len(value) != 1:
        yield path, f"has {len(value)} members of a union"
    for name, item in value.items():
        if isinstance(name, Unknown):
            yield inside + name.name, f"is not a member: {shown(item)}"
            continue
        reference = shape["members"][name]
        target = model.shape(reference)
        if target["type"] == "blob" and "location" not in reference and name != shape.get("payload"):
            yield from of_base64(item, inside + name)
        yield from problems(model, target, item, inside + name)


def of_base64(value, path):
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError):
        yield path, f"is not base64: {shown(value)}"


def of_string(shape, value, path):
    yield from of_bounds(shape, len(value), path)
    values = shape.get("enum")
    if values and value not in values:
        listed = ", ".join(values[:8]) + (", …" if len(values) > 8 else "")
        yield path, f"is none of {listed}: {shown(value)}"
    pattern = shape.get("pattern")
    # Services match the whole text, as Java's `matches` does, whether or not it is anchored.
    try:
        if pattern and not compiled(pattern).fullmatch(value):
            yield path, f"does not match {pattern}: {shown(value)}"
    except re.error as error:
        yield path, f"has the pattern {pattern}, which is not understood: {error}"


def of_bounds(shape, size, path):
    unit = UNITS.get(shape["type"])
    said = f"has {size} {unit}" if unit else f"is {size}"
    if size < shape.get("min", size):
        yield path, f"{said}, at least {shape['min']}"
    if size > shape.get("max", size):
        yield path, f"{said}, at most {shape['max']}"


def shown(value):
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


@functools.cache
def compiled(pattern):
    """A pattern of Java's, which knows letters by category and a `-` after a class as itself."""
    pattern = re.sub(r"\\p\{(\w)\}", lambda match: ranges(match[1]), pattern)
    pattern = re.sub(r"(\\[ws])-(?!\])", r"\1\\-", pattern)
    return re.compile(pattern, re.ASCII)


@functools.cache
def ranges(category):
    """All characters of a Unicode category, as the inside of a bracket."""
    found, start = [], None
    for code in range(sys.maxunicode + 2):
        is_in = code <= sys.maxunicode and unicodedata.category(chr(code))[0] == category
        if is_in and start is None:
            start = code
        elif not is_in and start is not None:
            found.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(found)
