"""The journal in a database, in the SQL that SQLite and PostgreSQL share.

What differs, a `SqlDatabase` does: connections, transactions, the clock, and what an error means.
"""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, cast

from reconciler.lanes.journal import (
    Intent,
    JournalFailed,
    LaneLost,
    Ledger,
    Result,
    Ruling,
    Run,
    SharedState,
    State,
    StopOrdered,
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

_META = (
    "INSERT INTO meta(key, value) SELECT key, value FROM given WHERE true "
    "ON CONFLICT(key) DO UPDATE SET value=excluded.value"
)
_WANTED = "given w JOIN targets t ON t.scope=w.scope AND t.id=w.id AND t.part=w.part"
_FINAL = ("deleted", "already-absent")
_KNOWN = (*_FINAL, "in-doubt")
_EVERYWHERE = ""  # as the scope of an order to stop
_KEY = ("scope", "id", "part")
_AT_ONCE = 300  # targets that one query asks for


class SqlDatabase(Protocol):
    """One connection. SQL has `?` for values. What goes wrong is raised in our words.

    *alone*: what a query ends with, so that nobody else may change its rows meanwhile.
    """

    alone: str

    def now(self) -> datetime:
        """The time by which the journal goes."""

    def transaction(self) -> AbstractContextManager[datetime]:
        """All of what is written in it, durably, or nothing; gives the time."""

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first row, None if there is none."""

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows."""

    def of(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Any]:
        """All rows of *sql*, which has *rows* as the table `given`, of *columns*; at least one."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Write; how many rows that changed."""

    def each(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write all *rows*, in their order: *sql* has them as the table `given`, of *columns*."""

    def insert(self, sql: str, values: Sequence[Any], key: str) -> int:
        """Write one row; the number *key* that it was given."""

    def newest_entry(self) -> int:
        """The number of the newest record that was ever made for the audit log."""

    def close(self) -> None:
        """Let go of it."""


class SqlJournal:
    """`Journal` in *db*, which is one of *project*."""

    def __init__(self, db: SqlDatabase, project: str) -> None:
        self.shared: SharedState | None = None
        self._db = db
        self._project = project
        self._plans: dict[int, str] = {}  # run -> its plan
        self._open: dict[int, tuple[str, str, str]] = {}  # request -> account, scope, kind
        self._failed: str | None = None  # what the first failed write said
        self._checks: list[Callable[[], None]] = []
        meta = dict(db.all("SELECT key, value FROM meta"))
        self.identity: str = meta["identity"]
        self.restored_from: str | None = meta.get("restored-from")
        self.salt = bytes.fromhex(meta["salt"])

    def now(self) -> datetime:
        """The time by which the journal goes."""
        return self._db.now()

    def watch(self, check: Callable[[], None]) -> None:
        """Call *check* before every write; what it raises keeps the write from being made."""
        self._checks.append(check)

    # ---- identity

    @property
    def newest_entry(self) -> int:
        """The number of the newest record that this journal ever made for the audit log."""
        return self._db.newest_entry()

    def reborn(self) -> None:
        """This journal lacks what it once knew: from now on it is another one.

        What it knows stays known; of no scope does it know all that was sent.
        """
        self.restored_from, self.identity = self.identity, new_identity()
        with self._transaction():
            known = {"identity": self.identity, "restored-from": self.restored_from}
            self._db.each(_META, ("key", "value"), list(known.items()))
            self._db.run("DELETE FROM traces")

    def untrace(self, scopes: Collection[str]) -> list[str]:
        """Others have sent to *scopes*: those of them of which this journal knew all, till now."""
        had = [one for one in sorted(scopes) if self.traced(one) is not None]
        if had:
            with self._transaction():
                for one in had:
                    self._db.run("DELETE FROM traces WHERE scope=?", (one,))
        return had

    def traced(self, scope: str) -> datetime | None:
        row = self._db.one("SELECT since FROM traces WHERE scope=?", (scope,))
        return None if row is None else moment(row[0])

    def scope_of(self, definition: str) -> str | None:
        row = self._db.one("SELECT scope FROM scopes WHERE definition=?", (definition,))
        return None if row is None else cast(str, row[0])

    def know(self, scopes: Mapping[str, str]) -> None:
        if all(self.scope_of(one) == scope for one, scope in scopes.items()):
            return
        with self._transaction():
            self._db.each(
                "INSERT INTO scopes(definition, scope) SELECT definition, scope FROM given "
                "WHERE true ON CONFLICT(definition) DO UPDATE SET scope=excluded.scope",
                ("definition", "scope"),
                sorted(scopes.items()),
            )

    def elsewhere(self, account: str, scope: str) -> int:
        row = self._db.one(
            "SELECT count(*) FROM targets WHERE account=? AND (scope<? OR scope>?) "
            "AND outcome IS NOT NULL",
            (account, scope, scope),
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
        with self._transaction() as now:
            run = self._db.insert(
                "INSERT INTO runs(plan, kind, started, holder, waived) VALUES(?,?,?,?,?)",
                (plan, kind, now.timestamp(), holder, json.dumps([dict(w) for w in waived])),
                "number",
            )
            if plan is not None and kind == "apply":
                self._db.run(
                    "INSERT INTO plans VALUES(?,?) ON CONFLICT DO NOTHING", (plan, now.timestamp())
                )
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
        with self._transaction() as now:
            ended = self._db.run(
                "UPDATE runs SET ended=?, exit_code=? WHERE number=? AND ended IS NULL",
                (now.timestamp(), exit_code, run),
            )
            if ended:
                self._audit(run, [{"type": "run-ended", "exitCode": exit_code, **audit}], now)

    def review(self, run: int, by: str, because: str) -> bool:
        """A person has looked at what run *run* waived; False if it waived nothing."""
        with self._transaction() as now:
            note = {"by": by, "because": because, "at": iso(now)}
            changed = self._db.run(
                "UPDATE runs SET reviewed=? WHERE number=? AND waived != '[]'",
                (json.dumps(note), run),
            )
            if changed:
                self._audit(run, [{"type": "reviewed", "by": by, "because": because}], now)
        return changed > 0

    def runs(self, plan: str | None = None) -> tuple[Run, ...]:
        where, values = ("", ()) if plan is None else (" WHERE plan=?", (plan,))
        rows = self._db.all(
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
        row = self._db.one("SELECT first_applied FROM plans WHERE digest=?", (plan,))
        return None if row is None else moment(row[0])

    # ---- lanes

    def trace(self, scopes: Sequence[str]) -> None:
        with self._transaction() as now:
            self._db.each(
                "INSERT INTO traces(scope, since) SELECT scope, since FROM given WHERE true "
                "ON CONFLICT DO NOTHING",
                ("scope", "since"),
                [(scope, now.timestamp()) for scope in sorted(set(scopes))],
            )

    def take(self, lane: str, scopes: Sequence[str], run: int, window: float) -> Ledger:
        with self._transaction() as now:
            self._db.run(
                "INSERT INTO lanes(lane, epoch, run) VALUES(?,1,?) "
                "ON CONFLICT(lane) DO UPDATE SET epoch=lanes.epoch+1, run=excluded.run",
                (lane, run),
            )
            marks = ",".join("?" * len(scopes)) or "NULL"
            lost = self._db.all(
                "SELECT number, kind, account, scope, run FROM requests "
                f"WHERE answered IS NULL AND (lane=? OR scope IN ({marks}))",
                (lane, *scopes),
            )
            for number, kind, *whose, its_run in lost:
                self._abandon(number, kind, (whose[0], whose[1]), its_run, now)
            epoch, paused_at, paused = self._db.one(
                "SELECT epoch, paused_at, paused_until FROM lanes WHERE lane=?", (lane,)
            )
        since = now.timestamp() - window
        recent = self._db.all(
            "SELECT at, answered FROM requests WHERE lane=? AND sent=1 AND "
            "(at > ? OR answered > ?) ORDER BY at",
            (lane, since, since),
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
        self._db.run(
            "UPDATE requests SET answered=?, verdict='no-answer', detail=? WHERE number=?",
            (now.timestamp(), detail, number),
        )
        if kind != "delete":
            return
        self._db.run(
            "UPDATE targets SET outcome='in-doubt', detail=?, evidence=NULL, at=?, plan=?, "
            # Our own death says nothing of the vendor: however often it comes, it is one doubt;
            # and what was gone before and came back begins anew.
            "sends=sends+1, doubts=CASE WHEN outcome IN ('deleted', 'already-absent') THEN 1 "
            "WHEN doubts < 1 THEN 1 ELSE doubts END, last_byte_at=?, seen_at=NULL, cleared=0, "
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
        mild: bool = False,
    ) -> list[int]:
        numbers: list[int] = []
        with self._transaction() as now:
            held = self._db.one(f"SELECT epoch FROM lanes WHERE lane=?{self._db.alone}", (lane,))
            owned = held is not None and held[0] == epoch
            records: list[Mapping[str, Any]] = []
            for result in results:
                self._result(result, now)
                *whose, kind = self._known(result.number)
                if kind == "delete":  # as with intents: a read changes nothing
                    records.append(result_record((whose[0], whose[1]), result))
            late = _FINAL if held is not None and not owned else ()
            self._rule(rulings, stays=_KNOWN if mild else late)
            ended = self._ended(run, intents)
            if owned and ended is None:
                numbers = self._intend(intents, lane, run, now)
                records += [
                    intent_record(number, intent)
                    for number, intent in zip(numbers, intents, strict=True)
                    if intent.kind == "delete"
                ]
            self._audit(run, [*records, *audit], now)
        if intents and not owned:
            raise LaneLost(f"another run has taken {lane}; this one stopped before sending")
        if ended is not None:
            raise StopOrdered(ended)
        return numbers

    def _ended(self, run: int, intents: Sequence[Intent]) -> str | None:
        """The order that forbids one of *intents*, None if there is none."""
        said = (self.stop_ordered(run, scope) for scope in {one.scope for one in intents})
        return next((one for one in said if one is not None), None)

    def order_stop(
        self,
        runs: Sequence[int],
        *,
        by: str,
        because: str,
        account: str | None = None,
        scope: str | None = None,
    ) -> None:
        said = f"stopped by {by}: {because}"
        record = {
            "type": "stopped",
            "by": by,
            "because": because,
            "account": account,
            "scope": scope,
        }
        with self._transaction() as now:
            self._db.each(
                "INSERT INTO stops(run, scope, said) SELECT run, scope, said FROM given WHERE true "
                "ON CONFLICT(run, scope) DO NOTHING",
                ("run", "scope", "said"),
                [(run, scope or _EVERYWHERE, said) for run in runs],
            )
            for run in runs:
                self._audit(run, [record], now)

    def stop_ordered(self, run: int, scope: str) -> str | None:
        row = self._db.one(
            "SELECT said FROM stops WHERE run=? AND scope IN (?,?)", (run, scope, _EVERYWHERE)
        )
        return None if row is None else cast(str, row[0])

    def _intend(self, intents: Sequence[Intent], lane: str, run: int, now: datetime) -> list[int]:
        """The numbers of *intents*. Their targets' states stay as they are: what those say belongs
        to the outcomes that are known so far.
        """
        numbers = [self._request(intent, lane, run, now) for intent in intents]
        self._targets([(one, intent.account) for intent in intents for one in intent.targets])
        self._db.each(
            "INSERT INTO request_targets(target, request, asked) "
            "SELECT t.key, g.request, g.asked FROM given g "
            "JOIN targets t ON t.scope=g.scope AND t.id=g.id AND t.part=g.part",
            ("request", "asked", *_KEY),
            [
                (number, stored("asked", absences), *_named(target))
                for number, intent in zip(numbers, intents, strict=True)
                for target, absences in zip(
                    intent.targets, intent.asked or ((),) * len(intent.targets), strict=True
                )
            ],
        )
        return numbers

    def _request(self, intent: Intent, lane: str, run: int, now: datetime) -> int:
        number = self._db.insert(
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
            "number",
        )
        self._open[number] = intent.account, intent.scope, intent.kind
        return number

    def _known(self, number: int) -> tuple[str, str, str]:
        """The account, scope and kind of an open request, which ends with this."""
        known = self._open.pop(number, None)
        if known is not None:
            return known
        row = self._db.one("SELECT account, scope, kind FROM requests WHERE number=?", (number,))
        return row[0], row[1], row[2]

    def _result(self, result: Result, now: datetime) -> None:
        self._db.run(
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

    def _rule(self, rulings: Sequence[Ruling], *, stays: Collection[str]) -> None:
        """*stays*: the outcomes that somebody else has seen since, and that are not written over.

        Those of a runner that has lost its lane, and of one that never had it, come late.
        """
        for ruling in rulings:
            if unknown := set(ruling.changes) - set(FIELDS):
                raise ValueError(f"not fields of a state: {sorted(unknown)}")
        outcomes = ", ".join(f"'{one}'" for one in stays)
        unless = f" WHERE coalesce(targets.outcome, '') NOT IN ({outcomes})" if stays else ""
        for names, alike in _alike(rulings):
            columns = (*_KEY, "account", *names)
            listed = ", ".join(columns)
            changes = ", ".join(f"{name}=excluded.{name}" for name in ("account", *names))
            self._db.each(
                f"INSERT INTO targets({listed}) SELECT {listed} FROM given WHERE true "
                f"ON CONFLICT(scope, id, part) DO UPDATE SET {changes}{unless}",
                columns,
                sorted(
                    (*_named(one.target), one.account, *(stored(n, one.changes[n]) for n in names))
                    for one in alike
                ),
            )

    def _targets(self, named: Sequence[tuple[Identity, str]]) -> None:
        """Rows for targets, made when missing; their accounts are called what is given, now."""
        columns = (*_KEY, "account")
        rows = {_named(target): account for target, account in named}
        self._db.each(
            # Those that are there as they should be are not even locked.
            "INSERT INTO targets(scope, id, part, account) SELECT scope, id, part, account "
            "FROM given g WHERE NOT EXISTS (SELECT 1 FROM targets t WHERE t.scope=g.scope AND "
            "t.id=g.id AND t.part=g.part AND t.account||''=g.account) "  # by its key alone
            "ON CONFLICT(scope, id, part) DO UPDATE SET account=excluded.account",
            columns,
            sorted((*key, account) for key, account in rows.items()),
        )

    def holds(self, lane: str, epoch: int) -> bool:
        row = self._db.one("SELECT epoch FROM lanes WHERE lane=?", (lane,))
        return row is not None and row[0] == epoch

    def pause(self, lane: str, until: datetime) -> None:
        with self._transaction() as now:
            self._db.run(
                "UPDATE lanes SET paused_at=?, paused_until=? WHERE lane=?",
                (now.timestamp(), until.timestamp(), lane),
            )

    # ---- targets

    def states(self, targets: Iterable[Identity]) -> dict[Identity, State]:
        columns = ", ".join(f"t.{name}" for name in FIELDS)
        rows = self._of(f"SELECT w.scope, w.id, w.part, {columns} FROM {_WANTED}", targets)
        return {identity(row): state(row[3:]) for row in rows}

    def _of(self, sql: str, targets: Iterable[Identity]) -> Iterator[Any]:
        """The rows of *sql*, which has `_WANTED` in it, for *targets*."""
        todo = iter(targets)
        while some := tuple(islice(todo, _AT_ONCE)):
            heard = {one for one in {each.scope for each in some} if self._heard_of(one)}
            known = [each for each in some if each.scope in heard]
            if not known:
                continue
            yield from self._db.of(sql, _KEY, [_named(one) for one in known])

    def _heard_of(self, scope: str) -> bool:
        """Whether anything is known of any target there."""
        return self._db.one("SELECT 1 FROM targets WHERE scope=? LIMIT 1", (scope,)) is not None

    def in_doubt(self) -> dict[Identity, State]:
        columns = ", ".join(FIELDS)
        rows = self._db.all(
            # Two conditions that each have an index: of a million outcomes hardly one is in doubt.
            f"SELECT scope, id, part, {columns} FROM targets WHERE key IN "
            "(SELECT key FROM targets WHERE outcome='in-doubt' UNION "
            "SELECT target FROM request_targets WHERE request IN "
            "(SELECT number FROM requests WHERE answered IS NULL)) ORDER BY scope, id, part"
        )
        return {identity(row): state(row[3:]) for row in rows}

    def requests(self, targets: Iterable[Identity]) -> dict[Identity, tuple[SentRequest, ...]]:
        wanted = tuple(targets)
        found: dict[Identity, list[SentRequest]] = {target: [] for target in wanted}
        rows = self._of(
            "SELECT w.scope, w.id, w.part, r.at, r.method, r.url, r.status "
            f"FROM {_WANTED} JOIN request_targets x ON x.target=t.key "
            "JOIN requests r ON r.number=x.request WHERE r.sent=1 ORDER BY r.number",
            wanted,
        )
        for row in rows:
            at, method, url, status = row[3:]
            sent = SentRequest(at=iso(moment(at)), method=method, url=url, status=status)
            found[identity(row)].append(sent)
        return {target: tuple(sent) for target, sent in found.items()}

    def targets_of(self, request: int) -> tuple[Identity, ...]:
        """The targets of request *request*."""
        rows = self._db.all(
            "SELECT scope, id, part FROM request_targets JOIN targets ON key=target "
            "WHERE request=? ORDER BY scope, id, part",
            (request,),
        )
        return tuple(identity(row) for row in rows)

    def doubtful_requests(self) -> dict[int, tuple[Identity, ...]]:
        """The newest request of each target in doubt, by number."""
        rows = self._db.all(
            "SELECT (SELECT max(request) FROM request_targets WHERE target=key) newest, "
            "scope, id, part FROM targets WHERE outcome='in-doubt' ORDER BY 1, 2, 3, 4"
        )
        grouped: dict[int, list[Identity]] = {}
        for row in rows:
            if row[0] is not None:
                grouped.setdefault(row[0], []).append(identity(row[1:]))
        return {number: tuple(targets) for number, targets in grouped.items()}

    def deleted_since(self, scope: str, since: datetime) -> int:
        row = self._db.one(
            "SELECT count(*) FROM targets WHERE scope=? AND outcome='deleted' AND at>?",
            (scope, since.timestamp()),
        )
        return cast(int, row[0])

    # ---- audit

    def audit_after(self, entry: int, most: int = 1 << 40) -> list[dict[str, Any]]:
        """The first *most* records for the audit log with a number (`entry`) above *entry*."""
        rows = self._db.all(
            "SELECT entry, record FROM audit WHERE entry>? ORDER BY entry LIMIT ?", (entry, most)
        )
        mark = {"journal": self.identity}
        return [{**json.loads(record), **mark, "entry": number} for number, record in rows]

    def audit_written(self, entry: int) -> None:
        """Those up to *entry* are safe in the audit log."""
        with self._transaction():
            self._db.run("DELETE FROM audit WHERE entry<=?", (entry,))

    def _audit(self, run: int, records: Sequence[Mapping[str, Any]], now: datetime) -> None:
        if not records:
            return
        head = {"at": iso(now), "run": str(run), "plan": self._plan_of(run)}
        self._db.each(
            "INSERT INTO audit(record) SELECT record FROM given",
            ("record",),
            [(json.dumps({**head, **record}),) for record in records],
        )

    def _plan_of(self, run: int) -> str:
        if run not in self._plans:
            row = self._db.one("SELECT plan FROM runs WHERE number=?", (run,))
            self._plans[run] = (row[0] if row is not None else None) or ""
        return self._plans[run]

    # ---- plumbing

    def reopen(self) -> None:
        """Begin anew after a failure, for who has written nothing that could be in doubt."""
        raise JournalFailed(self._failed or "the journal is a file, which is opened once")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[datetime]:
        if self._failed is not None:
            raise JournalFailed(self._failed)  # a failed write is never tried again
        try:
            for check in self._checks:
                check()
            with self._db.transaction() as now:
                yield now
        except JournalFailed as error:
            self._failed = str(error)
            raise


def new_identity() -> str:
    """An identity that no other journal has."""
    return secrets.token_hex(16)


def new_meta(project: str) -> dict[str, str]:
    """What a new journal of *project* says of itself."""
    return {"project": project, "identity": new_identity(), "salt": secrets.token_hex(32)}


def _alike(rulings: Iterable[Ruling]) -> Iterator[tuple[tuple[str, ...], list[Ruling]]]:
    """*rulings* in their order, by what they change; of those together no two are of one target."""
    names: tuple[str, ...] = ()
    some: list[Ruling] = []
    seen: set[Identity] = set()
    for one in rulings:
        if not one.changes:
            continue
        if tuple(one.changes) != names or one.target in seen:
            if some:
                yield names, some
            names, some, seen = tuple(one.changes), [], set()
        some.append(one)
        seen.add(one.target)
    if some:
        yield names, some


def _named(target: Identity) -> tuple[str, str, str]:
    return target.scope, target.id, part(target)
