"""What of a page that a Markdown parser made is not ours."""

import html
import re
from html.parser import HTMLParser

OURS = {
    *("h3", "p", "code", "strong", "em", "ul", "li", "details", "summary", "br", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ACTS = re.compile(r"[@#~$](?=\w)|:[A-Za-z_]+:|://|www\.|\|")


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every element of *page* with its attributes."""
    return _Tags(page).found


def strange(page: str) -> list[str]:
    """Elements that we never write, and text outside of code that a host acts upon."""
    found = sorted({tag for tag, _ in tags(page)} - OURS)
    outside = re.sub(r"<code>.*?</code>", "", page, flags=re.S)
    shown = html.unescape(re.sub(r"<[^>]*>", "", outside))
    found += [one[0] for one in _ACTS.finditer(shown)]
    return found + [word for word in ("evil.example", "alert(1)") if word in outside]
