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
