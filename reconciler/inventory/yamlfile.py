"""YAML: the document or the list of records, for small inventories; all scalars are text."""

from collections.abc import Iterator
from typing import Any

from reconciler.inventory.header import header
from reconciler.inventory.jsonscan import Unscanned, value_of
from reconciler.inventory.jsontext import Batch
from reconciler.inventory.notes import SHOWN, Notes
from reconciler.inventory.raw import Damaged, Raw
from reconciler.inventory.records import Where, build
from reconciler.model import Campaign

MAX_BYTES = 10 * 1024 * 1024
_BLOCK = 1 << 16


def read(raw: Raw, notes: Notes) -> Iterator[Batch]:
    """All records with their lines, as one batch. What is wrong goes to *notes*."""
    from reconciler.declare import strict

    data = _whole(raw, notes)
    if data is None:
        return
    documents, problems = strict.parse(data, notes.path)
    for problem in problems[:SHOWN]:
        notes.errors.append(problem)
    if problems:
        return
    if len(documents) != 1:
        what = "the file is empty" if not documents else "there is more than one document"
        notes.error("inventory-syntax", what, fix="write one document with `campaigns`")
        return
    document = documents[0]
    value: Any = document.value
    base: tuple[str | int, ...] = ()

    def within(*loc: str | int) -> Where:
        def where(*path: str | int) -> tuple[int | None, int | None]:
            return document.place((*loc, *path), key=True) if path else document.place(loc)

        return where

    if isinstance(value, dict):
        if value.get("kind") != "Inventory" or not isinstance(value.get("campaigns"), list | None):
            line, column = document.place()
            notes.error(
                "inventory-header",
                "this is no Inventory document",
                line=line,
                column=column,
                fix="write `kind: Inventory` and a list `campaigns`, or only the list",
            )
            return
        head = {key: one for key, one in value.items() if key != "campaigns"}
        header(head, notes, within(), text=True)
        value, base = value.get("campaigns") or [], ("campaigns",)
    if not isinstance(value, list):
        notes.error("inventory-syntax", "this is no list of records", fix="write a list")
        return
    records: list[Campaign] = []
    lines: list[int] = []
    for index, one in enumerate(value):
        record = build(_typed(one), notes, within(*base, index))
        if record is None:
            notes.lost += 1
            continue
        records.append(record)
        lines.append(document.place((*base, index))[0])
    if records:
        yield records, lines


def _typed(value: Any) -> Any:
    """`attributes` may be JSON in one scalar, which keeps numbers numbers."""
    if not isinstance(value, dict) or not isinstance(value.get("attributes"), str):
        return value
    try:
        return value | {"attributes": value_of(value["attributes"])}
    except Unscanned:
        return value  # told as what it is: text, not an object


def _whole(raw: Raw, notes: Notes) -> bytes | None:
    pieces = []
    size = 0
    try:
        while size <= MAX_BYTES and (piece := raw.read(_BLOCK)):
            pieces.append(piece)
            size += len(piece)
    except Damaged as damaged:
        notes.damaged(damaged)
        return None
    if size > MAX_BYTES:
        notes.error(
            "inventory-syntax",
            f"YAML inventories are read up to {MAX_BYTES // 1024 // 1024} MiB",
            fix="use NDJSON",
        )
        return None
    return b"".join(pieces)
