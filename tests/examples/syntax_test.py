"""Whether JavaScript, with JSX, can be parsed: prints the first mistake of each file."""

import sys

import tree_sitter_javascript
from tree_sitter import Language, Parser

parser = Parser(Language(tree_sitter_javascript.language()))


def mistakes(node):
    if node.is_error or node.is_missing:
        yield node
    for child in node.children if node.has_error else []:
        yield from mistakes(child)


for name in sys.argv[1:]:
    with open(name, "rb") as file:
        root = parser.parse(file.read()).root_node
    for mistake in list(mistakes(root))[:1]:
        print(f"{name}:{mistake.start_point.row + 1}: {mistake.type}")
