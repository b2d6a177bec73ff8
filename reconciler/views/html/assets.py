"""The page's files: templates, style and script. The one place that reads them."""

from functools import cache
from importlib.resources import files

_CSS = ("base", "overview", "explorer", "narrow", "print")
_JS = ("data", "state", "facets", "details", "table", "keys", "print", "main")


@cache
def text(name: str) -> str:
    """The file *name* (`templates/page.html`) of this folder."""
    return files(__package__).joinpath(name).read_text("utf-8")


def style(*names: str) -> str:
    """The style, as it stands in the page; *names*: its files, if not all that the rows need."""
    return "\n" + "".join(text(f"css/{name}.css") for name in names or _CSS)


def script() -> str:
    """The whole script, as it stands in the page: one scope of its own."""
    return (
        '\n"use strict";\n(() => {\n' + "".join(text(f"js/{name}.js") for name in _JS) + "})();\n"
    )
