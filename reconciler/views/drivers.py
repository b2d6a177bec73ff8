"""What drivers can do, for people and for machines."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.model import API_VERSION
from reconciler.safe import printable_json, terminal


def as_json(told: Sequence[dict[str, Any]]) -> str:
    """All of it."""
    view = {"apiVersion": API_VERSION, "kind": "Drivers", "drivers": list(told)}
    return printable_json(json.dumps(view, indent=2))


def table(told: Sequence[dict[str, Any]]) -> str:
    """A line a driver."""
    return "\n".join(_table(told))


def page(one: dict[str, Any]) -> str:
    """All there is to know about one driver."""
    return "\n".join(_page(one))


def tried(found: Sequence[dict[str, Any]], *, width: int) -> str:
    """A line for each answer: where it stands, what it says, what it means."""
    return "\n".join(_tried(one, width) for one in found)


def _tried(one: dict[str, Any], width: int) -> str:
    said = terminal(" ".join(one["body"].split()))
    room = max(width // 2 - 24, 16)
    said = said if len(said) <= room else f"{said[: room - 1]}…"
    asked = "" if one["to"] == "delete" else f" to {one['to']}"
    head = f"{one['line']:>4}  HTTP {one['status']}{asked} {said}".rstrip()
    detail = f": {terminal(one['detail'])}" if one["detail"] else ""
    return f"{head}\n      {one['means']}{detail}"


def tried_as_json(account: str, found: Sequence[dict[str, Any]]) -> str:
    """All of it."""
    view = {
        "apiVersion": API_VERSION,
        "kind": "Tried",
        "account": account,
        "answers": list(found),
    }
    return printable_json(json.dumps(view, indent=2))


def _table(told: Sequence[dict[str, Any]]) -> Iterator[str]:
    head = ("DRIVER", "LIST", "LOOK", "REQUEST", "LIMITS", "INVENTORY", "CALL")
    rows = [head, *(_row(one) for one in told)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield "reconciler drivers NAME shows a driver's settings and notes."


_SAID = {True: "yes", False: "no", None: "by settings"}


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        terminal(one["name"]),
        _SAID[one["list"]],
        {"target": "yes", "listing": "by list", "settings": "by settings", None: "no"}[one["look"]],
        {True: "many", False: "one", None: "by settings"}[one["batch"]],
        _pace(one["limits"]),
        one["inventory"],
        terminal(one["call"]),
    )


def _pace(limits: dict[str, Any] | None) -> str:
    if limits is None:
        return "by settings"
    return f"{limits['requests']} per {limits['per']}, {limits['concurrency']} at a time"


def _page(one: dict[str, Any]) -> Iterator[str]:
    look = {
        "target": "yes, one request for each target",
        "listing": "in a listing only",
        "settings": "by settings",
        None: "no: a doubt is settled by a person",
    }
    parts = {
        "phoneNumbers": "each phone number of the campaign",
        "messageIds": "each of messageIds, else the id",
        None: "the campaign",
    }
    yield f"{terminal(one['name'])}: {terminal(one['title'])}"
    yield ""
    yield f"  call       {terminal(one['call'])}"
    yield f"  vendor     {terminal(one['docs'])}"
    yield f"  target     {parts[one['parts']]}{', by name' if one['byName'] else ''}"
    share = {True: "targets share requests", False: "one target", None: "by settings"}
    yield f"  request    {share[one['batch']]}"
    yield f"  list       {_SAID[one['list']]}"
    yield f"  look       {look[one['look']]}"
    yield f"  limits     {_pace(one['limits'])} (default)"
    yield f"  inventory  {one['inventory']} (default)"
    if one["channels"]:
        yield f"  channels   {terminal(', '.join(one['channels']))}"
    yield ""
    yield "settings:"
    width = max((len(setting["name"]) for setting in one["settings"]), default=0)
    for setting in one["settings"]:
        yield f"  {setting['name'].ljust(width)}  {terminal(_setting(setting))}"
    if one["notes"]:
        yield ""
        yield "notes:"
        yield from (f"  {terminal(note)}" for note in one["notes"])


def _setting(setting: dict[str, Any]) -> str:
    told = [setting["description"] or ""]
    if setting["choices"]:
        told.append(f"one of {', '.join(map(str, setting['choices']))}")
    if setting["credential"]:
        told.append("credential: {env: NAME} or {file: PATH}")
    if setting["required"]:
        told.append("required")
    elif setting["default"] is not None:
        told.append(f"default {_default(setting['default'])}")
    return "; ".join(filter(None, told))


def _default(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
