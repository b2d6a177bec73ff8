"""`reconciler inventory`: build inventory files, compare them, summarise them."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli._pull import pull
from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit, Usage
from reconciler.model import API_VERSION
from reconciler.safe import mask_number, quoted, terminal

if TYPE_CHECKING:
    from reconciler.inventory import Reader, Source
    from reconciler.inventory.diff import Change, Diff
    from reconciler.inventory.stats import Stats
    from reconciler.model import Campaign

_FORMATS = ("ndjson", "json", "yaml", "csv")
_BAR = 40  # characters of the longest bar
_MOST = 30  # lines of a table; how many more there are is said


def _format_option(*names: str, help_: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(*names, type=click.Choice(_FORMATS), help=help_)


_INPUT = _format_option(
    "--inventory-format", help_="The format of the files; default: by their suffix."
)
_VIEW = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The view on stdout.",
)


@click.group()
def command() -> None:
    """Build inventory files, compare two, summarise, change format."""


command.add_command(pull)

# ---------------------------------------------------------------- convert


@command.command(
    epilog="""\b
Examples:
  reconciler inventory convert export.csv inventory.ndjson
  reconciler inventory convert inventory.ndjson inventory.json.gz
"""
)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@_format_option("--from", "from_", help_="IN's format; default: by its suffix.")
@_format_option("--to", help_="OUT's format; default: by its suffix.")
@pass_app
def convert(app: App, source: str, target: str, from_: str | None, to: str | None) -> None:
    """Write the inventory IN as OUT, in the format of OUT's suffix (.gz packs it).

    IN is checked as `plan` would; - is standard input or output. Nothing is written if anything
    is wrong. CSV has no header, so it holds neither capture time nor completeness.
    """
    from reconciler.inventory import write
    from reconciler.inventory.csvwrite import Columns

    to = to or _by_suffix(target, "--to")
    with ExitStack() as spooled:
        reader = _reader(app, [source], from_, spooled, "--from")
        columns = Columns()
        for batch in reader:
            if to == "csv":
                columns.see(batch)
        facts = reader.facts()
        _warn(app, reader)
        if to == "csv" and any(
            one.captured_at or one.complete is not None for one in facts.accounts.values()
        ):
            app.note("warning: CSV has no header: capture time and completeness are left out")
        parts: Iterable[bytes] = write.pieces(reader, facts.accounts, to, columns=columns)
        if target.lower().endswith(".gz"):
            parts = write.gzipped(parts)
        if target == "-":
            for part in parts:
                sys.stdout.buffer.write(part)
            return
        write.save(target, parts)
        number = sum(one.campaigns or 0 for one in facts.accounts.values())
        app.note(f"{terminal(target)}: {_campaigns(number)}")


# ---------------------------------------------------------------- diff


@command.command(
    epilog="""\b
Examples:
  reconciler inventory diff yesterday.ndjson today.ndjson
  reconciler inventory diff yesterday.ndjson today.ndjson --detailed-exitcode --format json
"""
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@_INPUT
@_VIEW
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if they differ.")
@click.option("--show-numbers", is_flag=True, help="Show phone numbers whole; default: masked.")
@pass_app
def diff(
    app: App,
    before: str,
    after: str,
    inventory_format: str | None,
    format_: str,
    detailed_exitcode: bool,
    show_numbers: bool,
) -> int:
    """Say what appeared, what is gone and what changed from A to B, field by field."""
    from reconciler.inventory.diff import diff as compare

    if before == after == "-":
        raise Usage("only one of the two can be standard input")
    with ExitStack() as spooled:
        readers = [_reader(app, [one], inventory_format, spooled) for one in (before, after)]
        found = compare(*readers)
        for reader in readers:
            _warn(app, reader)
    if not show_numbers:
        found = _masked(found)
    if format_ == "json":
        app.out_json(_diff_view(found))
    else:
        app.out("\n".join(_diff_lines(found)))
    return Exit.CHANGES if detailed_exitcode and found.differ else Exit.OK


def _masked(found: "Diff") -> "Diff":
    from reconciler.inventory.diff import Diff

    return Diff(
        tuple(map(_mask_record, found.appeared)),
        tuple(map(_mask_record, found.gone)),
        tuple(
            (_mask_record(one), tuple(map(_mask_change, changes))) for one, changes in found.changed
        ),
    )


def _mask_record(one: "Campaign") -> "Campaign":
    from msgspec.structs import replace

    if one.phone_numbers is None:
        return one
    return replace(one, phone_numbers=tuple(map(mask_number, one.phone_numbers)))


def _mask_change(one: "Change") -> "Change":
    from dataclasses import replace

    if one.path[0] != "phoneNumbers":
        return one
    return replace(one, before=_mask(one.before), after=_mask(one.after))


def _mask(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_mask, value))
    return mask_number(value) if isinstance(value, str) else value


def _diff_view(found: "Diff") -> dict[str, Any]:
    from msgspec import to_builtins

    return {
        "apiVersion": API_VERSION,
        "kind": "InventoryDiff",
        "summary": {
            "appeared": len(found.appeared),
            "gone": len(found.gone),
            "changed": len(found.changed),
        },
        "appeared": to_builtins(found.appeared),
        "gone": to_builtins(found.gone),
        "changed": [
            {
                "account": one.account,
                "id": one.id,
                "name": one.name,
                "changes": [
                    {"path": list(each.path), "before": each.before, "after": each.after}
                    for each in changes
                ],
            }
            for one, changes in found.changed
        ],
    }


def _diff_lines(found: "Diff") -> list[str]:
    if not found.differ:
        return ["The inventories hold the same."]
    lines = [f"+ {_named(one)}" for one in found.appeared]
    lines += [f"- {_named(one)}" for one in found.gone]
    for one, changes in found.changed:
        lines.append(f"~ {_named(one)}")
        lines += [
            f"    {terminal('.'.join(map(str, each.path)))}: "
            f"{_shown(each.before)} -> {_shown(each.after)}"
            for each in changes
        ]
    counts = f"{len(found.appeared)} appeared, {len(found.gone)} gone, {len(found.changed)} changed"
    return [*lines, "", counts]


def _named(one: "Campaign") -> str:
    from reconciler.model import Target

    return f"{terminal(str(Target(one.account, one.id)))} {quoted(one.name)}"


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        return quoted(value)
    return terminal(json.dumps(value, ensure_ascii=False))


# ---------------------------------------------------------------- stats


@command.command(
    epilog="""\b
Examples:
  reconciler inventory stats
  reconciler inventory stats export.csv --label team
"""
)
@click.argument("files", metavar="[FILE]...", nargs=-1)
@_INPUT
@_VIEW
@click.option(
    "--label", default="owner", show_default=True, metavar="KEY", help="The label that says whose."
)
@pass_app
def stats(
    app: App, files: tuple[str, ...], inventory_format: str | None, format_: str, label: str
) -> None:
    """Count the campaigns by account, status, age and owner label.

    Without FILE: the project's inventory. Ages are by creation.
    """
    from reconciler.inventory.stats import Stats

    if files.count("-") > 1:
        raise Usage("standard input can be given once")
    given: Sequence[str] = files
    if not given:
        given = [app.shown(one) for one in app.load_project().inventory]
    with ExitStack() as spooled:
        reader = _reader(app, given, inventory_format, spooled)
        found = Stats(label, app.now())
        for batch in reader:
            found.see(batch)
        _warn(app, reader)
    if format_ == "json":
        app.out_json(_stats_view(found, reader))
    else:
        app.out("\n".join(_stats_lines(found, reader)))


def _stats_view(found: "Stats", reader: "Reader") -> dict[str, Any]:
    from msgspec import to_builtins

    from reconciler.inventory.stats import by_number

    return {
        "apiVersion": API_VERSION,
        "kind": "InventoryStats",
        "campaigns": found.campaigns,
        "accounts": to_builtins(dict(reader.facts().accounts)),
        "status": dict(by_number(found.statuses)),
        "age": dict(found.by_age()),
        "label": {"key": found.label, "values": dict(by_number(found.labels))},
    }


def _stats_lines(found: "Stats", reader: "Reader") -> list[str]:
    from reconciler.inventory.stats import by_number

    accounts = Counter({name: one.campaigns or 0 for name, one in reader.facts().accounts.items()})
    lines = [_campaigns(found.campaigns)]
    for title, counts in (
        ("account", by_number(accounts)),
        ("status", by_number(found.statuses)),
        ("age", found.by_age()),
        (f"label {terminal(found.label)}", by_number(found.labels)),
    ):
        lines += ["", f"by {title}", *_bars(counts)]
    return lines


def _bars(counts: Sequence[tuple[str, int]]) -> list[str]:
    shown = [(terminal(name) or '""', number) for name, number in counts[:_MOST]]
    if not shown:
        return ["  none"]
    most = max(1, *(number for _, number in counts))
    width = max(len(name) for name, _ in shown)
    digits = len(str(most))
    lines = [
        f"  {name:<{width}}  {number:>{digits}}  {'█' * _length(number, most)}".rstrip()
        for name, number in shown
    ]
    rest = counts[_MOST:]
    if rest:
        lines.append(f"  and {len(rest)} more with {_campaigns(sum(n for _, n in rest))}")
    return lines


def _length(number: int, most: int) -> int:
    return max(1, round(number * _BAR / most)) if number else 0


def _campaigns(number: int) -> str:
    return "1 campaign" if number == 1 else f"{number} campaigns"


# ---------------------------------------------------------------- files


def _reader(
    app: App,
    paths: Sequence[str],
    format_: str | None,
    spooled: ExitStack,
    option: str = "--inventory-format",
) -> "Reader":
    from reconciler.inventory import Reader

    sources = [_source(path, format_, spooled, option) for path in paths]
    return Reader(sources, accounts=None, now=app.now())


def _source(path: str, format_: str | None, spooled: ExitStack, option: str) -> "Source":
    """A file of the command line; what can be read only once is copied first."""
    import shutil
    import tempfile
    from pathlib import Path

    from reconciler.inventory import Source

    chosen = format_ or ("ndjson" if path == "-" else _by_suffix(path, option))
    place = Path(path)
    if path != "-" and (place.is_file() or place.is_dir() or not place.exists()):
        return Source(path, lambda: place.open("rb"), chosen)
    copy = spooled.enter_context(tempfile.NamedTemporaryFile(prefix="reconciler-"))  # noqa: SIM115
    with click.open_file(path, "rb") as stream:
        shutil.copyfileobj(stream, copy, 1 << 20)
    copy.flush()
    return Source(path, lambda: open(copy.name, "rb"), chosen)


def _by_suffix(path: str, option: str) -> str:
    from reconciler.inventory import format_of

    found = format_of(path)
    if found is None:
        raise Usage(f"the name of {path!r} does not say its format; give {option}")
    return found


def _warn(app: App, reader: "Reader") -> None:
    for one in reader.facts().warnings:
        app.note(f"warning: {terminal(str(one))}")
