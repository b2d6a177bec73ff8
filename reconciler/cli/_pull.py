"""`reconciler inventory pull`: ask the vendors that can list what exists now, and write it down."""

import fcntl
import getpass
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TextIO

import click

from reconciler import disk, safe
from reconciler.cli.app import App, pass_app
from reconciler.errors import Diagnostic, Exit, Invalid, ReconcilerError, Usage
from reconciler.model import API_VERSION, Account, AccountFacts, Campaign, Project

if TYPE_CHECKING:
    from reconciler.apply.journal.sqlite import SqliteJournal
    from reconciler.apply.listing import Heard
    from reconciler.driver import Driver
    from reconciler.events import Event
    from reconciler.inventory import Reader, Source
    from reconciler.inventory.pulling import Portion
    from reconciler.inventory.without import Gone

_EVERY = 5.0  # seconds between two lines of progress of an account
_WORTH_TELLING = 5.0  # seconds: shorter waits are not told

Result = Literal["complete", "partial", "incomplete", "failed", "unlistable"]


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
@click.option("--events", metavar="FILE|-", help="Write JSON lines while it runs.")
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
    from reconciler.cli._state import journal
    from reconciler.cli.apply import seconds

    longest = seconds(max_wait)
    if events == "-" and format_ == "json":
        raise Usage("--events - and --format json both want standard output")
    project = app.load_project()
    _known(accounts, project)
    task = Pull(app, project, accounts, _place(app, project, out))
    task.check()
    with journal(app, project) as opened:
        return task.run(opened, events=events, max_wait=longest, format_=format_)


def _known(accounts: Sequence[str], project: Project) -> None:
    for name in accounts:
        if name not in project.accounts:
            import difflib

            close = difflib.get_close_matches(name, project.accounts, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise Usage(f"--account: the project has no {name!r}.{hint}")


# ---------------------------------------------------------------- the file


@dataclass(frozen=True, slots=True)
class Place:
    """Where the inventory goes. *others*: the project's files that are read beside it."""

    path: Path
    shown: str
    format: str
    gzip: bool
    others: tuple[str, ...] = ()


def _place(app: App, project: Project, out: str | None) -> Place:
    """The file to write; what would fail after the listing fails here, before anything is sent."""
    from reconciler.inventory import format_of

    own = {os.path.realpath(app.root / one): one for one in project.inventory}
    if out is None:
        name = project.inventory[0]
        path, shown = disk.inside(app.root, name), app.shown(name)
    else:
        mine = own.get(os.path.realpath(out))
        path = Path(out) if mine is None else disk.inside(app.root, mine)
        shown = out
    format_ = format_of(shown)
    if out == "-" or format_ is None:
        raise Usage(f"the name of {shown!r} does not say a format; use .ndjson, .json or .yaml")
    if format_ == "csv":
        raise Usage(
            f"{shown!r}: CSV has no header, so it cannot say when an account was listed or that "
            "something is missing; pull into .ndjson and use `inventory convert`"
        )
    if path.exists() and not path.is_file():
        raise ReconcilerError(f"cannot write {shown}: it is not a regular file")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ReconcilerError(f"cannot write {shown}: no folder that can be written to")
    real = os.path.realpath(path)
    others = tuple(one for place, one in own.items() if place != real) if real in own else ()
    return Place(path, shown, format_, shown.lower().endswith(".gz"), others)


@contextmanager
def _alone(app: App) -> Iterator[None]:
    """One pull at a time reads the old file and puts the new one in its place."""
    from reconciler.cli._state import folder

    handle = os.open(folder(app) / "pull.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


# ---------------------------------------------------------------- the run


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one account."""

    result: Result
    facts: AccountFacts | None
    why: str | None = None
    portion: "Portion | None" = None
    pages: int = 0


@dataclass(slots=True)
class Pull:
    """One pull: which accounts, into which file, and what is known before anything is sent."""

    app: App
    project: Project
    chosen: tuple[str, ...]
    place: Place
    pairs: "list[tuple[Account, Driver]]" = field(default_factory=list)
    unlistable: "list[tuple[Account, Driver]]" = field(default_factory=list)

    def check(self) -> None:
        """Everything that must hold before the first request, but for credentials and lanes."""
        from reconciler.cli._run import drivers_of

        drivers = drivers_of(self.project.accounts)
        for name in sorted(set(self.chosen) or self.project.accounts):
            account = self.project.accounts[name]
            pair = (account, drivers[account.driver])
            (self.unlistable if pair[1].list is None else self.pairs).append(pair)
        self._elsewhere()
        if self.place.path.exists():
            self._old_facts(self._reader())

    def _reader(self) -> "Reader":
        from reconciler.inventory import Reader, Source

        source = Source(self.place.shown, partial(_open, self.place.path), self.place.format)
        return Reader([source], accounts=self.project.accounts.keys(), now=self.app.now())

    def _old_facts(self, reader: "Reader", into: dict[str, list[Campaign]] | None = None) -> None:
        """Read the old file whole; the records of the accounts that *into* names go there."""
        try:
            for batch in reader:
                for one in batch if into else ():
                    if into and one.account in into:
                        into[one.account].append(one)
        except Invalid as error:
            fix = f"mend {self.place.shown}, or move it away to begin a new one"
            said = "the old inventory cannot be read, and a pull would lose what only it knows"
            raise Invalid([*error.diagnostics, Diagnostic("error", "pull", said, fix=fix)]) from (
                error
            )

    def _elsewhere(self) -> None:
        """An account that another inventory file of the project holds would be there twice."""
        from reconciler.inventory import Reader, format_of

        existing = [one for one in self.place.others if (self.app.root / one).is_file()]
        for path in existing:
            source = self._other(path, format_of(path))
            reader = Reader([source], accounts=self.project.accounts.keys(), now=self.app.now())
            for _ in reader:
                pass
            held = reader.facts().accounts
            twice = sorted({account.name for account, _ in self.pairs} & held.keys())
            if twice:
                names = " ".join(f"--account {name}" for name in twice)
                raise ReconcilerError(
                    f"{', '.join(twice)}: in {self.app.shown(path)}, not in {self.place.shown}; "
                    f"pull with --out {self.app.shown(path)} {names}. Nothing was sent"
                )

    def _other(self, path: str, format_: str | None) -> "Source":
        from reconciler.inventory import Source

        place = disk.inside(self.app.root, path)
        return Source(self.app.shown(path), partial(_open, place), format_ or "ndjson")

    # ---- listing

    def run(
        self, opened: "SqliteJournal", *, events: str | None, max_wait: float, format_: str
    ) -> int:
        if not self.pairs:
            self._tell(self._nothing_to_list(), Exit.ERROR, format_)
            return Exit.ERROR
        heard, run, signalled = self._listen(opened, events=events, max_wait=max_wait)
        if signalled is not None:
            opened.end(run, signalled, {"summary": {}})
            self.app.err(f"interrupted; {safe.terminal(self.place.shown)} is as it was")
            return signalled
        try:
            with _alone(self.app):
                rows = self._write(opened, heard)
        except ReconcilerError:
            opened.end(run, Exit.ERROR, {"summary": {}})
            raise
        code = _exit_code(rows)
        opened.end(run, code, {"summary": dict(Counter(row.result for row in rows.values()))})
        self._tell(rows, code, format_)
        return code

    def _nothing_to_list(self) -> dict[str, Row]:
        return {a.name: Row("unlistable", None, _cannot(d)) for a, d in self.unlistable}

    def _listen(
        self, opened: "SqliteJournal", *, events: str | None, max_wait: float
    ) -> "tuple[dict[str, Heard], int, Exit | None]":
        """List every account; returns the run's number as well, which is still to be ended."""
        from reconciler.apply.listing import ListWork, gates_of, list_all
        from reconciler.apply.locks import Locks
        from reconciler.apply.run import take
        from reconciler.cli import _run
        from reconciler.cli._state import holder, locks_folder

        settings = _run.opened(self.app, self.pairs)
        works = []
        for account, driver in self.pairs:
            session, secrets = _run.session(account, driver, settings[account.name])
            works.append(ListWork(account, driver, session, secrets))
        names = [account.name for account, _ in self.pairs]
        who = {**holder(), "plan": "inventory pull", "accounts": names}
        lanes = {lane: Locks(locks_folder(self.app, self.project)) for lane in _lanes(self.pairs)}
        try:
            for lane, lock in lanes.items():
                lock.take([lane], who)
            run = opened.begin(None, "pull", json.dumps(who), [], _started())
            ledgers = take(self.pairs, opened, run)
            follow = _Follow(self.app, events)
            context = _run.context(
                self.app,
                opened,
                run,
                None,
                emit=follow.emit,
                closed=lambda _: None,
                max_wait=max_wait,
                first_run=False,
            )
            running = _run.Running(context)
            try:
                heard = running.watched(
                    list_all(
                        works,
                        context,
                        lambda: gates_of(works, context, ledgers),
                        free=lambda lane: lanes[lane].release(),
                    )
                )
            finally:
                follow.close()
            return heard, run, running.signalled
        finally:
            for lock in lanes.values():
                lock.release()

    # ---- writing

    def _write(self, opened: "SqliteJournal", heard: "Mapping[str, Heard]") -> dict[str, Row]:
        """The new file, from the old one as it is by now."""
        from reconciler.inventory import pulling, write

        old: Reader | None = None
        records: dict[str, list[Campaign]] = {
            account.name: [] for account, _ in (*self.pairs, *self.unlistable)
        }
        known: Mapping[str, AccountFacts] = {}
        digest = None
        if self.place.path.exists():
            old = self._reader()
            self._old_facts(old, records)
            known, digest = old.facts().accounts, old.facts().files[0].sha256
        rows: dict[str, Row] = {}
        for account, driver in (*self.pairs, *self.unlistable):
            name, mine = account.name, records[account.name]
            facts = known.get(name)
            gone = _gone(opened, mine, facts, digest)
            rows[name] = (
                _row(name, heard[name], mine, facts, gone)
                if name in heard
                else _kept(driver, mine, facts, gone)
            )
        portions = {name: row.portion for name, row in rows.items() if row.portion is not None}
        if any(name in portions for name in heard):
            parts = write.pieces(
                pulling.batches(portions, old, known),
                pulling.header(portions, known),
                self.place.format,
            )
            write.save(str(self.place.path), write.gzipped(parts) if self.place.gzip else parts)
        return rows

    # ---- telling

    def _tell(self, rows: Mapping[str, Row], code: Exit, format_: str) -> None:
        written = any(
            row.portion is not None and row.result != "unlistable" for row in rows.values()
        )
        if format_ == "json":
            document = {
                "apiVersion": API_VERSION,
                "kind": "InventoryPull",
                "path": self.place.shown,
                "written": written,
                "exitCode": int(code),
                "accounts": {name: _view(rows[name]) for name in sorted(rows)},
            }
            self.app.out_json(document, indent=1)
            return
        for name in sorted(rows):
            self.app.out(safe.terminal(f"{name}: {_said(rows[name])}"))
        shown = safe.terminal(self.place.shown)
        if written:
            self.app.out(f"Wrote {shown}")
        else:
            self.app.err(f"error: nothing could be pulled; {shown} is as it was")


def _lanes(pairs: "Sequence[tuple[Account, Driver]]") -> list[str]:
    from reconciler.cli import _run

    return _run.lanes_of(pairs)


def _started() -> dict[str, Any]:
    from reconciler import __version__

    try:
        by = getpass.getuser()
    except (KeyError, OSError):
        by = str(os.getuid())
    return {
        "tool": f"reconciler {__version__}",
        "resumed": False,
        "author": by,
        "commit": None,
        "requestedBy": [],
        "tickets": [],
        "approvals": {"required": 0},
    }


def _gone(
    opened: "SqliteJournal",
    records: Sequence[Campaign],
    facts: AccountFacts | None,
    digest: str | None,
) -> "Gone":
    """What the journal knows to be deleted since the old file was captured."""
    from reconciler.inventory.pulling import Ended, gone_since, targets_of

    if opened.empty:
        return {}
    states = opened.states(targets_of(records))
    ended = {target: Ended(one.outcome, one.at, one.inventory) for target, one in states.items()}
    return gone_since(ended, facts.captured_at if facts is not None else None, digest)


def _row(
    name: str,
    heard: "Heard",
    old: Sequence[Campaign],
    known: AccountFacts | None,
    gone: "Gone",
) -> Row:
    from reconciler.inventory.pulling import listed

    found = listed(name, heard.listing, heard.asked_at, old, known, gone)
    if found is None:
        return Row("failed", known, heard.listing.why or "nothing came", pages=heard.pages)
    result: Result = "incomplete"
    if found.facts.complete:
        result = "complete"
    elif heard.listing.partial:
        result = "partial"
    return Row(result, found.facts, found.facts.why, found, heard.pages)


def _kept(
    driver: "Driver", old: Sequence[Campaign], known: AccountFacts | None, gone: "Gone"
) -> Row:
    from reconciler.inventory.pulling import unlistable

    portion = unlistable(old, known, gone) if known is not None else None
    facts = known if portion is None else portion.facts
    return Row("unlistable", facts, _cannot(driver), portion)


def _cannot(driver: "Driver") -> str:
    return f"the driver {driver.name} cannot list"


def _exit_code(rows: Mapping[str, Row]) -> Exit:
    results = [row.result for row in rows.values()]
    if not {"complete", "partial", "incomplete"} & set(results):
        return Exit.ERROR
    return Exit.PARTIAL if {"incomplete", "failed"} & set(results) else Exit.OK


def _view(row: Row) -> dict[str, Any]:
    facts, portion = row.facts, row.portion
    at = facts.captured_at if facts is not None else None
    return {
        "result": row.result,
        "complete": facts.complete if facts is not None else None,
        "campaigns": facts.campaigns if facts is not None else 0,
        "capturedAt": at.isoformat().replace("+00:00", "Z") if at is not None else None,
        "why": row.why,
        "appeared": portion.appeared if portion else 0,
        "gone": portion.gone if portion else 0,
        "changed": portion.changed if portion else 0,
        "kept": portion.kept if portion else (facts.campaigns or 0) if facts else 0,
        "pages": row.pages,
    }


def _said(row: Row) -> str:
    number = (row.facts.campaigns or 0) if row.facts is not None else 0
    held = "1 campaign" if number == 1 else f"{number} campaigns"
    if row.result in ("failed", "unlistable"):
        head = "NOT PULLED" if row.result == "failed" else "not listed"
        rest = f"; {held} kept" if number else ""
        less = (
            f", {row.portion.gone} gone by the journal" if row.portion and row.portion.gone else ""
        )
        return f"{head}: {row.why}{rest}{less}"
    assert row.portion is not None
    one = row.portion
    counts = [(one.appeared, "new"), (one.gone, "gone"), (one.changed, "changed")]
    told = ", ".join(f"{n} {word}" for n, word in counts if n)
    news = f" ({told})" if told else ""
    if row.result == "complete":
        return f"{held}, complete{news}"
    kept = f"; {one.kept} not listed and kept" if one.kept else ""
    return f"{held}{news}, NOT COMPLETE: {row.why}{kept}"


# ---------------------------------------------------------------- progress


class _Follow:
    """Progress in plain lines on stderr, and every event as a JSON line where that is asked for."""

    def __init__(self, app: App, where: str | None) -> None:
        self._app = app
        self._told: dict[str, float] = {}
        self._file: TextIO | None = sys.stdout if where == "-" else None
        self._owned = where not in (None, "-")
        if where is not None and self._owned:
            try:
                self._file = open(where, "w", encoding="utf-8")  # noqa: SIM115 - closed below
            except OSError as error:
                raise ReconcilerError(f"cannot write {where}: {error.strerror}") from error

    def emit(self, event: "Event") -> None:
        """Tell *event*; a reader that went away stops nothing."""
        from reconciler.events import to_json_line

        if line := self._line(event):
            self._app.note(safe.ci_log(line))
        if self._file is None:
            return
        try:
            self._file.write(to_json_line(event))
            self._file.flush()
        except (OSError, ValueError):
            self._file = None

    def _line(self, event: "Event") -> str | None:
        name = event.account or ""
        match event.kind:
            case "account-started":
                self._told[name] = time.monotonic()
                return f"{name}: listing"
            case "look" if time.monotonic() - self._told.get(name, 0.0) >= _EVERY:
                self._told[name] = time.monotonic()
                return f"{name}: {event.done} pages"
            case "wait" if event.until is not None:
                if (event.until - event.at).total_seconds() < _WORTH_TELLING:
                    return None
                return f"{name}: waiting until {event.until:%H:%M:%S} UTC ({event.detail})"
        return None

    def close(self) -> None:
        if self._owned and self._file is not None:
            self._file.close()
