"""Reads everything a plan is made of and makes it; shared by `plan`, `explain` and `apply`."""

import gc
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import msgspec

from reconciler import __version__, disk
from reconciler.cli._options import known
from reconciler.cli.app import App
from reconciler.errors import Diagnostic, Exit, ReconcilerError
from reconciler.plan import origin as _origin

if TYPE_CHECKING:  # heavy, and not needed for --help
    from reconciler.driver import Driver
    from reconciler.inventory import Facts, Source
    from reconciler.model import Inputs, Manifest, Plan, Project, Target
    from reconciler.plan.asked import Asked
    from reconciler.plan.matching import Matches, Question

MOST_PLAN = 1024 * 1024 * 1024
STDIN = "-"


class Extras(msgspec.Struct, frozen=True):
    """What a plan was made of. *matches.unasked* holds the witnesses; *drivers* go by name.

    *digest* is the plan's. *warnings* are those of project and manifests, not in the plan.
    """

    project: "Project"
    manifests: "tuple[Manifest, ...]"
    drivers: "Mapping[str, Driver]"
    asked: "Asked"
    facts: "Facts"
    matches: "Matches"
    digest: str
    warnings: tuple[Diagnostic, ...]


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection meanwhile.

    Neither records nor manifests nor actions hold cycles; looking for some is slow.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@no_collection()
def make_plan(
    app: App,
    *,
    now: datetime,
    inventory: Sequence[str] = (),
    inventory_format: str | None = None,
    accounts: Sequence[str] = (),
    manifests: Sequence[str] = (),
    author: str | None = None,
    attributes: bool = False,
    also: "Sequence[Question]" = (),
) -> "tuple[Plan, bytes, Extras]":
    """A plan of today's files, its bytes, and what it was made of.

    *inventory*: files of the command line, `-` is standard input; none: the project's.
    *accounts* and *manifests*: only their deletions; empty: all. *also*: more questions to put to
    the inventory, after those of the files. `Invalid` with everything that is wrong.
    """
    from reconciler import drivers
    from reconciler.plan import planfile, planner
    from reconciler.plan.asked import questions

    project, loaded, warnings = app.load_all()
    known("--account", accounts, project.accounts)
    known("--manifest", manifests, [one.name for one in loaded])
    found = {one.driver: drivers.find(one.driver) for one in project.accounts.values()}
    by_driver = {name: driver for name, driver in found.items() if driver is not None}
    asked = questions(project, loaded, by_driver)
    facts, matches = _read(
        app, project, by_driver, (*asked.questions, *also), inventory, inventory_format, now
    )
    made = planner.plan(
        project,
        facts,
        matches,
        asked,
        by_driver,
        now=now,
        author=_origin.author(author, app.root, app.environ),
        commit=_origin.commit(app.root, app.environ),
        tool=f"reconciler {__version__}",
        inputs=_inputs(project, loaded, facts),
        only_accounts=frozenset(accounts) or None,
        only_manifests=frozenset(manifests) or None,
        attributes=attributes,
    )
    data = planfile.dumps(made)
    extras = Extras(
        project=project,
        manifests=loaded,
        drivers=by_driver,
        asked=asked,
        facts=facts,
        matches=matches,
        digest=planfile.digest(data),
        warnings=tuple(one for one in warnings if one.severity == "warning"),
    )
    return made, data, extras


def read_plan(path: str) -> "tuple[Plan, bytes]":
    """A saved plan and the very bytes that were read; `Stale` if it is not one."""
    from reconciler.plan import planfile

    data = disk.read_file(Path(path), what="the plan", most=MOST_PLAN)
    return planfile.loads(data), data


def _inputs(project: "Project", manifests: "Sequence[Manifest]", facts: "Facts") -> "Inputs":
    from reconciler.model import InputFile, Inputs
    from reconciler.plan.inputs import files

    return Inputs(
        project=InputFile(path=project.path, sha256=_hex(project.digest)),
        manifests=files(manifests),
        inventory=facts.files,
    )


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


# ---------------------------------------------------------------- inventory


def _read(
    app: App,
    project: "Project",
    drivers: "Mapping[str, Driver]",
    questions: "Sequence[Question]",
    files: Sequence[str],
    format_: str | None,
    now: datetime,
) -> "tuple[Facts, Matches]":
    """Stream the inventory past the matcher."""
    from reconciler.inventory import Reader
    from reconciler.plan.matching import Matcher

    by_name = [one.name for one in project.accounts.values() if drivers[one.driver].by_name]
    matcher = Matcher(questions, now=now, by_name=by_name)
    with ExitStack() as spooled:
        sources = inventory_sources(app, project, files, format_, spooled)
        reader = Reader(sources, accounts=project.accounts.keys(), now=now)
        for batch in reader:
            matcher.feed(batch)
        if matcher.again:
            for batch in reader:
                matcher.feed_again(batch)
        return reader.facts(), matcher.finish()


def inventory_sources(
    app: App, project: "Project", files: Sequence[str], format_: str | None, spooled: ExitStack
) -> "list[Source]":
    """The inventory's files: those of the command line, else those that the project names.

    What can be read only once (standard input, a pipe) is copied to a file that lives as long as
    *spooled*.
    """
    if files.count(STDIN) > 1:
        raise click.UsageError("--inventory - can be given once")
    if files:
        return [_given(app, one, format_, spooled) for one in files]
    return [_named(app, one, format_) for one in project.inventory]


def without_targets(
    app: App,
    project: "Project",
    files: Sequence[str],
    format_: str | None,
    gone: "Sequence[Target]",
) -> None:
    """Take what is gone out of the inventory's files, each written whole or not at all."""
    from reconciler.inventory.without import without
    from reconciler.inventory.write import save

    lost: dict[tuple[str, str], set[str] | None] = {}
    for target in gone:
        key = (target.account, target.id)
        if target.part is None:
            lost[key] = None
        elif (parts := lost.setdefault(key, set())) is not None:
            parts.add(target.part)
    with ExitStack() as spooled:
        sources = inventory_sources(app, project, files, format_, spooled)
        places = list(files) or [str(disk.inside(app.root, one)) for one in project.inventory]
        for place, source in zip(places, sources, strict=True):
            save(place, without(source, lost, now=app.now()))


def _given(app: App, path: str, format_: str | None, spooled: ExitStack) -> "Source":
    from reconciler.inventory import Source

    if path == STDIN:
        if sys.stdin is None:
            raise ReconcilerError("--inventory -: standard input is closed")
        return Source(STDIN, _spool(sys.stdin.buffer, spooled), format_ or "ndjson")
    chosen = _format(path, format_)
    place = Path(path)
    shown = _shown(app.root, place)
    if place.is_char_device() or place.is_block_device():
        raise ReconcilerError(f"cannot read the inventory {shown}: it is a device")
    if place.exists() and not place.is_file() and not place.is_dir():
        with place.open("rb") as pipe:
            return Source(shown, _spool(pipe, spooled), chosen)
    return Source(shown, partial(_open, place), chosen)


def _named(app: App, path: str, format_: str | None) -> "Source":
    from reconciler.inventory import Source

    place = disk.inside(app.root, path)
    shown = Path(os.path.normpath(path)).as_posix()
    if place.exists() and not place.is_file():
        raise ReconcilerError(f"the inventory {app.shown(path)} is not a regular file")
    return Source(shown, partial(_open, place), _format(path, format_))


def _open(place: Path) -> BinaryIO:
    return place.open("rb")


def _format(path: str, format_: str | None) -> str:
    from reconciler.inventory import format_of

    chosen = format_ or format_of(path)
    if chosen is None:
        raise click.UsageError(
            f"the name of {path!r} does not say its format; give --inventory-format"
        )
    return chosen


def _shown(root: Path, place: Path) -> str:
    """Relative to the project's folder if *place* is inside it, else as it was given; with `/`."""
    whole, base = Path(os.path.abspath(place)), Path(os.path.abspath(root))
    return (whole.relative_to(base) if whole.is_relative_to(base) else place).as_posix()


def _spool(stream: BinaryIO, spooled: ExitStack) -> "partial[BinaryIO]":
    import shutil
    import tempfile

    copy = spooled.enter_context(tempfile.NamedTemporaryFile(prefix="reconciler-"))  # noqa: SIM115
    shutil.copyfileobj(stream, copy, 1024 * 1024)
    copy.flush()
    return partial(_open, Path(copy.name))


# ---------------------------------------------------------------- views


def reports(given: Sequence[str]) -> list[tuple[str, str]]:
    """`FORMAT=FILE` of `--report`, checked before any work is done."""
    from reconciler.views import PLAN_FORMATS

    found: list[tuple[str, str]] = []
    for one in given:
        name, equals, path = one.partition("=")
        if not equals or not path:
            raise click.UsageError(f"--report: write FORMAT=FILE, not {one!r}")
        if name not in PLAN_FORMATS:
            raise click.UsageError(
                f"--report: no format {name!r}; there are {', '.join(PLAN_FORMATS)}"
            )
        found.append((name, path))
    return found


def write_reports(plan: "Plan", digest: str, wanted: Sequence[tuple[str, str]]) -> None:
    """Each view to its file, whole or not at all."""
    from reconciler.views import PLAN_FORMATS

    for name, path in wanted:
        text = PLAN_FORMATS[name](plan, digest)
        disk.write_whole(Path(path), text.encode("utf-8", "backslashreplace"))


@no_collection()
def show(
    app: App, plan: "Plan", data: bytes, *, format_: str, show_numbers: bool, now: datetime
) -> None:
    """Print one view; the JSON one is the plan's own bytes."""
    from reconciler.plan import planfile
    from reconciler.views import PLAN_FORMATS, text

    if format_ == "json":
        exact(app, data)
    elif format_ == "text":
        there = sys.stdout is not None and sys.stdout.isatty()
        width = _columns() if there else 100
        app.out(text.plan(plan, color=app.color, width=width, show_numbers=show_numbers, now=now))
    else:
        app.out(PLAN_FORMATS[format_](plan, planfile.digest(data)))


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


def exact(app: App, data: bytes) -> None:
    """Print UTF-8 *data* to the byte, whatever the terminal's encoding."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    app.out(data.decode("utf-8"))


def warn(app: App, diagnostics: Iterable[Diagnostic]) -> None:
    """What project and manifests make one wonder about, on stderr."""
    from reconciler import safe

    for one in diagnostics:
        place = f"{one.place}: " if one.place else ""
        app.note(safe.terminal(f"{place}{one.severity}: {one.message}"))


def plan_now(app: App) -> datetime:
    """*Now* for `plan`, `show` and `explain`; a warning if it is not the real time."""
    now, fixed = app.plan_time()
    if fixed:
        app.note(f"warning: now is {now:%Y-%m-%dT%H:%M:%SZ}, because SOURCE_DATE_EPOCH is set")
    return now


def exit_code(plan: "Plan", *, detailed: bool) -> int:
    """Refusals of single targets never change it."""
    if not plan.applicable:
        return Exit.REFUSED
    return Exit.CHANGES if detailed and plan.summary.delete else Exit.OK
