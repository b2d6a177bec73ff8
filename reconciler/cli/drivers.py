"""`reconciler drivers`: what each driver can do, and what it wants to know."""

from collections.abc import Iterator
from enum import Enum
from types import SimpleNamespace
from typing import Any, Literal, get_args, get_origin

import click
from msgspec import NODEFAULT, Meta, structs, to_builtins

from reconciler.cli.app import App, pass_app
from reconciler.declare.checked import unwrapped
from reconciler.driver import Credential, Driver, one_each
from reconciler.errors import ReconcilerError, Usage
from reconciler.model import API_VERSION
from reconciler.safe import terminal


@click.command(
    epilog="""\b
Examples:
  reconciler drivers
  reconciler drivers ozonetel
  reconciler drivers --format json
"""
)
@click.argument("name", required=False)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The view on stdout.",
)
@pass_app
def command(app: App, name: str | None, format_: str) -> None:
    """Show what each driver can do: delete, list, look, batch; its limits and settings.

    With NAME, all there is to know about that driver.
    """
    from reconciler import drivers

    found, broken = _found(name)
    if name is not None and not found:
        raise Usage(
            f"there is no driver {name!r}; there are {', '.join(drivers.names())}"
        ) from broken
    told = [_told(driver) for driver in found]
    if format_ == "json":
        view = {"apiVersion": API_VERSION, "kind": "Drivers", "drivers": told}
        app.out_json(view)
    else:
        app.out("\n".join(_table(told) if name is None else _page(told[0])))
    if broken is not None:
        raise broken


def _found(name: str | None) -> tuple[list[Driver], ReconcilerError | None]:
    """The drivers to show; of all of them, those that load, and what is wrong with another."""
    from reconciler import drivers

    if name is not None:
        one = drivers.find(name)
        return ([one] if one else []), None
    found: list[Driver] = []
    broken: ReconcilerError | None = None
    for known in drivers.names():
        try:
            one = drivers.find(known)
        except ReconcilerError as error:
            broken = broken or error
        else:
            found.extend([one] if one else [])
    return found, broken


def _told(driver: Driver) -> dict[str, Any]:
    """Everything about *driver*, as the JSON view shows it."""
    return {
        "name": driver.name,
        "title": driver.title,
        "call": driver.call,
        "docs": driver.docs,
        "delete": True,
        "list": driver.list is not None,
        "look": _look(driver),
        "batch": driver.batches is not one_each,
        "byName": driver.by_name,
        "parts": driver.parts,
        "channels": list(driver.channels),
        "inventory": "complete" if driver.complete else "partial",
        "limits": _limits(driver),
        "settings": list(_settings(driver)),
        "notes": list(driver.notes),
    }


def _look(driver: Driver) -> str | None:
    """How one target is looked at: by its own request, in the listing, or not at all."""
    if driver.look is not None:
        return "target"
    return "listing" if driver.list is not None else None


def _limits(driver: Driver) -> dict[str, Any] | None:
    """The limits with every setting at its default; None if they depend on one that has none."""
    try:
        limits = driver.limits(SimpleNamespace(**_defaults(driver)))
    except AttributeError:
        return None
    return {
        "requests": limits.requests,
        "per": f"{limits.per:g}s",
        "concurrency": limits.concurrency,
    }


def _settings(driver: Driver) -> Iterator[dict[str, Any]]:
    defaults = _defaults(driver)
    for field in structs.fields(driver.settings):
        base, notes = unwrapped(field.type)
        default = defaults.get(field.name)
        yield {
            "name": field.encode_name,
            "required": field.required,
            "credential": base is Credential,
            "default": to_builtins(default, enc_hook=str),
            "choices": _choices(base),
            "description": next((n.description for n in reversed(notes) if _describes(n)), None),
        }


def _defaults(driver: Driver) -> dict[str, Any]:
    """Field name -> its default, of the settings that have one."""
    fields = structs.fields(driver.settings)
    found = {one.name: one.default for one in fields if one.default is not NODEFAULT}
    made = {
        one.name: one.default_factory() for one in fields if one.default_factory is not NODEFAULT
    }
    return found | made


def _choices(base: Any) -> list[str] | None:
    """The values that a setting, or an item of it, may have, if they are counted."""
    if get_origin(base) is Literal:
        return list(get_args(base))
    if isinstance(base, type) and issubclass(base, Enum):
        return [str(one.value) for one in base]
    inner = (_choices(unwrapped(one)[0]) for one in get_args(base))
    return next((one for one in inner if one is not None), None)


def _describes(note: object) -> bool:
    return isinstance(note, Meta) and note.description is not None


# ---------------------------------------------------------------- text


def _table(told: list[dict[str, Any]]) -> Iterator[str]:
    head = ("DRIVER", "LIST", "LOOK", "REQUEST", "LIMITS", "INVENTORY", "CALL")
    rows = [head, *(_row(one) for one in told)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield "reconciler drivers NAME shows a driver's settings and notes."


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        terminal(one["name"]),
        "yes" if one["list"] else "no",
        {"target": "yes", "listing": "by list", None: "no"}[one["look"]],
        "many" if one["batch"] else "one",
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
    yield f"  request    {'targets share requests' if one['batch'] else 'one target'}"
    yield f"  list       {'yes' if one['list'] else 'no'}"
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
