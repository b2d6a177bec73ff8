"""The journal in one SQLite file: WAL, synchronous=FULL, one connection, commits shared."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from reconciler.lanes.journal import (
    Intent,
    JournalFailed,
    LaneLost,
    Ledger,
    Result,
    Ruling,
    Run,
    State,
)
from reconciler.model import Evidence, Outcome, SentRequest, Target

VERSION = 1
_APPLICATION = 0x7265636E  # "recn": says whose file it is

_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE plans(digest TEXT PRIMARY KEY, first_applied REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE runs(
  number INTEGER PRIMARY KEY, plan TEXT, kind TEXT NOT NULL, started REAL NOT NULL, ended REAL,
  exit_code INTEGER, holder TEXT NOT NULL, waived TEXT NOT NULL, reviewed TEXT);
CREATE TABLE lanes(
  lane TEXT PRIMARY KEY, epoch INTEGER NOT NULL, run INTEGER NOT NULL, paused_until REAL
) WITHOUT ROWID;
CREATE TABLE requests(
  number INTEGER PRIMARY KEY, run INTEGER NOT NULL, lane TEXT NOT NULL, account TEXT NOT NULL,
  kind TEXT NOT NULL, method TEXT NOT NULL, url TEXT NOT NULL, at REAL NOT NULL, answered REAL,
  status INTEGER, verdict TEXT, detail TEXT, vendor_id TEXT, sent INTEGER NOT NULL DEFAULT 1);
CREATE INDEX requests_open ON requests(lane) WHERE answered IS NULL;
CREATE INDEX requests_recent ON requests(lane, at);
CREATE TABLE targets(
  key INTEGER PRIMARY KEY, account TEXT NOT NULL, id TEXT NOT NULL, part TEXT NOT NULL,
  outcome TEXT, detail TEXT, evidence TEXT, at REAL, plan TEXT, digests TEXT, inventory TEXT,
  sends INTEGER NOT NULL DEFAULT 0, doubts INTEGER NOT NULL DEFAULT 0, last_byte_at REAL,
  seen_at REAL, cleared INTEGER NOT NULL DEFAULT 0, UNIQUE(account, id, part));
CREATE INDEX targets_doubt ON targets(account) WHERE outcome = 'in-doubt';
CREATE INDEX targets_deleted ON targets(account, at) WHERE outcome = 'deleted';
CREATE TABLE request_targets(
  target INTEGER NOT NULL, request INTEGER NOT NULL, PRIMARY KEY(target, request)) WITHOUT ROWID;
CREATE INDEX request_targets_request ON request_targets(request);
CREATE TABLE audit(entry INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL);
"""

_TIMES = ("at", "last_byte_at", "seen_at")
_FIELDS = (
    "outcome",
    "detail",
    "evidence",
    "at",
    "plan",
    "digests",
    "inventory",
    "sends",
    "doubts",
    "last_byte_at",
    "seen_at",
    "cleared",
)


class SqliteJournal:
    """`Journal` in a file. *clock* is the wall clock."""

    def __init__(self, path: Path, project: str, *, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._clock = clock
        self._project = project
        self._plans: dict[int, str] = {}  # run -> its plan
        self._open: dict[int, tuple[str, str]] = {}  # open request -> its account and kind
        self._failed: str | None = None  # what the first failed write said
        created = not path.exists()
        with self._told("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            torn = _has_tail(path)
            self._db = _connected(path, read_only=torn)
            if created:
                os.chmod(path, 0o600)
            try:
                self._check(project)
                if torn:
                    self._db.close()
                    self._db = _connected(path)
                self._prepare(project)
            except BaseException:
                self._db.close()
                raise
        self.empty = self._one("SELECT 1 FROM runs WHERE kind != 'pull' LIMIT 1") is None

    def _check(self, project: str) -> None:
        """Refuse what is not a whole journal of *project*; one snapshot, nothing is written."""
        self._db.execute("BEGIN")
        version = self._one("PRAGMA user_version")[0]
        tables = self._one("SELECT count(*) FROM sqlite_master")[0]
        if version > VERSION:
            raise JournalFailed(
                f"{self.path}: written by a newer reconciler (journal version {version}, this one "
                f"knows {VERSION}); nothing was changed"
            )
        if tables and (version == 0 or self._one("PRAGMA application_id")[0] != _APPLICATION):
            raise JournalFailed(f"{self.path}: not a journal of reconciler; nothing was changed")
        if tables and (found := self._one("PRAGMA quick_check(1)")[0]) != "ok":
            raise JournalFailed(f"{self.path}: damaged ({found}); nothing was changed")
        owner = self._one("SELECT value FROM meta WHERE key='project'")[0] if tables else project
        self._db.execute("ROLLBACK")
        if owner != project:
            raise JournalFailed(
                f"{self.path}: the journal of project {owner!r}, not of {project!r}; "
                "nothing was changed"
            )

    def _prepare(self, project: str) -> None:
        """Make it a journal if it is new; settings of this connection."""
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if self._one("PRAGMA user_version")[0] == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO meta VALUES('project', ?)", (project,))
                self._db.execute(f"PRAGMA application_id={_APPLICATION}")
                self._db.execute(f"PRAGMA user_version={VERSION}")
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._rollback()
            raise

    # ---- runs

    def begin(
        self,
        plan: str | None,
        kind: str,
        holder: str,
        waived: Sequence[Mapping[str, str]],
        audit: Mapping[str, Any],
    ) -> int:
        now = self._clock()
        with self._transaction():
            cursor = self._db.execute(
                "INSERT INTO runs(plan, kind, started, holder, waived) VALUES(?,?,?,?,?)",
                (plan, kind, now.timestamp(), holder, json.dumps([dict(w) for w in waived])),
            )
            run = cast(int, cursor.lastrowid)
            if plan is not None and kind == "apply":
                self._db.execute("INSERT OR IGNORE INTO plans VALUES(?,?)", (plan, now.timestamp()))
            self._plans[run] = plan or ""
            started = {"type": "run-started", "project": self._project, "command": kind, **audit}
            lifted = [{"type": "waived", "by": None, **one} for one in waived]
            self._audit(run, [started, *lifted], now)
        return run

    def end(self, run: int, exit_code: int, audit: Mapping[str, Any]) -> None:
        now = self._clock()
        with self._transaction():
            self._db.execute(
                "UPDATE runs SET ended=?, exit_code=? WHERE number=?",
                (now.timestamp(), exit_code, run),
            )
            self._audit(run, [{"type": "run-ended", "exitCode": exit_code, **audit}], now)

    def review(self, run: int, by: str, because: str) -> bool:
        """A person has looked at what run *run* waived; False if it waived nothing."""
        now = self._clock()
        note = {"by": by, "because": because, "at": _iso(now)}
        with self._transaction():
            cursor = self._db.execute(
                "UPDATE runs SET reviewed=? WHERE number=? AND waived != '[]'",
                (json.dumps(note), run),
            )
            if cursor.rowcount:
                self._audit(run, [{"type": "reviewed", "by": by, "because": because}], now)
        return cursor.rowcount > 0

    def runs(self, plan: str | None = None) -> tuple[Run, ...]:
        where, values = ("", ()) if plan is None else (" WHERE plan=?", (plan,))
        rows = self._all(
            "SELECT number, plan, kind, started, ended, exit_code, holder, waived, reviewed "
            f"FROM runs{where} ORDER BY number DESC",
            values,
        )
        return tuple(
            Run(
                number=row[0],
                plan=row[1],
                kind=row[2],
                started=_time(row[3]),
                ended=_time(row[4]) if row[4] is not None else None,
                exit_code=row[5],
                holder=row[6],
                waived=tuple(json.loads(row[7])),
                reviewed=json.loads(row[8]) if row[8] else None,
            )
            for row in rows
        )

    def first_applied(self, plan: str) -> datetime | None:
        row = self._one("SELECT first_applied FROM plans WHERE digest=?", (plan,))
        return None if row is None else _time(row[0])

    # ---- lanes

    def take(self, lane: str, accounts: Sequence[str], run: int, window: float) -> Ledger:
        now = self._clock()
        with self._transaction():
            self._db.execute(
                "INSERT INTO lanes(lane, epoch, run) VALUES(?,1,?) "
                "ON CONFLICT(lane) DO UPDATE SET epoch=epoch+1, run=excluded.run",
                (lane, run),
            )
            marks = ",".join("?" * len(accounts))
            lost = self._all(
                "SELECT number, kind, account, run FROM requests "
                f"WHERE answered IS NULL AND (lane=? OR account IN ({marks}))",
                (lane, *accounts),
            )
            for number, kind, account, its_run in lost:
                self._abandon(number, kind, account, its_run, now)
            epoch, paused = self._one("SELECT epoch, paused_until FROM lanes WHERE lane=?", (lane,))
        recent = self._all(
            "SELECT at, answered FROM requests WHERE lane=? AND sent=1 AND "
            "max(at, coalesce(answered, at)) > ? ORDER BY at",
            (lane, now.timestamp() - window),
        )
        return Ledger(
            epoch=epoch,
            recent=tuple(
                (_time(at), _time(end) if end is not None else None) for at, end in recent
            ),
            paused_until=_time(paused) if paused is not None else None,
        )

    def _abandon(self, number: int, kind: str, account: str, run: int, now: datetime) -> None:
        """An intent whose runner died: it may have happened."""
        detail = "the run ended before an answer was recorded"
        self._db.execute(
            "UPDATE requests SET answered=?, verdict='no-answer', detail=? WHERE number=?",
            (now.timestamp(), detail, number),
        )
        if kind != "delete":
            return
        self._db.execute(
            "UPDATE targets SET outcome='in-doubt', detail=?, evidence=NULL, at=?, plan=?, "
            # Our own death says nothing of the vendor: however often it comes, it is one doubt;
            # and what was gone before and came back begins anew.
            "sends=sends+1, doubts=CASE WHEN outcome IN ('deleted', 'already-absent') THEN 1 "
            "ELSE max(doubts, 1) END, last_byte_at=?, seen_at=NULL, cleared=0 WHERE key IN "
            "(SELECT target FROM request_targets WHERE request=?)",
            (detail, now.timestamp(), self._plan_of(run), now.timestamp(), number),
        )
        lost = Result(number, None, "no-answer", detail)
        self._audit(run, [_result_record(account, lost)], now)

    def commit(
        self,
        lane: str,
        epoch: int,
        run: int,
        *,
        results: Sequence[Result] = (),
        rulings: Sequence[Ruling] = (),
        intents: Sequence[Intent] = (),
        audit: Sequence[Mapping[str, Any]] = (),
    ) -> list[int]:
        now = self._clock()
        numbers: list[int] = []
        with self._transaction():
            held = self._one("SELECT epoch FROM lanes WHERE lane=?", (lane,))
            owned = held is not None and held[0] == epoch
            records: list[Mapping[str, Any]] = []
            for result in results:
                self._result(result, now)
                account, kind = self._known(result.number)
                if kind == "delete":  # as with intents: a read changes nothing
                    records.append(_result_record(account, result))
            for ruling in rulings:
                self._rule(ruling, late=held is not None and not owned)
            if owned:
                for intent in intents:
                    numbers.append(self._intend(intent, lane, run, now))
                    if intent.kind == "delete":
                        records.append(_intent_record(numbers[-1], intent))
            self._audit(run, [*records, *audit], now)
        if intents and not owned:
            raise LaneLost(f"another run has taken {lane}; this one stopped before sending")
        return numbers

    def _intend(self, intent: Intent, lane: str, run: int, now: datetime) -> int:
        cursor = self._db.execute(
            "INSERT INTO requests(run, lane, account, kind, method, url, at) VALUES(?,?,?,?,?,?,?)",
            (
                run,
                lane,
                intent.account,
                intent.kind,
                intent.method,
                intent.url,
                now.timestamp(),
            ),
        )
        number = cast(int, cursor.lastrowid)
        self._open[number] = intent.account, intent.kind
        for target in intent.targets:
            # Its state stays: what it says belongs to the outcome that is known so far.
            key = self._key(target)
            self._db.execute("INSERT INTO request_targets VALUES(?,?)", (key, number))
        return number

    def _known(self, number: int) -> tuple[str, str]:
        """The account and kind of an open request, which ends with this."""
        known = self._open.pop(number, None)
        if known is not None:
            return known
        account, kind = self._one("SELECT account, kind FROM requests WHERE number=?", (number,))
        return account, kind

    def _result(self, result: Result, now: datetime) -> None:
        self._db.execute(
            "UPDATE requests SET answered=?, status=?, verdict=?, detail=?, vendor_id=?, sent=? "
            "WHERE number=?",
            (
                now.timestamp(),
                result.status,
                result.verdict,
                result.detail,
                result.vendor_id,
                int(result.sent),
                result.number,
            ),
        )

    def _rule(self, ruling: Ruling, *, late: bool) -> None:
        """*late*: of a runner that has lost its lane; what its successor saw to the end stays."""
        unknown = set(ruling.changes) - set(_FIELDS)
        if unknown:
            raise ValueError(f"not fields of a state: {sorted(unknown)}")
        if not ruling.changes:
            return
        changes = ", ".join(f"{name}=?" for name in ruling.changes)
        values = [_stored(name, value) for name, value in ruling.changes.items()]
        unless = " AND outcome IS NOT 'deleted' AND outcome IS NOT 'already-absent'" if late else ""
        self._db.execute(
            f"UPDATE targets SET {changes} WHERE key=?{unless}",
            (*values, self._key(ruling.target)),
        )

    def _key(self, target: Target) -> int:
        names = (target.account, target.id, _part(target))
        row = self._one("SELECT key FROM targets WHERE account=? AND id=? AND part=?", names)
        if row is not None:
            return cast(int, row[0])
        cursor = self._db.execute("INSERT INTO targets(account, id, part) VALUES(?,?,?)", names)
        return cast(int, cursor.lastrowid)

    def holds(self, lane: str, epoch: int) -> bool:
        row = self._one("SELECT epoch FROM lanes WHERE lane=?", (lane,))
        return row is not None and row[0] == epoch

    def pause(self, lane: str, until: datetime) -> None:
        with self._transaction():
            self._db.execute(
                "UPDATE lanes SET paused_until=? WHERE lane=?", (until.timestamp(), lane)
            )

    # ---- targets

    def states(self, targets: Iterable[Target]) -> dict[Target, State]:
        columns = ", ".join(_FIELDS)
        found: dict[Target, State] = {}
        for target in targets:
            row = self._one(
                f"SELECT {columns} FROM targets WHERE account=? AND id=? AND part=?",
                (target.account, target.id, _part(target)),
            )
            if row is not None:
                found[target] = _state(row)
        return found

    def in_doubt(self) -> dict[Target, State]:
        columns = ", ".join(_FIELDS)
        rows = self._all(
            f"SELECT account, id, part, {columns} FROM targets WHERE outcome='in-doubt' OR key IN "
            "(SELECT target FROM request_targets JOIN requests ON number=request "
            "WHERE answered IS NULL) ORDER BY account, id, part"
        )
        return {_target(row): _state(row[3:]) for row in rows}

    def requests(self, targets: Iterable[Target]) -> dict[Target, tuple[SentRequest, ...]]:
        found: dict[Target, tuple[SentRequest, ...]] = {}
        for target in targets:
            rows = self._all(
                "SELECT r.at, r.method, r.url, r.status FROM request_targets JOIN requests r "
                "ON number=request WHERE sent=1 AND target="
                "(SELECT key FROM targets WHERE account=? AND id=? AND part=?) ORDER BY number",
                (target.account, target.id, _part(target)),
            )
            found[target] = tuple(
                SentRequest(at=_iso(_time(at)), method=method, url=url, status=status)
                for at, method, url, status in rows
            )
        return found

    def targets_of(self, request: int) -> tuple[Target, ...]:
        """The targets of request *request*."""
        rows = self._all(
            "SELECT account, id, part FROM request_targets JOIN targets ON key=target "
            "WHERE request=? ORDER BY account, id, part",
            (request,),
        )
        return tuple(_target(row) for row in rows)

    def doubtful_requests(self) -> dict[int, tuple[Target, ...]]:
        """The newest request of each target in doubt, by number."""
        rows = self._all(
            "SELECT max(request), account, id, part FROM request_targets JOIN targets "
            "ON key=target WHERE outcome='in-doubt' GROUP BY target ORDER BY 1"
        )
        grouped: dict[int, list[Target]] = {}
        for row in rows:
            grouped.setdefault(row[0], []).append(_target(row[1:]))
        return {number: tuple(targets) for number, targets in grouped.items()}

    def deleted_since(self, account: str, since: datetime) -> int:
        row = self._one(
            "SELECT count(*) FROM targets WHERE account=? AND outcome='deleted' AND at>?",
            (account, since.timestamp()),
        )
        return cast(int, row[0])

    # ---- audit

    def audit_after(self, entry: int) -> list[dict[str, Any]]:
        """The records for the audit log with a number (`entry`) above *entry*."""
        rows = self._all("SELECT entry, record FROM audit WHERE entry>? ORDER BY entry", (entry,))
        return [{**json.loads(record), "entry": number} for number, record in rows]

    def audit_written(self, entry: int) -> None:
        """Those up to *entry* are safe in the audit log."""
        with self._transaction():
            self._db.execute("DELETE FROM audit WHERE entry<=?", (entry,))

    def _audit(self, run: int, records: Sequence[Mapping[str, Any]], now: datetime) -> None:
        if not records:
            return
        head = {"at": _iso(now), "run": str(run), "plan": self._plan_of(run)}
        self._db.executemany(
            "INSERT INTO audit(record) VALUES(?)",
            [(json.dumps({**head, **record}),) for record in records],
        )

    def _plan_of(self, run: int) -> str:
        if run not in self._plans:
            row = self._one("SELECT plan FROM runs WHERE number=?", (run,))
            self._plans[run] = (row[0] if row is not None else None) or ""
        return self._plans[run]

    # ---- plumbing

    def close(self) -> None:
        self._db.close()

    def _one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        with self._told("read"):
            return self._db.execute(sql, values).fetchone()

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._told("read"):
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._failed is not None:
            raise JournalFailed(self._failed)  # a failed write is never tried again
        try:
            with self._told("write"):
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._db.execute("COMMIT")
                except BaseException:
                    self._rollback()
                    raise
        except JournalFailed as error:
            self._failed = str(error)
            raise

    def _rollback(self) -> None:
        if self._db.in_transaction:
            try:
                self._db.execute("ROLLBACK")
            except sqlite3.Error:
                return  # the first error is the one that is told

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say which file, and what to do, for every error of the disk or of SQLite."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalFailed(
                f"{self.path}: cannot {what} the journal: {error}; nothing more was sent. "
                "What is recorded stays recorded; mend the disk and run again" + _space(self.path)
            ) from error


def _connected(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    if read_only:
        place = f"file:{quote(str(path))}?mode=ro"
        return sqlite3.connect(place, uri=True, isolation_level=None, timeout=30.0)
    return sqlite3.connect(path, isolation_level=None, timeout=30.0)


def _has_tail(path: Path) -> bool:
    """Whether a crash has left commits beside the file: whoever may write puts them into it."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _space(path: Path) -> str:
    try:
        free = os.statvfs(path.parent)
    except OSError:
        return ""
    return f" (free there: {free.f_bavail * free.f_frsize} bytes; needed: at least 1048576)"


def _part(target: Target) -> str:
    """Parts as stored: the empty text is *no part* (no driver has an empty part)."""
    return "" if target.part is None else target.part


def _target(row: Sequence[Any]) -> Target:
    return Target(row[0], row[1], row[2] or None)


def _state(row: Sequence[Any]) -> State:
    values = dict(zip(_FIELDS, row, strict=True))
    for name in _TIMES:
        values[name] = None if values[name] is None else _time(values[name])
    for name in ("digests", "inventory"):
        values[name] = tuple(json.loads(values[name])) if values[name] else ()
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    values["evidence"] = cast(Evidence | None, values["evidence"])
    values["cleared"] = bool(values["cleared"])
    return State(**values)


def _stored(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if name in ("digests", "inventory"):
        return json.dumps(list(value))
    return int(value) if isinstance(value, bool) else value


def _time(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _intent_record(number: int, intent: Intent) -> Mapping[str, Any]:
    return {
        "type": "intent",
        "request": number,
        "account": intent.account,
        "method": intent.method,
        "url": intent.url,
        "targets": [str(target) for target in intent.targets],
    }


def _result_record(account: str, result: Result) -> Mapping[str, Any]:
    return {
        "type": "outcome",
        "request": result.number,
        "account": account,
        "status": result.status,
        "verdict": result.verdict,
        "detail": result.detail,
        "vendorRequestId": result.vendor_id,
    }
