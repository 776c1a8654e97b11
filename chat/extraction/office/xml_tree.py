"""XML that is not trusted, as a tree: no entities of its own, nothing from outside, no namespaces in names.

The formats that are read differ in their namespaces and agree in their local names.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

DEPTH = 1_000
EMPTY = Element("none")


class BadXml(Exception):
    """Not well-formed, too deep, or declares entities."""


def parse(data: bytes) -> Element:
    """Return the root; element and attribute names without namespace (`r:id` is `id`, first one kept)."""
    if not data.strip():
        return EMPTY
    builder, parser, depth = TreeBuilder(), make_parser(), 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise BadXml
        builder.start(_local(name), {_qualified(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(name))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, AssertionError) as error:
        raise BadXml from error


def make_parser() -> expat.XMLParserType:
    """Return a parser that raises BadXml where a document declares entities."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.EntityDeclHandler = _refuse
    return parser


def _refuse(*_: object) -> None:
    raise BadXml


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _qualified(name: str) -> str:
    # `id` and `r:id` stand side by side in presentations: the relation gets a name of its own.
    space, _, local = name.rpartition(" ")
    return f"r:{local}" if space.endswith("/relationships") else local
