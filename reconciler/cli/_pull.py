"""`reconciler inventory pull`: ask the vendors that can list what exists now, and write it down."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler import safe
from reconciler.cli._listeners import EVENTS
from reconciler.cli._options import seconds
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.declare.project import Account, Project
from reconciler.errors import Exit, ReconcilerError, Usage, check_names
from reconciler.lanes.stop import Stop

if TYPE_CHECKING:  # heavy, and not needed for --help
    from reconciler.cli._pull_file import Place
    from reconciler.cli._pull_rows import Row
    from reconciler.driver import Driver
    from reconciler.lanes.journal import Journal
    from reconciler.pull.listing import Heard


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull: into which file, and which accounts, by whether their vendors can list."""

    app: App
    project: Project
    place: "Place"
    listable: "tuple[tuple[Account, Driver], ...]"
    unlistable: "tuple[tuple[Account, Driver], ...]"


@click.command(
    epilog="""\b
Examples:
  reconciler inventory pull
  reconciler inventory pull --account push-prod
  reconciler inventory pull --out today.ndjson --format json

Exit codes: 0 everything was pulled, 5 in part, 1 nothing, 75 another run holds a lane.
"""
)
@click.option("--account", "accounts", multiple=True, metavar="A", help="Only this; repeatable.")
@click.option("--out", metavar="FILE", help="Default: the project's first inventory file.")
@click.option(
    "--max-wait",
    metavar="DURATION",
    default="15m",
    show_default=True,
    help="Longest single wait when throttled; a longer one stops the account.",
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@EVENTS
@pass_app
def pull(
    app: App,
    accounts: tuple[str, ...],
    out: str | None,
    max_wait: str,
    format_: str,
    events: str | None,
) -> int:
    """List every account whose vendor can list, and write the inventory file anew.

    Sends only requests that read. Accounts that are left out, that cannot list, or that could not
    be listed this time keep their records and what the header says of them.
    """
    from reconciler.cli._pull_file import place_of
    from reconciler.cli._pull_telling import PullListener
    from reconciler.lanes.state import journal

    longest = seconds(max_wait)
    if events == "-" and format_ == "json":
        raise Usage("--events - and --format json both want standard output")
    project = app.load_project()
    check_names("accounts", accounts, project.accounts)
    checked = _checked(app, project, place_of(app, project, out), accounts)
    app.listener = PullListener(app, events)
    with ended_by_signals() as stop, journal(app, project) as opened:
        return _pulled(checked, opened, stop=stop, max_wait=longest, format_=format_)


def _checked(app: App, project: Project, place: "Place", chosen: Sequence[str]) -> Pull:
    """Everything that must hold before the first request, but for credentials and lanes."""
    from reconciler.cli._pull_file import read_old, refuse_elsewhere

    drivers = app.drivers_of(project)
    accounts = [project.accounts[name] for name in sorted(set(chosen) or project.accounts)]
    pairs = [(account, drivers[account.driver]) for account in accounts]
    listable = tuple(pair for pair in pairs if pair[1].list is not None)
    unlistable = tuple(pair for pair in pairs if pair[1].list is None)
    refuse_elsewhere(app, project, place, [account.name for account, _ in listable])
    read_old(place, project.accounts.keys(), app.now())
    return Pull(app, project, place, listable, unlistable)


def _pulled(pull: Pull, opened: "Journal", *, stop: Stop, max_wait: float, format_: str) -> int:
    """List, write the file, tell; the exit code."""
    from reconciler.cli._pull_listing import listen
    from reconciler.cli._pull_rows import exit_code, unlistable_rows
    from reconciler.cli._pull_telling import tell

    app, shown = pull.app, pull.place.shown
    if not pull.listable:
        tell(app, shown, unlistable_rows(pull.unlistable), Exit.ERROR, format_)
        return Exit.ERROR
    listened = listen(app, pull.project, pull.listable, opened, stop=stop, max_wait=max_wait)
    if listened.signal is not None:
        opened.end(listened.run, listened.signal, {"summary": {}})
        app.err(f"interrupted; {safe.terminal(shown)} is as it was")
        return listened.signal
    try:
        rows = _written(pull, opened, listened.heard)
    except ReconcilerError:
        opened.end(listened.run, Exit.ERROR, {"summary": {}})
        raise
    code = exit_code(rows)
    opened.end(listened.run, code, {"summary": dict(Counter(row.result for row in rows.values()))})
    tell(app, shown, rows, code, format_)
    return code


def _written(pull: Pull, opened: "Journal", heard: "Mapping[str, Heard]") -> "dict[str, Row]":
    """What became of each account; the new file comes from the old one as it is by now."""
    from reconciler.cli._pull_file import read_old
    from reconciler.cli._pull_rows import pulled, rows_of, write_new
    from reconciler.lanes.accounts import scopes_now
    from reconciler.lanes.known import Known
    from reconciler.lanes.state import inventory_lock

    pairs = (*pull.listable, *pull.unlistable)
    names = [account.name for account, _ in pairs]
    with inventory_lock(pull.app):
        old = read_old(pull.place, pull.project.accounts.keys(), pull.app.now(), names)
        scopes = scopes_now(pull.app, pairs, opened, reveal=True)
        rows = rows_of(pairs, old, heard, Known(opened, scopes))
        if pulled(rows):
            write_new(pull.place, old, rows)
    return rows
