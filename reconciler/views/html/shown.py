"""Text as the page may hold it: what cannot be seen is written out, markup is escaped."""

import re

from reconciler.safe import cap, html
from reconciler.views.html.story import MOST

_PLAIN = re.compile("[A-Za-z0-9 ,.;/_+()-]*")
_CODE = re.compile("`([^`<>]+)`")


def escaped(text: str) -> str:
    """*text*, capped, for an element or a quoted attribute."""
    if len(text) <= MOST and _PLAIN.fullmatch(text):  # as nearly every text is
        return text
    return html(cap(text, MOST))


def sentence(text: str) -> str:
    """A sentence: what stands between backticks in it is code."""
    return _CODE.sub(r"<code>\1</code>", escaped(text))
