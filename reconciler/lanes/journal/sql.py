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

from msgspec import structs

from reconciler.lanes.journal import (
    ALL,
    NOTHING,
    History,
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
    asked_in,
    identity,
    intent_record,
    iso,
    moment,
    named,
    part,
    result_record,
    state,
    stored,
    targets_in,
)
from reconciler.model import Identity, Outcome, SentRequest
from reconciler.prove import chain

_META = (
    "INSERT INTO meta(key, value) SELECT key, value FROM given WHERE true "
    "ON CONFLICT(key) DO UPDATE SET value=excluded.value"
)
_WANTED = "given w JOIN targets t ON t.scope=w.scope AND t.id=w.id AND t.part=w.part"
_FINAL = ("deleted", "already-absent")
_KNOWN = (*_FINAL, "in-doubt")
_EVERYWHERE = ""  # as the scope of an order to stop
_KEY = ("scope", "id", "part")
_REMEMBER = "requests=targets.requests||excluded.requests"
_FIELDS = frozenset(FIELDS)
_AT_ONCE = 300  # targets that one query asks for


_Open = tuple[str, str, str, tuple[Identity, ...]]  # account, scope, kind, targets


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

    def put(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], clash: str = ""
    ) -> None:
        """Write all *rows* of *table*, in their order; *clash*: SQL for one that is there."""

    def insert(self, sql: str, values: Sequence[Any], key: str) -> int:
        """Write one row; the number *key* that it was given."""

    def newest_entry(self) -> int:
        """The number of the newest record that was ever made for the audit log."""

    def others(self) -> int | None:
        """A number that changes with what another connection has written; None: nobody can tell."""

    def close(self) -> None:
        """Let go of it."""


class SqlJournal:
    """`Journal` in *db*, which is one of *project*."""

    def __init__(self, db: SqlDatabase, project: str) -> None:
        self.shared: SharedState | None = None
        self._db = db
        self._project = project
        self._plans: dict[int, str] = {}  # run -> its plan
        self._open: dict[int, _Open] = {}
        self._failed: str | None = None  # what the first failed write said
        self._ruled = 0  # how often targets were written here
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

    @property
    def mark(self) -> tuple[int, int] | None:
        """Stays while nothing is written of any target; None: nobody can tell."""
        others = self._db.others()
        return None if others is None else (others, self._ruled)

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
                "SELECT number, kind, account, scope, run, named FROM requests "
                f"WHERE answered IS NULL AND (lane=? OR scope IN ({marks}))",
                (lane, *scopes),
            )
            for number, kind, *whose, its_run, its_targets in lost:
                self._abandon(number, kind, (whose[0], whose[1]), its_run, its_targets, now)
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
        self,
        number: int,
        kind: str,
        whose: tuple[str, str],
        run: int,
        its_targets: str | None,
        now: datetime,
    ) -> None:
        """An intent whose runner died: it may have happened."""
        detail = "the run ended before an answer was recorded"
        self._db.run(
            "UPDATE requests SET answered=?, verdict='no-answer', detail=? WHERE number=?",
            (now.timestamp(), detail, number),
        )
        if kind != "delete":
            return
        self._ruled += 1
        account, scope = whose
        at, plan = now.timestamp(), self._plan_of(run)
        columns = (*_KEY, "account", "detail", "at", "plan", "asked", "last_byte_at", "requests")
        listed = ", ".join(columns)
        self._db.each(
            # Our own death says nothing of the vendor: however often it comes, it is one doubt;
            # and what was gone before and came back begins anew.
            f"INSERT INTO targets({listed}, outcome, sends, doubts) "
            f"SELECT {listed}, 'in-doubt', 1, 1 FROM given WHERE true "
            "ON CONFLICT(scope, id, part) DO UPDATE SET outcome='in-doubt', evidence=NULL, "
            "sends=targets.sends+1, doubts=CASE WHEN targets.outcome IN ('deleted', "
            "'already-absent') OR targets.doubts < 1 THEN 1 ELSE targets.doubts END, "
            "seen_at=NULL, cleared=0, asked=coalesce(excluded.asked, targets.asked), "
            f"{_REMEMBER}, "
            + ", ".join(
                f"{one}=excluded.{one}"
                for one in ("account", "detail", "at", "plan", "last_byte_at")
            ),
            columns,
            sorted(
                (
                    *(*_named(one), account, detail, at, plan),
                    *(stored("asked", asked) if asked else None, at, _ended(number)),
                )
                for one, asked in asked_in(scope, its_targets)
            ),
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
            over = _Over()
            self._results(results, now)
            for result in results:
                account, scope, kind, targets = self._known(result.number)
                over.add(result.number, account, targets)
                if kind == "delete":  # as with intents: a read changes nothing
                    records.append(result_record((account, scope), result))
            late = _FINAL if held is not None and not owned else ()
            self._rule(rulings, over, stays=_KNOWN if mild else late)
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
        return [self._request(intent, lane, run, now) for intent in intents]

    def _request(self, intent: Intent, lane: str, run: int, now: datetime) -> int:
        number = self._db.insert(
            "INSERT INTO requests(run, lane, account, scope, kind, method, url, at, named) "
            "VALUES(?,?,?,?,?,?,?,?,?)",
            (
                run,
                lane,
                intent.account,
                intent.scope,
                intent.kind,
                intent.method,
                intent.url,
                now.timestamp(),
                named(intent),
            ),
            "number",
        )
        self._open[number] = intent.account, intent.scope, intent.kind, intent.targets
        return number

    def _known(self, number: int) -> _Open:
        """The account, scope, kind and targets of an open request, which ends with this."""
        known = self._open.pop(number, None)
        if known is not None:
            return known
        account, scope, kind, text = self._db.one(
            "SELECT account, scope, kind, named FROM requests WHERE number=?", (number,)
        )
        return account, scope, kind, targets_in(scope, text)

    def _results(self, results: Sequence[Result], now: datetime) -> None:
        columns = ("answered", "status", "verdict", "detail", "vendor_id", "sent")
        listed = ", ".join(columns)
        self._db.each(
            f"UPDATE requests SET ({listed}) = "
            f"(SELECT {listed} FROM given g WHERE g.number=requests.number) "
            "WHERE number IN (SELECT number FROM given)",
            (*columns, "number"),
            [
                (
                    *(now.timestamp(), one.status, one.verdict, one.detail),
                    *(one.vendor_id, int(one.sent), one.number),
                )
                for one in results
            ],
        )

    def _rule(self, rulings: Sequence[Ruling], over: "_Over", *, stays: Collection[str]) -> None:
        """*stays*: the outcomes that somebody else has seen since, and that are not written over.

        Those of a runner that has lost its lane, and of one that never had it, come late. Of the
        requests that are *over*, all of their targets remember the number.
        """
        for changes in {id(one.changes): one.changes for one in rulings}.values():
            if unknown := changes.keys() - _FIELDS:
                raise ValueError(f"not fields of a state: {sorted(unknown)}")
        self._ruled += bool(rulings or over.numbers)
        if stays:
            self._remember(over)
        outcomes = ", ".join(f"'{one}'" for one in stays)
        unless = f" WHERE coalesce(targets.outcome, '') NOT IN ({outcomes})" if stays else ""
        for names, alike in _alike(rulings):
            updates = ", ".join(f"{name}=excluded.{name}" for name in ("account", *names))
            self._db.put(
                "targets",
                (*_KEY, "account", *names, "requests"),
                _rows(names, sorted(alike, key=lambda one: _named(one.target)), over),
                f"ON CONFLICT(scope, id, part) DO UPDATE SET {updates}, {_REMEMBER}{unless}",
            )
        self._remember(over)

    def _remember(self, over: "_Over") -> None:
        """Rows for the targets of requests that are *over*, made when missing."""
        self._db.put(
            "targets",
            (*_KEY, "account", "requests"),
            sorted((*_named(one), over.accounts[one], said) for one, said in over.numbers.items()),
            f"ON CONFLICT(scope, id, part) DO UPDATE SET account=excluded.account, {_REMEMBER}",
        )
        over.numbers.clear()

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
        sql = f"SELECT scope, id, part, {columns} FROM targets WHERE outcome='in-doubt'"
        found = {identity(row): state(row[3:]) for row in self._db.all(sql)}
        open_ = {one: account for _, account, targets in self._still_open() for one in targets}
        more = [one for one in open_ if one not in found]
        known = self.states(more)
        for one in more:
            found[one] = structs.replace(known.get(one, NOTHING), account=open_[one])
        return dict(sorted(found.items(), key=lambda each: _named(each[0])))

    def _still_open(self) -> list[tuple[int, str, tuple[Identity, ...]]]:
        """Number, account and targets of each deletion request of which no end is known."""
        sql = "SELECT number, account, scope, named FROM requests WHERE answered IS NULL"
        return [
            (number, account, targets_in(scope, text))
            for number, account, scope, text in self._db.all(f"{sql} ORDER BY number")
        ]

    def tally(self, plan: str, account: str, scope: str) -> dict[str, int] | None:
        counted = ", ".join(f"count(CASE WHEN outcome='{one}' THEN 1 END)" for one in Outcome)
        row = self._db.one(
            "SELECT count(CASE WHEN account<>? OR coalesce(plan, '')<>? THEN 1 END), "
            f"{counted} FROM targets WHERE scope=? AND outcome IS NOT NULL",
            (account, plan, scope),
        )
        others, *numbers = row
        return None if others else dict(zip(map(str, Outcome), numbers, strict=True))

    def history(self, targets: Iterable[Identity]) -> dict[Identity, History]:
        # Of the targets of one request, nearly all have the same to tell.
        told: dict[Identity, tuple[str, str | None]] = dict.fromkeys(targets, ("", None))
        sql = f"SELECT w.scope, w.id, w.part, t.requests, t.copy FROM {_WANTED}"
        told |= {identity(row): (row[3], row[4]) for row in self._of(sql, told)}
        for number, _, open_ in self._still_open():
            for one in open_:
                if one in told:
                    ended, copy = told[one]
                    told[one] = ended + _ended(number), copy
        numbers = {said: dict.fromkeys(map(int, said.split())) for said, _ in set(told.values())}
        sent = self._sent({one for some in numbers.values() for one in some})
        histories = {
            (said, copy): History(tuple([sent[n] for n in numbers[said] if n in sent]), copy)
            for said, copy in set(told.values())
        }
        return {target: histories[one] for target, one in told.items()}

    def _sent(self, numbers: Collection[int]) -> dict[int, SentRequest]:
        """Those of the requests *numbers* that were sent."""
        found, todo = {}, iter(sorted(numbers))
        sql = (
            "SELECT r.number, r.at, r.method, r.url, r.status "
            "FROM given g JOIN requests r ON r.number=g.number WHERE r.sent=1"
        )
        while some := [(one,) for one in islice(todo, _AT_ONCE)]:
            for number, at, method, url, status in self._db.of(sql, ("number",), some):
                sent = SentRequest(at=iso(moment(at)), method=method, url=url, status=status)
                found[number] = sent
        return found

    def targets_of(self, request: int) -> tuple[Identity, ...]:
        """The targets of request *request*."""
        row = self._db.one("SELECT scope, named FROM requests WHERE number=?", (request,))
        return () if row is None else tuple(sorted(targets_in(*row), key=_named))

    def doubtful_requests(self) -> dict[int, tuple[Identity, ...]]:
        """The newest request of each target in doubt, by number."""
        rows = self._db.all(
            "SELECT scope, id, part, requests FROM targets WHERE outcome='in-doubt'"
        )
        newest = {identity(row): max(map(int, row[3].split()), default=0) for row in rows}
        for number, _, targets in self._still_open():
            newest |= {one: max(number, newest[one]) for one in targets if one in newest}
        grouped: dict[int, list[Identity]] = {}
        for one in sorted(newest, key=_named):
            if newest[one]:
                grouped.setdefault(newest[one], []).append(one)
        return {number: tuple(targets) for number, targets in sorted(grouped.items())}

    def deleted_since(self, scope: str, since: datetime) -> int:
        row = self._db.one(
            "SELECT count(*) FROM targets WHERE scope=? AND outcome='deleted' AND at>?",
            (scope, since.timestamp()),
        )
        return cast(int, row[0])

    # ---- audit

    def audit_after(self, entry: int, most: int = ALL) -> list[dict[str, Any]]:
        """The first *most* records for the audit log with a number (`entry`) above *entry*."""
        return self._entries(chain.record_of, entry, most)

    def audit_members(self, entry: int, most: int) -> list[dict[str, Any]]:
        """The same, the value of each of their members as it is written there."""
        return self._entries(chain.members_of, entry, most)

    def _entries(
        self, read: Callable[[str], Mapping[str, Any]], entry: int, most: int
    ) -> list[dict[str, Any]]:
        rows = self._db.all(
            "SELECT entry, record FROM audit WHERE entry>? ORDER BY entry LIMIT ?", (entry, most)
        )
        mark = {"journal": self.identity}
        return [{**read(record), **mark, "entry": number} for number, record in rows]

    def audit_written(self, entry: int) -> None:
        """Those up to *entry* are safe in the audit log."""
        with self._transaction():
            self._db.run("DELETE FROM audit WHERE entry<=?", (entry,))

    def _audit(self, run: int, records: Sequence[Mapping[str, Any]], now: datetime) -> None:
        if not records:
            return
        head = {"at": iso(now), "run": str(run), "plan": self._plan_of(run)}
        texts = chain.texts([{**head, **one} for one in records])
        self._db.put("audit", ("record",), [(text.decode(),) for text in texts])

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
    last: Mapping[str, Any] | None = None
    for one in rulings:
        if not one.changes:
            continue
        same = one.changes is last or tuple(one.changes) == names  # as of one request they are
        if not same or one.target in seen:
            if some:
                yield names, some
            names, some, seen = tuple(one.changes), [], set()
        last = one.changes
        some.append(one)
        seen.add(one.target)
    if some:
        yield names, some


def _rows(names: Sequence[str], rulings: Sequence[Ruling], over: "_Over") -> list[tuple[Any, ...]]:
    """What is stored of *rulings*, which all change the fields *names*."""
    made: dict[int, tuple[Any, ...]] = {}  # those of one request share what they change
    rows = []
    for one in rulings:
        values = made.get(id(one.changes))
        if values is None:
            values = tuple([stored(name, one.changes[name]) for name in names])
            made[id(one.changes)] = values
        rows.append((*_named(one.target), one.account, *values, over.numbers.pop(one.target, "")))
    return rows


class _Over:
    """What is to be remembered of requests that are over: of each target, their numbers."""

    def __init__(self) -> None:
        self.numbers: dict[Identity, str] = {}
        self.accounts: dict[Identity, str] = {}

    def add(self, number: int, account: str, targets: Iterable[Identity]) -> None:
        said = _ended(number)
        for one in targets:
            self.numbers[one] = self.numbers.get(one, "") + said
            self.accounts[one] = account


def _ended(number: int) -> str:
    """What is put at the end of a target's `requests`."""
    return f"{number} "


def _named(target: Identity) -> tuple[str, str, str]:
    return target.scope, target.id, part(target)
