"""What a recorded request asks for: its operation, and the members as the protocol carries them.

Names that the model does not know stay, as `Unknown`; nothing is judged here.
https://smithy.io/2.0/aws/protocols/ describes the protocols.
"""

import functools
import json
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

import cbor

# Headers of HTTP and of the SDK, which no operation lists among its members.
TRANSPORT = re.compile(
    "accept|accept-encoding|amz-sdk-.*|connection|content-length|content-type|transfer-encoding"
    "|smithy-protocol|x-amz-security-token|x-amz-target|x-amzn-query-mode"
)
# With these a body is sent in chunks, each of them signed or followed by a checksum.
CHUNKED = re.compile("content-encoding|x-amz-decoded-content-length|x-amz-trailer")
# The SDK names the operation once more where S3 tells them apart by headers alone.
OPERATION_HINT = "x-id"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class Unknown(NamedTuple):
    """A name that the model does not have, in the place of a member's."""

    name: str


class Unreadable(Exception):
    """A request that is none of the service's."""


def operation_of(model, request):
    """The name of the operation that a request is for."""
    if is_rpc(request):
        return called(model, request)
    if model.protocol.startswith("rest"):
        return routed(model, request)
    if model.protocol == "query":
        name = dict(parse_qsl(request["body"])).get("Action", "")
    else:
        prefix, _, name = request["headers"].get("x-amz-target", "").rpartition(".")
        if prefix != model.metadata["targetPrefix"]:
            raise Unreadable(f"the target {prefix!r} is not {model.metadata['targetPrefix']!r}")
    if name not in model.operations:
        raise Unreadable(f"there is no operation {name!r}")
    return name


def members_of(model, name, request):
    """All that a request says, under the names of the operation's model."""
    operation = model.operations[name]
    if model.protocol.startswith("rest"):
        return from_rest(model, operation, request)
    shape = model.input(operation)
    if is_rpc(request):
        members = from_json(model, shape, cbor.loads(bytes.fromhex(request["body"])))
    elif model.protocol == "query":
        members = from_form(model, shape, form(model, request["body"]))
    else:
        members = from_json(model, shape, json.loads(request["body"]))
    unknown_headers(request, set(), members)
    return members


def unknown_headers(request, known, members):
    """Adds the headers that are neither transport nor known to be members."""
    for name in request["headers"]:
        if name not in known and not TRANSPORT.fullmatch(name):
            members[Unknown(name)] = request["headers"][name]


# The protocol RPC v2 with CBOR, whose values are called as those of JSON.


def is_rpc(request):
    return request["headers"].get("smithy-protocol") == "rpc-v2-cbor"


def called(model, request):
    """The operation in a path such as `/service/SERVICE/operation/OPERATION`."""
    path = urlsplit(request["uri"]).path
    prefix = f"/service/{model.metadata['targetPrefix']}/operation/"
    name = path.removeprefix(prefix)
    if name not in model.operations:
        raise Unreadable(f"there is no operation at {path!r}")
    return name


# The protocols json 1.0 and 1.1.


def from_json(model, shape, value):
    """A value under the names of the model instead of those of the wire."""
    kind = shape["type"]
    if kind == "structure" and isinstance(value, dict):
        names = wire_names(shape)
        return {
            names.get(wire, Unknown(wire)): from_json(model, member(model, shape, names, wire), it)
            for wire, it in value.items()
            if it is not None
        }
    if kind == "list" and isinstance(value, list):
        return [from_json(model, model.shape(shape["member"]), it) for it in value]
    if kind == "map" and isinstance(value, dict):
        return {key: from_json(model, model.shape(shape["value"]), it) for key, it in value.items()}
    return value


def wire_names(shape):
    """The members of a structure by their names on the wire."""
    return {it.get("locationName", name): name for name, it in shape["members"].items()}


def member(model, shape, names, wire):
    """The shape of a member; one that leaves all as it is for a name that is not known."""
    if wire not in names:
        return {"type": "unknown"}
    return model.shape(shape["members"][names[wire]])


def scalar(shape, text):
    """A value that the wire has as text; left as text where it is not what the shape says."""
    kind = shape["type"]
    if kind in ("integer", "long") and re.fullmatch("-?[0-9]+", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


# The protocol query: all in one form, with lists and maps numbered from 1.


def form(model, body):
    """The members as a tree, which their names in the form describe."""
    tree = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        *parents, last = name.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise Unreadable(f"{name!r} lies below a value")
        node[last] = value
    version = tree.pop("Version", "")
    if version != model.metadata["apiVersion"]:
        raise Unreadable(f"the version {version!r} is not {model.metadata['apiVersion']!r}")
    del tree["Action"]
    return tree


def from_form(model, shape, node):
    kind = shape["type"]
    if kind == "structure" and isinstance(node, dict):
        names = wire_names(shape)
        return {
            names.get(wire, Unknown(wire)): from_form(model, member(model, shape, names, wire), it)
            for wire, it in node.items()
        }
    if kind == "list":
        items = numbered(node, shape["member"].get("locationName", "member"))
        return [from_form(model, model.shape(shape["member"]), item) for item in items]
    if kind == "map":
        key, value = (shape[it].get("locationName", it) for it in ("key", "value"))
        target = model.shape(shape["value"])
        entries = numbered(node, "entry")
        return {entry.get(key, ""): from_form(model, target, entry.get(value, "")) for entry in entries}
    return scalar(shape, node) if isinstance(node, str) else node


def numbered(node, name):
    """The items of a list or map; one without any is sent as an empty value."""
    if node == "":
        return []
    if not isinstance(node, dict) or list(node) != [name]:
        raise Unreadable(f"a list has its items under {name!r}, not in {node!r}")
    items = node[name]
    expected = [str(number) for number in range(1, len(items) + 1)]
    if sorted(items, key=int) != expected:
        raise Unreadable(f"the items of a list are numbered {list(items)}")
    return [items[number] for number in expected]


# The protocols rest-json and rest-xml: members in path, query, headers and body.


class Template(NamedTuple):
    """What the address of an operation looks like."""

    path: re.Pattern
    # How many parts of the path are no labels.
    fixed: int
    # What must be in the query, with the value unless it is empty.
    query: dict

    def labels(self, path, query):
        """The labels in a path and query that are made after the template, else `None`."""
        for name, value in self.query.items():
            if name not in query or value not in ("", query[name]):
                return None
        match = self.path.fullmatch(path)
        return match and {name: unquote(text) for name, text in match.groupdict().items()}


@functools.cache
def template(uri):
    url = urlsplit(uri)
    path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", url.path.rstrip("/"))
    path = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", path)
    end = "" if url.path.endswith("+}") else "/?"
    fixed = sum("{" not in part for part in url.path.split("/"))
    return Template(re.compile(path + end), fixed, dict(parse_qsl(url.query, True)))


def routed(model, request):
    """The operation whose address and demands fit best."""
    url = urlsplit(request["uri"])
    query = dict(parse_qsl(url.query, True))
    given = query.keys() | request["headers"].keys()
    best = (), None
    for name, operation in model.operations.items():
        if operation["http"]["method"] != request["method"] or operation.get("deprecated"):
            continue
        address = template(operation["http"]["requestUri"])
        if address.labels(url.path, query) is None:
            continue
        if query.get(OPERATION_HINT) == name:
            return name
        demands = demanded(model.input(operation))
        if demands <= given:
            best = max(best, ((len(address.query), address.fixed, len(demands)), name))
    if best[1] is None:
        raise Unreadable("there is no such operation")
    return best[1]


def demanded(shape):
    """The names of query and headers that must be there."""
    members = (shape["members"][name] for name in shape.get("required", []))
    return {
        it["locationName"].lower() if it["location"] == "header" else it["locationName"]
        for it in members
        if it.get("location") in ("header", "querystring")
    }


def from_rest(model, operation, request):
    shape, headers = model.input(operation), request["headers"]
    url = urlsplit(request["uri"])
    query = parse_qsl(url.query, True)
    address = template(operation["http"]["requestUri"])
    labels = address.labels(url.path, dict(query))
    known_headers = {name for name in headers if is_of_body(operation, shape, name)}
    known_query = {OPERATION_HINT, *address.query}
    members = {}
    for name, it in shape["members"].items():
        location, wire = it.get("location"), it.get("locationName", name)
        target = model.shape(it)
        if location == "uri":
            members[name] = scalar(target, labels[wire])
        elif location == "querystring":
            known_query.add(wire)
            if values := [value for key, value in query if key == wire]:
                members[name] = from_texts(model, target, values)
        elif location == "header":
            known_headers.add(wire.lower())
            if (text := headers.get(wire.lower())) is not None:
                members[name] = from_texts(model, target, text.split(", "))
        elif location == "headers":
            found = {key for key in headers if key.startswith(wire)}
            known_headers |= found
            members[name] = {key.removeprefix(wire): headers[key] for key in found}
    members |= {Unknown(f"?{name}"): value for name, value in query if name not in known_query}
    unknown_headers(request, known_headers, members)
    read_body(model, operation, shape, request["body"], members)
    return members


def from_texts(model, shape, texts):
    """A list, or the one value that query or header have."""
    if shape["type"] == "list":
        return [scalar(model.shape(shape["member"]), text) for text in texts]
    return scalar(shape, ", ".join(texts))


def is_of_body(operation, shape, header):
    """Whether a header belongs to the body of an operation whose model asks for a checksum."""
    checksum = operation.get("httpChecksum", {})
    asks = "requestAlgorithmMember" in checksum or checksum.get("requestChecksumRequired")
    is_checksum = header.startswith("x-amz-checksum-") or header == "x-amz-sdk-checksum-algorithm"
    return bool(asks and is_checksum or "payload" in shape and CHUNKED.fullmatch(header))


def read_body(model, operation, shape, body, members):
    """Adds the members that are in the body, or are the body."""
    payload = shape.get("payload")
    if payload is None:
        inside = {name: it for name, it in shape["members"].items() if "location" not in it}
        shape = {**shape, "members": inside}
        if body and model.protocol == "rest-json":
            members.update(from_json(model, shape, json.loads(body)))
        elif body:
            root = root_of(body, operation["input"])
            members.update(from_xml(model, shape, root))
        return
    it = shape["members"][payload]
    target = model.shape(it)
    if target["type"] != "structure":
        members[payload] = body
    elif body and model.protocol == "rest-json":
        members[payload] = from_json(model, target, json.loads(body))
    elif body:
        members[payload] = from_xml(model, target, root_of(body, it))


def root_of(body, reference):
    """The document's element, which must be what the model refers to."""
    root = ElementTree.fromstring(body)
    expected = reference.get("locationName", reference["shape"])
    if "xmlNamespace" in reference:
        expected = f"{{{reference['xmlNamespace']['uri']}}}{expected}"
    if root.tag != expected:
        raise Unreadable(f"the document is {root.tag!r}, not {expected!r}")
    return root


def from_xml(model, shape, element):
    kind = shape["type"]
    if kind == "structure":
        return structure_from_xml(model, shape, element)
    if kind == "list":
        item = shape["member"].get("locationName", "member")
        others = [it.tag for it in element if local(it) != item]
        if others:
            raise Unreadable(f"a list has its items under {item!r}, not {others[0]!r}")
        return [from_xml(model, model.shape(shape["member"]), it) for it in element]
    if kind == "map":
        value = model.shape(shape["value"])
        return {it.findtext("{*}key"): from_xml(model, value, it.find("{*}value")) for it in element}
    return scalar(shape, element.text or "")


def structure_from_xml(model, shape, element):
    names = wire_names(shape)
    # An attribute has its prefix in the model and its namespace here.
    found = {
        names.get(name.replace(XSI, "xsi:"), Unknown(name)): text
        for name, text in element.attrib.items()
    }
    for child in element:
        wire = local(child)
        if wire not in names:
            found[Unknown(wire)] = child.text
            continue
        name = names[wire]
        target = member(model, shape, names, wire)
        if target.get("flattened") or shape["members"][name].get("flattened"):
            item = model.shape(target["member"])
            found.setdefault(name, []).append(from_xml(model, item, child))
        elif name in found:
            raise Unreadable(f"{wire} is there twice")
        else:
            found[name] = from_xml(model, target, child)
    return found


def local(element):
    return element.tag.rpartition("}")[2]
