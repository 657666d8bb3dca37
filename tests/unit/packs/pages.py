"""The tree of a page, for tests that ask what stands where."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Element:
    """An element with the text of everything inside it."""

    tag: str
    attributes: dict[str, str | None]
    inside: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> list[Element]:
        found = [each for child in self.inside for each in child.all(tag)]
        return [self, *found] if self.tag == tag else found

    def by_id(self, identifier: str) -> Element:
        [found] = [each for each in self.everything() if each.attributes.get("id") == identifier]
        return found

    def everything(self) -> list[Element]:
        return [self, *(each for child in self.inside for each in child.everything())]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.path = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.path[-1].inside.append(element)
        if tag not in _VOID:
            self.path.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.path[-1].inside.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        closed = self.path.pop()
        assert closed.tag == tag, f"</{tag}> closes <{closed.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self.path:
            element.text += data


def parse(page: str) -> Element:
    """The tree of a page; an element that is closed by another's end tag is an error."""
    parser = _Parser()
    parser.feed(page)
    assert len(parser.path) == 1, f"not closed: {[each.tag for each in parser.path[1:]]}"
    return parser.path[0]
