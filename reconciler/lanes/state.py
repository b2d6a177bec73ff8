"""Where a project keeps its state: the journal, the locks, the audit log, plans and reports."""

import hashlib
import os
import platform
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import __version__, disk, safe
from reconciler.declare.project import ProjectFile
from reconciler.errors import ReconcilerError
from reconciler.site import Site, real_time

if TYPE_CHECKING:
    from reconciler.lanes.handed import HandedLane
    from reconciler.lanes.journal import Journal, LaneLocks, Shelved
    from reconciler.lanes.journal.postgres import PostgresJournal
    from reconciler.lanes.journal.sql import SqlJournal
    from reconciler.lanes.journal.sqlite import SqliteJournal
    from reconciler.plan.saved import Saved

_SCHEME = "sqlite:///"
_SHARED = ("postgresql://", "postgres://")
_RECORDS = 2_000  # records that are put into the audit log at a time
_FOLDERS = {"plan": "plans", "report": "reports", "copy": "copies", "signatures": "signatures"}


def shared_url(site: Site, project: ProjectFile) -> str | None:
    """The URL of the database that holds the state; None where a file does. It has a password."""
    state = project.state
    if isinstance(state, str):
        return None
    found = site.environ.get(state.env or "", "")
    return found if found.startswith(_SHARED) else None


def state_path(site: Site, project: ProjectFile) -> Path:
    """The journal's file; a relative path counts from the project's folder."""
    state = project.state
    if not isinstance(state, str):
        source, state = state.source, site.environ.get(state.env or "", "")
        if not state.startswith(_SCHEME) or state == _SCHEME:
            raise ReconcilerError(
                f"the state (from {source}) is neither a PostgreSQL database nor a SQLite file; "
                f"let the variable hold postgresql://USER:PASSWORD@HOST/DATABASE, or {_SCHEME}PATH"
            )
    return site.root / state.removeprefix(_SCHEME)


def folder(site: Site, name: str | None = None) -> Path:
    """`.reconciler/` of the project, or a folder in it; made when missing."""
    place = site.root / ".reconciler" / (name or "")
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ReconcilerError(f"cannot make {place}: {error.strerror}") from error
    return place


@contextmanager
def inventory_lock(site: Site, project: ProjectFile) -> Iterator[None]:
    """One at a time reads an inventory file of the project and puts a new one in its place.

    Where machines share the state, one of all of them.
    """
    import fcntl

    if (url := shared_url(site, project)) is not None:
        need_workers()
        from reconciler.lanes.journal import postgres_alone

        with postgres_alone.inventory(url):
            yield
        return
    handle = os.open(folder(site) / "pull.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def locks(site: Site, project: ProjectFile, opened: "Journal") -> "LaneLocks":
    """The lane locks, beside the journal that they guard."""
    from reconciler.lanes.locks import Locks

    if opened.shared is not None:
        return opened.shared.locks()
    path = state_path(site, project)
    return Locks(path.with_name(path.name + ".locks"))


@contextmanager
def journal(site: Site, project: ProjectFile) -> "Iterator[SqlJournal]":
    """The project's journal, opened and closed; the audit log is brought up to date at the end."""
    from reconciler.lanes.journal import JournalFailed

    opened = open_journal(site, project)
    try:
        yield opened
    except JournalFailed:
        raise  # nothing more is written there; the next command catches up
    except BaseException:
        with suppress(ReconcilerError):  # the first failure is the one that is told
            export_audit(site, opened)
        raise
    else:
        export_audit(site, opened)
    finally:
        opened.close()


def open_journal(site: Site, project: ProjectFile) -> "SqlJournal":
    """The project's journal; who opens it so closes it, and leaves the audit log to others."""
    found: SqlJournal
    whole: Callable[[], None]
    if (url := shared_url(site, project)) is None:
        found, whole = _file_opened(site, project)
    else:
        found, whole = _database_opened(site, project, url)
    with disk.closed_on_failure(found):
        whole()
    return found


def _file_opened(site: Site, project: ProjectFile) -> "tuple[SqlJournal, Callable[[], None]]":
    from reconciler.lanes.journal.sqlite import SqliteJournal

    found = SqliteJournal(state_path(site, project), project.name, clock=site.now)
    return found, lambda: _file_whole(site, found)


def _database_opened(
    site: Site, project: ProjectFile, url: str
) -> "tuple[SqlJournal, Callable[[], None]]":
    found = _database(site, project, url)
    return found, lambda: _database_whole(site, found)


def dispatched(site: Site, project: ProjectFile, lanes: "Sequence[HandedLane]") -> None:
    """See to it that every open one of *lanes* is handed out to a worker, once it is due."""
    import asyncio
    import threading

    from reconciler.lanes.dispatch.procrastinate import Engine

    url = shared_url(site, project)
    assert url is not None
    failed: list[BaseException] = []

    async def main() -> None:
        async with Engine(url).open() as engine:
            await engine.mend(lanes)

    def body() -> None:  # the caller may have an event loop of its own
        try:
            asyncio.run(main())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=body, name="reconciler hand-over")
    thread.start()
    thread.join()
    if failed:
        raise ReconcilerError("the lanes cannot be handed over: the database does not answer")


def is_there(site: Site, project: ProjectFile) -> bool:
    """Whether the state is a SQLite file, and has been made."""
    return shared_url(site, project) is None and state_path(site, project).exists()


@contextmanager
def journal_read(site: Site, project: ProjectFile) -> "Iterator[SqlJournal]":
    """The project's journal, to be read alone: nothing is created and nothing is changed."""
    url = shared_url(site, project)
    opened: SqlJournal
    if url is None:
        from reconciler.lanes.journal.sqlite import SqliteJournal

        path = state_path(site, project)
        opened = SqliteJournal(path, project.name, clock=site.now, read_only=True)
    else:
        opened = _database(site, project, url, read_only=True)
    try:
        yield opened
    finally:
        opened.close()


def _database(
    site: Site, project: ProjectFile, url: str, *, read_only: bool = False
) -> "PostgresJournal":
    need_workers()
    from reconciler.lanes.journal.postgres import PostgresJournal

    # The machines' clocks may disagree; the database has one.
    clock = None if site.clock is real_time else site.now
    return PostgresJournal(url, project.name, clock=clock, read_only=read_only)


def need_workers() -> None:
    """`ReconcilerError` where what a state in PostgreSQL needs is not installed."""
    from importlib.util import find_spec

    if find_spec("psycopg") is None:
        raise ReconcilerError(
            "a state in PostgreSQL needs the extra `workers`: "
            "pip install 'campaign-reconciler[workers]'"
        )


_REBORN = (
    "What it knows still counts, and every account counts as never seen: targets are looked at "
    "before their requests"
)


def _file_whole(site: Site, opened: "SqliteJournal") -> None:
    """A journal that lacks records which the log has of it was restored, or copied in part."""
    from reconciler.prove import chain

    log = audit_path(site)
    logged = chain.newest(log, opened.identity)
    if logged <= opened.newest_entry:
        # Another journal of this folder, or one that took its place for a while, knows more.
        for scope in opened.untrace(chain.strangers(log, opened.identity)):
            site.note(
                safe.terminal(
                    f"warning: another journal has sent to {scope} since this one did: targets "
                    "there are looked at before their requests"
                )
            )
        return
    lost = logged - opened.newest_entry
    opened.reborn()
    site.note(
        f"warning: the journal lacks {lost} records that the audit log has of it: it was restored "
        f"from a backup, or copied without its -wal file. {_REBORN}"
    )


def _database_whole(site: Site, opened: "PostgresJournal") -> None:
    """Where another server has taken over, or it was restored, the last moments may be missing."""
    if opened.moved():
        opened.reborn()
        site.note(
            "warning: the state's database is another server than before: one took over, or it was "
            f"restored from a backup, and may lack the last that was written. {_REBORN}"
        )


def export_audit(site: Site, opened: "SqlJournal", most: int | None = None) -> None:
    """Append to the audit log what the journal has for it.

    The journal commits such a record together with what it tells, so a crash loses none, and the
    next command catches up. Records are numbered (`entry`) under the journal's identity, so that
    none is appended twice, and none is taken for another journal's. The log is
    `.reconciler/audit.ndjson`, or lies in the database. *most*: records that are appended at most
    to one in the database, where others go on; None: all.
    """
    from reconciler.lanes.journal import ALL
    from reconciler.prove import chain

    if opened.shared is not None:
        opened.shared.chain(
            lambda record, seq, prev: chain.bind(record, seq=seq, prev=prev),
            opened.identity,
            chain.GENESIS,
            ALL if most is None else most,
        )
        return
    path = audit_path(site)
    _append(path, opened)
    opened.audit_written(chain.newest(path, opened.identity))


def log_ahead(site: Site, opened: "Journal") -> None:
    """Append what a journal in a file has for the audit log by now, while its run goes on.

    A file can be lost, put back from a backup, or copied in part. The log beside it then knows
    better, and the journal that is there is told for what it is (`_whole`).
    """
    from reconciler.lanes.journal.sqlite import SqliteJournal

    if isinstance(opened, SqliteJournal):
        _append(audit_path(site), opened)


def _append(log: Path, opened: "SqlJournal") -> None:
    """Append what the journal has for *log*, some records at a time."""
    from reconciler.prove import chain

    found: list[dict[str, Any]] = []

    def after(entry: int) -> list[dict[str, Any]]:
        found[:] = opened.audit_members(entry, _RECORDS)
        return found

    chain.append_after(log, opened.identity, after)
    while len(found) == _RECORDS:
        chain.append_after(log, opened.identity, after)


def audit_path(site: Site) -> Path:
    """The audit log."""
    return folder(site) / "audit.ndjson"


def holder() -> dict[str, object]:
    """Who runs this: shown to whoever finds the lane taken.

    *id* is what it is: the number of a process is given again, and in containers to each.
    """
    who = {"pid": os.getpid(), "user": person(), "host": platform.node()}
    return {**who, "id": secrets.token_hex(8)}


def person() -> str:
    """Who runs this, as the system calls them."""
    import getpass  # what is asked for a name once or twice in a run is loaded then

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def started() -> dict[str, Any]:
    """What the audit log says of the start of a run that carries out no plan."""
    return {
        "tool": f"reconciler {__version__}",
        "resumed": False,
        "author": person(),
        "commit": None,
        "requestedBy": [],
        "tickets": [],
        "approvals": {"required": 0},
    }


def save_report(site: Site, opened: "Journal", digest: str, parts: Iterable[bytes]) -> str:
    """Keep the newest report of a plan, for `evidence`; the SHA-256 of its bytes."""
    found = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for one in parts:
            found.update(one)
            yield one

    _put(site, opened, "report", digest, hashed())
    return found.hexdigest()


def keep_plan(site: Site, opened: "Journal", plan: "Saved") -> None:
    """Keep the bytes of a plan that is being applied: `settle` needs the records it was about."""
    _put(site, opened, "plan", plan.digest, plan.data.parts())


def keep_plan_here(site: Site, plan: "Saved") -> Path:
    """Keep the bytes of a plan in the project's folder, wherever its state is."""
    path = plan_path(site, plan.digest)
    if not path.exists():
        disk.write_parts(path, plan.data.parts())
    return path


def keep_copy(site: Site, opened: "Journal", data: bytes) -> str:
    """Keep what a vendor said of a campaign, durably; its digest, which is its name."""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _put(site, opened, "copy", digest, [data])
    return digest


def keep_signatures(
    site: Site, opened: "Journal", digest: str, given: Sequence[tuple[str, bytes]]
) -> None:
    """Keep the signatures under which a plan is carried out: `evidence` packs them, wherever they
    were given from."""
    from reconciler.prove import approvals

    before = kept(site, opened, "signatures", digest)
    known = [] if before is None else approvals.unpacked(before)
    new = [data for _, data in given if data not in known]
    if new:
        _put(site, opened, "signatures", digest, [approvals.packed([*known, *new])])


def kept(site: Site, opened: "Journal", kind: "Shelved", digest: str) -> bytes | None:
    """The plan, report (of a plan) or copy of this digest, None if it is no longer there."""
    if opened.shared is not None:
        return opened.shared.get(kind, digest)
    path = site.root / ".reconciler" / _FOLDERS[kind] / _file_name(digest)
    return disk.read_file(path, what=f"the {kind}", most=1 << 30) if path.is_file() else None


def _put(
    site: Site, opened: "Journal", kind: "Shelved", digest: str, parts: Iterable[bytes]
) -> None:
    if opened.shared is not None:
        opened.shared.put(kind, digest, parts)
        return
    from reconciler.lanes.journal import NEWEST

    path = folder(site, _FOLDERS[kind]) / _file_name(digest)
    if kind in NEWEST or not path.exists():
        disk.write_parts(path, parts)


def plan_path(site: Site, digest: str) -> Path:
    """Where the bytes of a plan are kept while and after it is applied."""
    return folder(site, "plans") / _file_name(digest)


def _file_name(digest: str) -> str:
    return f"{digest.removeprefix('sha256:')}.json"
