"""Opening the journal's file: made when missing, checked, refused when it is not ours."""

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reconciler.disk import closed_on_failure
from reconciler.errors import Locked, ReconcilerError
from reconciler.lanes.journal import JournalFailed
from reconciler.lanes.journal.sql import new_meta
from reconciler.lanes.journal.tables import TABLES, VERSION

_APPLICATION = 0x7265636E  # "recn": says whose file it is
_LARGE = 64 << 20  # bytes of a journal that takes too long to copy, or to go through
_PATIENCE = 10.0  # seconds that another run's transaction is waited for


def to_write(path: Path, project: str) -> sqlite3.Connection:
    """The journal of *project*, ready to be written; made when it is missing.

    `JournalFailed` if it is not one, is another project's or another version's: then nothing was
    changed. `Locked` if another run is in the way.
    """
    with _told(path, "open"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):  # two runs on a new project: one makes it, the other finds it
            created = not path.exists()
            torn = _has_tail(path)
            if torn:
                with closing(_connected(path, read_only=True)) as as_it_is:
                    check(as_it_is, path, project)
            db = _connected(path)
            with closed_on_failure(db):
                if created:
                    os.chmod(path, 0o600)
                if not torn:
                    check(db, path, project)
                _prepare(db, project)
    return db


def to_read(path: Path, project: str) -> sqlite3.Connection:
    """The journal of *project* to be read alone: nothing is created, nothing is changed.

    A project that never ran has an empty one. In a folder that may not be written, SQLite cannot
    read commits that are still beside the file: then a copy of both is read. Whoever would begin
    to write a large one waits until the connection is closed.
    """
    with _told(path, "read"):
        if not _made(path):
            db = _in_memory()
            with closed_on_failure(db):
                _make(db, project)
            return db
        try:
            return _read_in_place(path, project)
        except sqlite3.OperationalError as error:
            if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            return _read_copy(path, project)


def _made(path: Path) -> bool:
    """Whether there is a journal: one that somebody makes right now is waited for.

    A file without a byte is none yet: whoever began to make it has died.
    """
    if not path.exists():
        return False
    os.close(_turn(path.parent, fcntl.LOCK_SH))
    return path.stat().st_size > 0 or _has_tail(path)


def _read_in_place(path: Path, project: str) -> sqlite3.Connection:
    if not os.access(path.parent, os.W_OK):
        # Opened where it lies, a journal with commits beside it would be made ready first.
        return _read_copy(path, project)
    if (held := _held(path)) is not None:
        return _read_alone(held, path, project)
    db = _connected(path, read_only=True)
    with closed_on_failure(db):
        check(db, path, project, whole=path.stat().st_size < _LARGE)
    return db


def _held(path: Path) -> "_Held | None":
    """A journal that nobody writes, and that nobody begins to write until it is closed.

    None if somebody writes it. Opened like one that somebody does, it would leave files.
    """
    turn = _turn(path.parent, fcntl.LOCK_SH)
    held: _Held | None = None
    try:
        if not path.with_name(path.name + "-wal").exists():
            place = f"file:{quote(str(path))}?immutable=1"
            held = sqlite3.connect(
                place, uri=True, isolation_level=None, check_same_thread=False, factory=_Held
            )
            held.turn = turn
    finally:
        if held is None:
            os.close(turn)
    return held


def _read_alone(held: "_Held", path: Path, project: str) -> sqlite3.Connection:
    """A copy of what is small, so that nobody waits; else itself, until it is closed."""
    with closed_on_failure(held):
        large = path.stat().st_size >= _LARGE
        check(held, path, project, whole=not large)
        if large:
            return held
    with closing(held):
        return _copied(held)


def _copied(source: sqlite3.Connection) -> sqlite3.Connection:
    """What *source* holds, in memory."""
    db = _in_memory()
    with closed_on_failure(db):
        source.backup(db)
    return db


class _Held(sqlite3.Connection):
    """A connection that keeps a turn in the folder until it is closed."""

    turn: int | None = None

    def close(self) -> None:
        super().close()
        if self.turn is not None:
            os.close(self.turn)
            self.turn = None


def _read_copy(path: Path, project: str) -> sqlite3.Connection:
    with tempfile.TemporaryDirectory(prefix="reconciler-") as folder:
        copy = Path(folder) / "state.db"
        shutil.copyfile(path, copy)
        with_tail = path.with_name(path.name + "-wal")
        if with_tail.exists():
            shutil.copyfile(with_tail, copy.with_name("state.db-wal"))
        with closing(_connected(copy)) as source:
            check(source, path, project)
            return _copied(source)


def check(db: sqlite3.Connection, path: Path, project: str, *, whole: bool = True) -> None:
    """Refuse what is not a whole journal of *project*; one snapshot, nothing is written.

    Not *whole*: only what is read will be found damaged.
    """
    db.execute("BEGIN")
    version = _one(db, "PRAGMA user_version")
    tables = _one(db, "SELECT count(*) FROM sqlite_master")
    if version > VERSION:
        raise JournalFailed(
            f"{path}: written by a newer reconciler (journal version {version}, this one "
            f"knows {VERSION}); nothing was changed"
        )
    if tables and (version == 0 or _one(db, "PRAGMA application_id") != _APPLICATION):
        raise JournalFailed(f"{path}: not a journal of reconciler; nothing was changed")
    if tables and version < VERSION:
        raise JournalFailed(
            f"{path}: written by an older reconciler (journal version {version}, this one knows "
            f"{VERSION}); nothing was changed. Settle its doubts with that version, then move the "
            "file aside: a new one begins without a trace, and targets are looked at first"
        )
    if tables and whole and (found := _one(db, "PRAGMA quick_check(1)")) != "ok":
        raise JournalFailed(
            f"{path}: damaged ({found}); nothing was changed. Put a backup in its place, or move "
            "it aside: then targets are looked at before their requests"
        )
    owner = _one(db, "SELECT value FROM meta WHERE key='project'") if tables else project
    db.execute("ROLLBACK")
    if owner != project:
        raise JournalFailed(
            f"{path}: the journal of project {owner!r}, not of {project!r}; nothing was changed. "
            "Give each project a `state` of its own"
        )


def _prepare(db: sqlite3.Connection, project: str) -> None:
    """Make it a journal if it is new; settings of this connection."""
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    if _one(db, "PRAGMA user_version") == 0:
        db.execute("BEGIN IMMEDIATE")
        try:
            _make(db, project)
            db.execute("COMMIT")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        # A copy of the file alone is a journal, if an old one, and never an empty file.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _make(db: sqlite3.Connection, project: str) -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        db.execute(statement)
    db.executemany("INSERT INTO meta VALUES(?,?)", new_meta(project).items())
    db.execute(f"PRAGMA application_id={_APPLICATION}")
    db.execute(f"PRAGMA user_version={VERSION}")


def file_of(path: Path) -> tuple[int, int] | None:
    """Which file lies at *path*: device and inode, None if there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _one(db: sqlite3.Connection, sql: str) -> Any:
    return db.execute(sql).fetchone()[0]


def _connected(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    # A run works on it in a thread of its own while its opener waits: one at a time.
    place, uri = (f"file:{quote(str(path))}?mode=ro", True) if read_only else (path, False)
    return sqlite3.connect(
        place, uri=uri, isolation_level=None, timeout=_PATIENCE, check_same_thread=False
    )


def _in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def _has_tail(path: Path) -> bool:
    """Whether a crash has left commits beside the file: whoever may write puts them into it."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time opens a journal in *folder*; death frees it."""
    handle = _turn(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def _turn(folder: Path, how: int) -> int:
    """A handle that has a turn in *folder*, until it is closed."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, how)
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise failure(path, what, error) from error


_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full; make room and run again",
    sqlite3.SQLITE_IOERR: "the disk failed; mend it and run again",
    sqlite3.SQLITE_READONLY: "it may not be written; give this user the right and run again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the path and the rights of its folder",
    sqlite3.SQLITE_PERM: "it may not be opened; give this user the right and run again",
    sqlite3.SQLITE_CORRUPT: "it is damaged; put a backup in its place and run again",
    sqlite3.SQLITE_NOTADB: "it is not a journal; move it aside, or correct `state`",
}


def failure(path: Path, what: str, error: sqlite3.Error | OSError) -> ReconcilerError:
    """What an error of the disk or of SQLite means, in our words, with a way out."""
    if isinstance(error, sqlite3.Error) and _code(error) in _BUSY:
        return Locked(
            f"{path}: another run holds the journal; nothing more was sent. "
            "Run again when it has ended (`reconciler status` shows who)"
        )
    if isinstance(error, OSError):
        advice = f"{error.strerror}; mend that and run again"
    else:
        advice = _ADVICE.get(_code(error), "run again; if it stays, put a backup in its place")
    return JournalFailed(
        f"{path}: cannot {what} the journal: {advice}. Nothing more was sent, and what is recorded "
        f"stays recorded{_space(path)}"
    )


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; the extended ones add higher bits."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _space(path: Path) -> str:
    try:
        free = os.statvfs(path.parent)
    except OSError:
        return ""
    return f" (free there: {free.f_bavail * free.f_frsize} bytes; needed: at least 1048576)"
