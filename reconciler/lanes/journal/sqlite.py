"""The journal in one SQLite file: WAL, synchronous=FULL, one connection, commits shared."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from reconciler.lanes.journal import (
    Intent,
    JournalFailed,
    LaneLost,
    Ledger,
    Result,
    Ruling,
    Run,
    State,
    opening,
)
from reconciler.lanes.journal.rows import (
    FIELDS,
    identity,
    intent_record,
    iso,
    moment,
    part,
    result_record,
    state,
    stored,
)
from reconciler.model import Identity, SentRequest


class SqliteJournal:
    """`Journal` in a file. *clock* is the wall clock."""

    def __init__(
        self,
        path: Path,
        project: str,
        *,
        clock: Callable[[], datetime],
        read_only: bool = False,
    ) -> None:
        self.path = path
        self._clock = clock
        self._project = project
        self._plans: dict[int, str] = {}  # run -> its plan
        self._open: dict[int, tuple[str, str, str]] = {}  # request -> account, scope, kind
        self._failed: str | None = None  # what the first failed write said
        self._checks: list[Callable[[], None]] = []
        self._db = opening.to_read(path, project) if read_only else opening.to_write(path, project)
        meta = dict(self._all("SELECT key, value FROM meta"))
        self.identity: str = meta["identity"]
        self.restored_from: str | None = meta.get("restored-from")
        self.salt = bytes.fromhex(meta["salt"])
        self._file = None if read_only else opening.file_of(path)

    def watch(self, check: Callable[[], None]) -> None:
        """Call *check* before every write; what it raises keeps the write from being made."""
        self._checks.append(check)

    # ---- identity

    @property
    def newest_entry(self) -> int:
        """The number of the newest record that this journal ever made for the audit log."""
        row = self._one("SELECT seq FROM sqlite_sequence WHERE name='audit'")
        return 0 if row is None else cast(int, row[0])

    def reborn(self) -> None:
        """This journal lacks what it once knew: from now on it is another one.

        What it knows stays known; of no scope does it know all that was sent.
        """
        self.restored_from, self.identity = self.identity, opening.new_identity()
        with self._transaction():
            self._db.execute("UPDATE meta SET value=? WHERE key='identity'", (self.identity,))
            self._db.execute(
                "INSERT OR REPLACE INTO meta VALUES('restored-from', ?)", (self.restored_from,)
            )
            self._db.execute("DELETE FROM traces")

    def traced(self, scope: str) -> datetime | None:
        row = self._one("SELECT since FROM traces WHERE scope=?", (scope,))
        return None if row is None else moment(row[0])

    def scope_of(self, definition: str) -> str | None:
        row = self._one("SELECT scope FROM scopes WHERE definition=?", (definition,))
        return None if row is None else cast(str, row[0])

    def know(self, scopes: Mapping[str, str]) -> None:
        if all(self.scope_of(one) == scope for one, scope in scopes.items()):
            return
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO scopes VALUES(?,?)", scopes.items())

    def elsewhere(self, account: str, scope: str) -> int:
        row = self._one(
            "SELECT count(*) FROM targets WHERE account=? AND scope!=? AND outcome IS NOT NULL",
            (account, scope),
        )
        return cast(int, row[0])

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
            started = {
                "type": "run-started",
                "project": self._project,
                "command": kind,
                "restoredFrom": self.restored_from,
                **audit,
            }
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
        note = {"by": by, "because": because, "at": iso(now)}
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
                started=moment(row[3]),
                ended=moment(row[4]) if row[4] is not None else None,
                exit_code=row[5],
                holder=row[6],
                waived=tuple(json.loads(row[7])),
                reviewed=json.loads(row[8]) if row[8] else None,
            )
            for row in rows
        )

    def first_applied(self, plan: str) -> datetime | None:
        row = self._one("SELECT first_applied FROM plans WHERE digest=?", (plan,))
        return None if row is None else moment(row[0])

    # ---- lanes

    def trace(self, scopes: Sequence[str]) -> None:
        since = self._clock().timestamp()
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO traces VALUES(?,?)", [(scope, since) for scope in scopes]
            )

    def take(self, lane: str, scopes: Sequence[str], run: int, window: float) -> Ledger:
        now = self._clock()
        with self._transaction():
            self._db.execute(
                "INSERT INTO lanes(lane, epoch, run) VALUES(?,1,?) "
                "ON CONFLICT(lane) DO UPDATE SET epoch=epoch+1, run=excluded.run",
                (lane, run),
            )
            marks = ",".join("?" * len(scopes))
            lost = self._all(
                "SELECT number, kind, account, scope, run FROM requests "
                f"WHERE answered IS NULL AND (lane=? OR scope IN ({marks}))",
                (lane, *scopes),
            )
            for number, kind, *whose, its_run in lost:
                self._abandon(number, kind, (whose[0], whose[1]), its_run, now)
            epoch, paused_at, paused = self._one(
                "SELECT epoch, paused_at, paused_until FROM lanes WHERE lane=?", (lane,)
            )
        recent = self._all(
            "SELECT at, answered FROM requests WHERE lane=? AND sent=1 AND "
            "max(at, coalesce(answered, at)) > ? ORDER BY at",
            (lane, now.timestamp() - window),
        )
        return Ledger(
            epoch=epoch,
            recent=tuple(
                (moment(at), moment(end) if end is not None else None) for at, end in recent
            ),
            paused_until=moment(paused) if paused is not None else None,
            pause=float("inf") if paused is None else paused - paused_at,
        )

    def _abandon(
        self, number: int, kind: str, whose: tuple[str, str], run: int, now: datetime
    ) -> None:
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
            "ELSE max(doubts, 1) END, last_byte_at=?, seen_at=NULL, cleared=0, "
            "asked=coalesce(nullif((SELECT r.asked FROM request_targets r "
            "WHERE r.target=key AND r.request=?), '[]'), asked) WHERE key IN "
            "(SELECT target FROM request_targets WHERE request=?)",
            (detail, now.timestamp(), self._plan_of(run), now.timestamp(), number, number),
        )
        lost = Result(number, None, "no-answer", detail)
        self._audit(run, [result_record(whose, lost)], now)

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
                *whose, kind = self._known(result.number)
                if kind == "delete":  # as with intents: a read changes nothing
                    records.append(result_record((whose[0], whose[1]), result))
            for ruling in rulings:
                self._rule(ruling, late=held is not None and not owned)
            if owned:
                for intent in intents:
                    numbers.append(self._intend(intent, lane, run, now))
                    if intent.kind == "delete":
                        records.append(intent_record(numbers[-1], intent))
            self._audit(run, [*records, *audit], now)
        if intents and not owned:
            raise LaneLost(f"another run has taken {lane}; this one stopped before sending")
        return numbers

    def _intend(self, intent: Intent, lane: str, run: int, now: datetime) -> int:
        cursor = self._db.execute(
            "INSERT INTO requests(run, lane, account, scope, kind, method, url, at) "
            "VALUES(?,?,?,?,?,?,?,?)",
            (
                run,
                lane,
                intent.account,
                intent.scope,
                intent.kind,
                intent.method,
                intent.url,
                now.timestamp(),
            ),
        )
        number = cast(int, cursor.lastrowid)
        self._open[number] = intent.account, intent.scope, intent.kind
        asked = intent.asked or ((),) * len(intent.targets)
        for target, absences in zip(intent.targets, asked, strict=True):
            # Its state stays: what it says belongs to the outcome that is known so far.
            key = self._key(target, intent.account)
            row = (key, number, json.dumps(absences))
            self._db.execute("INSERT INTO request_targets VALUES(?,?,?)", row)
        return number

    def _known(self, number: int) -> tuple[str, str, str]:
        """The account, scope and kind of an open request, which ends with this."""
        known = self._open.pop(number, None)
        if known is not None:
            return known
        row = self._one("SELECT account, scope, kind FROM requests WHERE number=?", (number,))
        return row[0], row[1], row[2]

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
        unknown = set(ruling.changes) - set(FIELDS)
        if unknown:
            raise ValueError(f"not fields of a state: {sorted(unknown)}")
        if not ruling.changes:
            return
        changes = ", ".join(f"{name}=?" for name in ruling.changes)
        values = [stored(name, value) for name, value in ruling.changes.items()]
        unless = " AND outcome IS NOT 'deleted' AND outcome IS NOT 'already-absent'" if late else ""
        self._db.execute(
            f"UPDATE targets SET {changes} WHERE key=?{unless}",
            (*values, self._key(ruling.target, ruling.account)),
        )

    def _key(self, target: Identity, account: str) -> int:
        """The row of *target*, made when missing; its account is called *account* now."""
        names = (target.scope, target.id, part(target))
        row = self._one("SELECT key, account FROM targets WHERE scope=? AND id=? AND part=?", names)
        if row is None:
            cursor = self._db.execute(
                "INSERT INTO targets(scope, id, part, account) VALUES(?,?,?,?)", (*names, account)
            )
            return cast(int, cursor.lastrowid)
        if row[1] != account:
            self._db.execute("UPDATE targets SET account=? WHERE key=?", (account, row[0]))
        return cast(int, row[0])

    def holds(self, lane: str, epoch: int) -> bool:
        row = self._one("SELECT epoch FROM lanes WHERE lane=?", (lane,))
        return row is not None and row[0] == epoch

    def pause(self, lane: str, until: datetime) -> None:
        with self._transaction():
            self._db.execute(
                "UPDATE lanes SET paused_at=?, paused_until=? WHERE lane=?",
                (self._clock().timestamp(), until.timestamp(), lane),
            )

    # ---- targets

    def states(self, targets: Iterable[Identity]) -> dict[Identity, State]:
        columns = ", ".join(FIELDS)
        found: dict[Identity, State] = {}
        for target in targets:
            row = self._one(
                f"SELECT {columns} FROM targets WHERE scope=? AND id=? AND part=?",
                (target.scope, target.id, part(target)),
            )
            if row is not None:
                found[target] = state(row)
        return found

    def in_doubt(self) -> dict[Identity, State]:
        columns = ", ".join(FIELDS)
        rows = self._all(
            f"SELECT scope, id, part, {columns} FROM targets WHERE outcome='in-doubt' OR key IN "
            "(SELECT target FROM request_targets JOIN requests ON number=request "
            "WHERE answered IS NULL) ORDER BY scope, id, part"
        )
        return {identity(row): state(row[3:]) for row in rows}

    def requests(self, targets: Iterable[Identity]) -> dict[Identity, tuple[SentRequest, ...]]:
        found: dict[Identity, tuple[SentRequest, ...]] = {}
        for target in targets:
            rows = self._all(
                "SELECT r.at, r.method, r.url, r.status FROM request_targets JOIN requests r "
                "ON number=request WHERE sent=1 AND target="
                "(SELECT key FROM targets WHERE scope=? AND id=? AND part=?) ORDER BY number",
                (target.scope, target.id, part(target)),
            )
            found[target] = tuple(
                SentRequest(at=iso(moment(at)), method=method, url=url, status=status)
                for at, method, url, status in rows
            )
        return found

    def targets_of(self, request: int) -> tuple[Identity, ...]:
        """The targets of request *request*."""
        rows = self._all(
            "SELECT scope, id, part FROM request_targets JOIN targets ON key=target "
            "WHERE request=? ORDER BY scope, id, part",
            (request,),
        )
        return tuple(identity(row) for row in rows)

    def doubtful_requests(self) -> dict[int, tuple[Identity, ...]]:
        """The newest request of each target in doubt, by number."""
        rows = self._all(
            "SELECT max(request), scope, id, part FROM request_targets JOIN targets "
            "ON key=target WHERE outcome='in-doubt' GROUP BY target ORDER BY 1"
        )
        grouped: dict[int, list[Identity]] = {}
        for row in rows:
            grouped.setdefault(row[0], []).append(identity(row[1:]))
        return {number: tuple(targets) for number, targets in grouped.items()}

    def deleted_since(self, scope: str, since: datetime) -> int:
        row = self._one(
            "SELECT count(*) FROM targets WHERE scope=? AND outcome='deleted' AND at>?",
            (scope, since.timestamp()),
        )
        return cast(int, row[0])

    # ---- audit

    def audit_after(self, entry: int) -> list[dict[str, Any]]:
        """The records for the audit log with a number (`entry`) above *entry*."""
        rows = self._all("SELECT entry, record FROM audit WHERE entry>? ORDER BY entry", (entry,))
        mark = {"journal": self.identity}
        return [{**json.loads(record), **mark, "entry": number} for number, record in rows]

    def audit_written(self, entry: int) -> None:
        """Those up to *entry* are safe in the audit log."""
        with self._transaction():
            self._db.execute("DELETE FROM audit WHERE entry<=?", (entry,))

    def _audit(self, run: int, records: Sequence[Mapping[str, Any]], now: datetime) -> None:
        if not records:
            return
        head = {"at": iso(now), "run": str(run), "plan": self._plan_of(run)}
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
            for check in self._checks:
                check()
            with self._told("write"):
                self._in_place()
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

    def _in_place(self) -> None:
        """What is written must be where the next run will look for it."""
        if self._file is not None and opening.file_of(self.path) != self._file:
            raise JournalFailed(
                f"{self.path}: the journal was taken away or replaced while this run went on; "
                "nothing more was sent. Put it back as it was, and run again"
            )

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
            raise opening.failure(self.path, what, error) from error
