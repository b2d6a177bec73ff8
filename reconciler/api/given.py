"""What callers may give: one or several, texts or paths."""

import os
from collections.abc import Iterable

One = str | os.PathLike[str]
Some = One | Iterable[One]
"""One name or path, or several; a text is one, not its letters."""


def texts(given: Some) -> tuple[str, ...]:
    """*given* as texts."""
    if isinstance(given, str | os.PathLike):
        return (os.fspath(given),)
    return tuple(os.fspath(one) for one in given)
