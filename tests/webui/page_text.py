"""What a page says, and where it leads."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser


def said(response):
    """The words of a page, without its tags."""
    text = re.sub(r"<(title|style).*?</\1>", " ", response.text, flags=re.DOTALL)
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())
    return re.sub(r" (?=[,.;:)](?:[ )]|$))", "", words).replace("( ", "(")


class Page(HTMLParser):
    """The ids and links of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found["href"])


VOID = {"meta", "link", "input", "br", "img", "circle", "line", "path"}


class Element:
    """A tag with what it holds."""

    def __init__(self, tag, attributes, parts=()):
        self.tag, self.attributes, self.parts = tag, attributes, list(parts)
        self.id = attributes.get("id") or ""
        self.classes = (attributes.get("class") or "").split()

    @property
    def text(self):
        """Its words."""
        said = " ".join(" ".join(self._words()).split())
        return re.sub(r" (?=[,.;:)])", "", said).replace("( ", "(")

    def _words(self):
        for part in self.parts:
            yield from part._words() if isinstance(part, Element) else (part,)

    def all(self, wanted):
        """Everything inside that is wanted, in order."""
        inside = [part for part in self.parts if isinstance(part, Element)]
        return [found for part in inside for found in ([part] if wanted(part) else []) + part.all(wanted)]

    def first(self, tag):
        return self.all(lambda each: each.tag == tag)[0]


class _Tree(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self.open[-1].parts.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop().tag == tag, f"</{tag}> closes nothing"

    def handle_startendtag(self, tag, attrs):
        self.open[-1].parts.append(Element(tag, dict(attrs)))

    def handle_data(self, data):
        self.open[-1].parts.append(data)


def tree(text):
    """A page as a tree of its tags; that each is closed in its turn is checked on the way."""
    parser = _Tree()
    parser.feed(text)
    assert len(parser.open) == 1
    return parser.open[0]
