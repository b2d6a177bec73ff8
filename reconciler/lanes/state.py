"""Where a project keeps its state: the journal, the locks, the audit log, plans and reports."""

import getpass
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import __version__, disk
from reconciler.declare.project import ProjectFile
from reconciler.errors import ReconcilerError
from reconciler.site import Site

if TYPE_CHECKING:
    from reconciler.lanes.journal.sqlite import SqliteJournal

_SCHEME = "sqlite:///"


def state_path(site: Site, project: ProjectFile) -> Path:
    """The journal's file; a relative path counts from the project's folder."""
    state = project.state
    if not isinstance(state, str):
        source, state = state.source, site.environ.get(state.env or "", "")
        if not state.startswith(_SCHEME) or state == _SCHEME:
            raise ReconcilerError(
                f"the state (from {source}) is no SQLite file, and this version keeps its state "
                f"in one; let the variable hold {_SCHEME}PATH"
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
def inventory_lock(site: Site) -> Iterator[None]:
    """One at a time reads an inventory file of the project and puts a new one in its place."""
    import fcntl

    handle = os.open(folder(site) / "pull.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def locks_folder(site: Site, project: ProjectFile) -> Path:
    """The lane locks, beside the journal that they guard."""
    path = state_path(site, project)
    return path.with_name(path.name + ".locks")


@contextmanager
def journal(site: Site, project: ProjectFile) -> "Iterator[SqliteJournal]":
    """The project's journal, opened and closed; the audit file is brought up to date at the end."""
    from reconciler.lanes.journal import JournalFailed
    from reconciler.lanes.journal.sqlite import SqliteJournal

    opened = SqliteJournal(state_path(site, project), project.name, clock=site.now)
    try:
        _whole(site, opened)
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


@contextmanager
def journal_read(site: Site, project: ProjectFile) -> "Iterator[SqliteJournal]":
    """The project's journal, to be read alone: nothing is created and nothing is changed."""
    from reconciler.lanes.journal.sqlite import SqliteJournal

    path = state_path(site, project)
    opened = SqliteJournal(path, project.name, clock=site.now, read_only=True)
    try:
        yield opened
    finally:
        opened.close()


def _whole(site: Site, opened: "SqliteJournal") -> None:
    """A journal that lacks records which the log has of it was restored, or copied in part."""
    from reconciler.prove import chain

    logged = chain.newest(audit_path(site), opened.identity)
    if logged <= opened.newest_entry:
        return
    lost = logged - opened.newest_entry
    opened.reborn()
    site.note(
        f"warning: the journal lacks {lost} records that the audit log has of it: it was restored "
        "from a backup, or copied without its -wal file. What it knows still counts, and every "
        "account counts as never seen: targets are looked at before their requests"
    )


def export_audit(site: Site, opened: "SqliteJournal") -> None:
    """Append to `.reconciler/audit.ndjson` what the journal has for it.

    The journal commits such a record together with what it tells, so a crash loses none, and the
    next command catches up. Records are numbered (`entry`) under the journal's identity, so that
    none is appended twice, and none is taken for another journal's.
    """
    from reconciler.prove import chain

    path = audit_path(site)
    chain.append_after(path, opened.identity, opened.audit_after)
    opened.audit_written(chain.newest(path, opened.identity))


def audit_path(site: Site) -> Path:
    """The audit log."""
    return folder(site) / "audit.ndjson"


def holder() -> dict[str, object]:
    """Who runs this: shown to whoever finds the lane taken."""
    return {"pid": os.getpid(), "user": person(), "host": socket.gethostname()}


def person() -> str:
    """Who runs this, as the system calls them."""
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


def save_report(site: Site, digest: str, data: bytes) -> None:
    """Keep the newest report of a plan: `evidence` packs it."""
    name = digest.removeprefix("sha256:")
    disk.write_whole(folder(site, "reports") / f"{name}.json", data)


def keep_plan(site: Site, digest: str, data: bytes) -> Path:
    """Keep the bytes of a plan that is being applied: `settle` needs the records it was about."""
    path = plan_path(site, digest)
    if not path.exists():
        disk.write_whole(path, data)
    return path


def keep_copy(site: Site, data: bytes) -> str:
    """Keep what a vendor said of a campaign, durably; its digest, which is its name."""
    digest = hashlib.sha256(data).hexdigest()
    path = folder(site, "copies") / f"{digest}.json"
    if not path.exists():
        disk.write_whole(path, data)
    return f"sha256:{digest}"


def kept_copy(site: Site, digest: str) -> bytes | None:
    """The copy of this digest, None if it is no longer there."""
    path = site.root / ".reconciler" / "copies" / f"{digest.removeprefix('sha256:')}.json"
    return disk.read_file(path, what="the copy", most=1 << 26) if path.exists() else None


def kept_plan(site: Site, digest: str) -> bytes | None:
    """The bytes of a plan that was applied here, None if they are no longer there."""
    path = plan_path(site, digest)
    return disk.read_file(path, what="the plan", most=1 << 30) if path.exists() else None


def plan_path(site: Site, digest: str) -> Path:
    """Where the bytes of a plan are kept while and after it is applied."""
    return folder(site, "plans") / f"{digest.removeprefix('sha256:')}.json"
