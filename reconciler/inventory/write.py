"""Inventories as text: header first, then the records as they come; whole or not at all."""

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from reconciler import disk
from reconciler.errors import Diagnostic, InputError, ReconcilerError
from reconciler.inventory.csvwrite import CsvColumns, table
from reconciler.model import API_VERSION, AccountFacts, Campaign

_ENCODE = msgspec.json.Encoder()


def pieces(
    batches: Iterable[Sequence[Campaign]],
    accounts: Mapping[str, AccountFacts],
    format_: str,
    *,
    columns: CsvColumns | None = None,
) -> Iterator[bytes]:
    """An inventory in *format_* (ndjson, json, yaml, csv), piece by piece.

    *accounts* is what the header says; *columns* is needed for csv, which has no header. Raises
    `InputError` where a record cannot be written in the format.
    """
    if format_ == "csv":
        assert columns is not None
        return table(batches, accounts, columns)
    return _WITH_HEADER[format_](batches, accounts)


def header(accounts: Mapping[str, AccountFacts]) -> dict[str, Any]:
    """The header as an object. Its own `capturedAt` only where it is that of all accounts."""
    times = {one.captured_at for one in accounts.values()}
    head: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "Inventory"}
    if len(times) == 1 and (common := times.pop()) is not None:
        head["capturedAt"] = common
    head["accounts"] = dict(accounts)
    built: dict[str, Any] = msgspec.to_builtins(head)
    return built


def _ndjson(
    batches: Iterable[Sequence[Campaign]], accounts: Mapping[str, AccountFacts]
) -> Iterator[bytes]:
    yield _ENCODE.encode(header(accounts)) + b"\n"
    for batch in batches:
        yield _ENCODE.encode_lines(batch)


def _json(
    batches: Iterable[Sequence[Campaign]], accounts: Mapping[str, AccountFacts]
) -> Iterator[bytes]:
    yield _ENCODE.encode(header(accounts))[:-1] + b',"campaigns":['
    before = b"\n"
    for batch in batches:
        for one in batch:
            yield before + _ENCODE.encode(one)
            before = b",\n"
    yield b"\n]}\n"


# ---------------------------------------------------------------- YAML

_DEEPEST = 10  # levels of attributes that are written as YAML; deeper ones as JSON text


def _yaml(
    batches: Iterable[Sequence[Campaign]], accounts: Mapping[str, AccountFacts]
) -> Iterator[bytes]:
    head = header(accounts)
    for key in ("apiVersion", "kind", "capturedAt"):
        if key in head:
            yield f"{key}: {head[key]}\n".encode()
    lines = [f"  {_scalar(name)}: {_flow(one)}\n" for name, one in head["accounts"].items()]
    yield ("accounts:\n" + "".join(lines) if lines else "accounts: {}\n").encode()
    some = False
    for batch in batches:
        for one in batch:
            yield (b"" if some else b"campaigns:\n") + _yaml_record(one).encode()
            some = True
    if not some:
        yield b"campaigns: []\n"


def _yaml_record(one: Campaign) -> str:
    lines = []
    for key, value in msgspec.to_builtins(one).items():
        is_plain = key != "attributes" or _is_text(value, _DEEPEST)
        shown = _flow(value) if is_plain else _scalar(_dump(value))
        lines.append(f"{key}: {shown}")
    return "- " + "\n  ".join(lines) + "\n"


def _is_text(value: object, levels: int) -> bool:
    """Whether YAML, where all scalars are text, gives back the same."""
    match value:
        case str():
            return True
        case list() | tuple():
            return levels > 0 and all(_is_text(one, levels - 1) for one in value)
        case dict():
            return levels > 0 and all(_is_text(one, levels - 1) for one in value.values())
    return False


def _flow(value: object) -> str:
    match value:
        case dict():
            inside = ", ".join(f"{_scalar(key)}: {_flow(one)}" for key, one in value.items())
            return "{" + inside + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case str():
            return _scalar(value)
    return _dump(value)


def _scalar(text: str) -> str:
    """In double quotes; what YAML forbids or folds is escaped."""
    if "\0" in text:
        raise _cannot("yaml", "a text holds the character U+0000")
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    if 0x20 <= code <= 0x7E or (character.isprintable() and code < 0xFE00):
        return character
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}"


_WITH_HEADER = {"ndjson": _ndjson, "json": _json, "yaml": _yaml}


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cannot(format_: str, why: str) -> InputError:
    fix = "use ndjson or json"
    message = f"this inventory cannot be written as {format_}: {why}"
    return InputError([Diagnostic("error", "inventory-format", message, fix=fix)])


# ---------------------------------------------------------------- files


def gzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """*parts* as gzip, the same bytes each time."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, 31)
    for part in parts:
        if packed := deflate.compress(part):
            yield packed
    yield deflate.flush()


def save(path: str, parts: Iterable[bytes]) -> None:
    """Put *parts* at *path*, whole or not at all, and durably; an old file's permissions stay.

    The parts may be read from the very file that they replace. A symlink is followed.
    """
    try:
        disk.replace(Path(os.path.realpath(path)), parts)
    except OSError as error:
        said = f"cannot write {path}: {error.strerror or error}; it is as it was"
        raise ReconcilerError(said) from error
