"""`reconciler drivers`: what each driver can do, and what it wants to know."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import click

from reconciler.cli.app import App, pass_app
from reconciler.driver import Driver, defaults_of, one_each, settings_of
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
        limits = driver.limits(SimpleNamespace(**defaults_of(driver.settings)))
    except AttributeError:
        return None
    return {
        "requests": limits.requests,
        "per": f"{limits.per:g}s",
        "concurrency": limits.concurrency,
    }


def _settings(driver: Driver) -> Iterator[dict[str, Any]]:
    for one in settings_of(driver.settings):
        yield {
            "name": one.name,
            "required": one.required,
            "credential": one.credential,
            "default": one.default,
            "choices": one.choices,
            "description": one.description,
        }


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
