"""What machines share beside the journal: lane locks, the audit log, plans, reports, copies."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from reconciler.errors import Locked, ReconcilerError
from reconciler.lanes.handed import Handover
from reconciler.lanes.journal import ALL, NEWEST, Shelved
from reconciler.lanes.journal.postgres_handed import HandedLanes
from reconciler.lanes.journal.postgres_parts import Transaction, get, parts, put
from reconciler.lanes.journal.sql import SqlDatabase
from reconciler.lanes.locks import taken_by
from reconciler.prove.chain import members_of

_LOCKS = 0x7265636E_00000002  # advisory locks: those under which lanes are locked,
_CHAIN = 0x7265636E_00000003  # and records chained
_LINES = 1000  # lines of the log at a time

# A token is held by a session as an advisory lock: death frees it, and everybody can see it.
_ALIVE = (
    "SELECT lane, holder FROM locks WHERE token IN "
    "(SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype='advisory' "
    "AND objsubid=1 AND granted AND database="
    "(SELECT oid FROM pg_database WHERE datname=current_database())) ORDER BY lane"
)

Seal = Callable[[Mapping[str, Any], int, str], tuple[bytes, str]]


class Shared:
    """In *db*; what is written is a transaction of the journal's."""

    def __init__(self, db: SqlDatabase, transaction: Transaction) -> None:
        self._db = db
        self._transaction = transaction
        self.handed: Handover = HandedLanes(db, transaction)

    def locks(self) -> "SharedLocks":
        """Locks of lanes, none held yet."""
        return SharedLocks(self._db)

    # ---- plans, reports, copies

    def put(self, kind: Shelved, name: str, parts: Iterable[bytes]) -> None:
        """Keep what *parts* are together, durably. See `NEWEST`."""
        with self._transaction():
            if kind in NEWEST:
                self._db.run("DELETE FROM shelf WHERE kind=? AND name=?", (kind, name))
            put(self._db, kind, name, parts)

    def get(self, kind: Shelved, name: str) -> bytes | None:
        """What is kept under *name*, None if nothing is."""
        return get(self._db, kind, name)

    def plan(self, digest: str) -> Iterator[bytes] | None:
        """The plan of that digest, in parts, None if it is not kept."""
        return parts(self._db, "plan", digest)

    # ---- the audit log

    def chain(self, seal: Seal, journal: str, genesis: str, most: int = ALL) -> None:
        """Put the records of the journal that are in no log yet at the log's end, each once.

        Those that there are now: what others write meanwhile is not waited for.
        """
        newest = self._db.one("SELECT max(entry) FROM audit")[0]
        left = most
        while newest is not None and left > 0:
            with self._transaction():
                found = self._chain(seal, journal, genesis, newest, min(left, _LINES))
            if not found:
                return
            left -= found

    def _chain(self, seal: Seal, journal: str, genesis: str, newest: int, most: int) -> int:
        """The oldest of them, up to *newest*; how many that were."""
        self._db.one("SELECT pg_advisory_xact_lock(?)", (_CHAIN,))
        oldest = "SELECT entry FROM audit WHERE entry<=? ORDER BY entry LIMIT ?"
        sql = f"DELETE FROM audit WHERE entry IN ({oldest}) RETURNING entry, record"
        found = sorted(self._db.all(sql, (newest, most)))
        last = self._db.one("SELECT seq, hash FROM chain ORDER BY seq DESC LIMIT 1")
        seq, prev = last or (0, genesis)
        rows = []
        for entry, record in found:
            seq += 1
            whole = {**members_of(record), "journal": journal, "entry": entry}
            line, prev = seal(whole, seq, prev)
            rows.append((seq, prev, line))
        sql = "INSERT INTO chain(seq, hash, line) SELECT seq, hash, line FROM given"
        self._db.each(sql, ("seq", "hash", "line"), rows)
        return len(rows)

    def log(self) -> Iterator[bytes]:
        """The audit log, line by line."""
        seq = 0
        while True:
            sql = "SELECT seq, line FROM chain WHERE seq>? ORDER BY seq LIMIT ?"
            rows = self._db.all(sql, (seq, _LINES))
            if not rows:
                return
            yield from (bytes(line) for _, line in rows)
            seq = rows[-1][0]


class SharedLocks:
    """`Locks` for all machines: rows that name their holder, valid while its connection lives."""

    def __init__(self, db: SqlDatabase) -> None:
        self._db = db
        self._token = secrets.randbits(62)
        self._held: set[str] = set()

    def take(self, lanes: Sequence[str], holder: Mapping[str, Any]) -> None:
        """Lock every lane, or none; `Locked` names whoever holds one already.

        Between workers, who works a lane is said elsewhere: a worker takes it from a worker.
        """
        self._db.one("SELECT pg_advisory_lock(?)", (self._token,))
        try:
            with self._db.transaction():
                self._db.one("SELECT pg_advisory_xact_lock(?)", (_LOCKS,))
                alive = {lane: json.loads(who) for lane, who in self._db.all(_ALIVE)}
                if "worker" in holder:
                    alive = {lane: who for lane, who in alive.items() if "worker" not in who}
                _refuse(lanes, alive)
                self._db.each(
                    "INSERT INTO locks(lane, token, holder) SELECT lane, token, holder FROM given "
                    "WHERE true ON CONFLICT(lane) "
                    "DO UPDATE SET token=excluded.token, holder=excluded.holder",
                    ("lane", "token", "holder"),
                    [
                        (lane, self._token, json.dumps({"lane": lane, **holder}))
                        for lane in sorted(set(lanes))
                    ],
                )
        except BaseException:
            self._let_go()
            raise
        self._held.update(lanes)

    def check(self) -> None:
        """Nothing: a lane's epoch, which every intent asks, says whether it is still held."""

    def release(self) -> None:
        """Let go of every lane."""
        if self._held:
            self._held.clear()
            self._let_go()

    def _let_go(self) -> None:
        with suppress(ReconcilerError):  # a connection that is gone holds nothing any more
            self._db.run("DELETE FROM locks WHERE token=?", (self._token,))
            self._db.one("SELECT pg_advisory_unlock(?)", (self._token,))

    def holders(self) -> list[dict[str, Any]]:
        """Who holds which lane right now."""
        return [json.loads(who) for _, who in self._db.all(_ALIVE)]


def _refuse(lanes: Sequence[str], alive: Mapping[str, Mapping[str, Any]]) -> None:
    for lane in sorted(set(lanes)):
        if lane in alive:
            raise Locked(taken_by(lane, alive[lane]))
