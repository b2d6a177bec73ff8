"""Whatever is larger than a row, kept in parts of a mebibyte."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

from reconciler.lanes.journal.sql import SqlDatabase

_PART = 1 << 20  # bytes of a row

Transaction = Callable[[], AbstractContextManager[datetime]]


def put(db: SqlDatabase, kind: str, name: str, parts: Iterable[bytes]) -> None:
    """Keep what *parts* are together, in the transaction under way; what is there stays."""
    for number, part in enumerate(_cut(parts)):
        sql = "INSERT INTO shelf VALUES(?,?,?,?) ON CONFLICT DO NOTHING"
        db.run(sql, (kind, name, number, part))


def get(db: SqlDatabase, kind: str, name: str) -> bytes | None:
    """What is kept under *name*, None if nothing is."""
    sql = "SELECT data FROM shelf WHERE kind=? AND name=? ORDER BY part"
    rows = db.all(sql, (kind, name))
    return b"".join(bytes(row[0]) for row in rows) if rows else None


def parts(db: SqlDatabase, kind: str, name: str) -> Iterator[bytes] | None:
    """The same of what nobody replaces, in parts, each read when it is asked for."""
    sql = "SELECT data FROM shelf WHERE kind=? AND name=? AND part=?"
    first = db.one(sql, (kind, name, 0))
    return None if first is None else _from(first, partial(db.one, sql), kind, name)


def _from(first: Any, one: Callable[..., Any], kind: str, name: str) -> Iterator[bytes]:
    row = first
    for part in count(1):
        if row is None:
            return
        yield bytes(row[0])
        row = one((kind, name, part))


def _cut(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of one size; at least one."""
    rest, none = bytearray(), True  # small parts are put to it, and it is not made anew for each
    for one in parts:
        rest += one
        while len(rest) >= _PART:
            yield bytes(rest[:_PART])
            del rest[:_PART]
            none = False
    if rest or none:
        yield bytes(rest)
