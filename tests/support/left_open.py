"""Which connections to SQLite somebody opened and left to the collector.

Python 3.13 warns of such a one, but only when it is collected: in whatever test that happens.
"""

import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

_FRAMES = 6
_ROOT = Path(__file__).parents[2]


@contextmanager
def none_left_open() -> Iterator[None]:
    """`AssertionError`, naming the places, if a connection that is opened here is not closed."""
    connect = sqlite3.connect
    made: list[tuple[sqlite3.Connection, str]] = []

    def recorded(*given: Any, **more: Any) -> sqlite3.Connection:
        opened = connect(*given, **more)
        made.append((opened, _place()))
        return opened

    with patch.object(sqlite3, "connect", recorded):
        yield
    left = Counter[str]()
    for opened, place in made:
        if _is_open(opened):
            left[place] += 1
            with suppress(sqlite3.ProgrammingError):  # it belongs to another thread
                opened.close()
    assert not left, f"opened and never closed: {dict(left)}"


def _is_open(opened: sqlite3.Connection) -> bool:
    try:
        opened.total_changes  # noqa: B018 - whatever it is, a closed one does not say it
    except sqlite3.ProgrammingError:
        return False
    return True


def _place() -> str:
    """Who asked for it: files and lines of ours, the innermost first."""
    frame: FrameType | None = sys._getframe(2)
    said: list[str] = []
    while frame is not None and len(said) < _FRAMES:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOT):
            said.append(f"{path.relative_to(_ROOT)}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(said)
