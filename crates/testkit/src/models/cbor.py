"""CBOR (RFC 8949), as far as the SDK writes it, without a package to install."""

import struct

BREAK = object()
FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
SIMPLE = {20: False, 21: True, 22: None, 23: None}


def loads(data):
    """The one value in some bytes."""
    try:
        value, end = item(data, 0)
    except IndexError as error:
        raise ValueError("the value is cut off") from error
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes follow the value")
    return value


def item(data, at):
    """The value at a place, and where the next one begins."""
    major, short = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return simple(data, at, short)
    if short == 31:
        return endless(data, at, major)
    argument, at = number(data, at, short)
    if major < 2:
        return (argument if major == 0 else -1 - argument), at
    if major < 4:
        text = data[at : at + argument]
        return (text.decode() if major == 3 else text), at + argument
    if major == 6:
        return item(data, at)
    items = []
    for _ in range(argument * (2 if major == 5 else 1)):
        value, at = item(data, at)
        items.append(value)
    return (paired(items) if major == 5 else items), at


def endless(data, at, major):
    """A list or map whose end is marked."""
    items = []
    while True:
        value, at = item(data, at)
        if value is BREAK:
            return (paired(items) if major == 5 else items), at
        items.append(value)


def paired(items):
    return dict(zip(items[::2], items[1::2], strict=True))


def simple(data, at, short):
    if short == 31:
        return BREAK, at
    if short in FLOATS:
        form, size = FLOATS[short]
        return struct.unpack(form, data[at : at + size])[0], at + size
    return SIMPLE[short], at


def number(data, at, short):
    if short < 24:
        return short, at
    size = 1 << (short - 24)
    return int.from_bytes(data[at : at + size], "big"), at + size
