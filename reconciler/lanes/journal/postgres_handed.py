"""Lanes handed over to workers: which there are, who works them, and what is told of them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.lanes.handed import OPEN, Bundle, HandedLane, LaneState
from reconciler.lanes.journal.postgres_link import SILENCE, frozen
from reconciler.lanes.journal.postgres_parts import Transaction, parts, put
from reconciler.lanes.journal.rows import moment
from reconciler.lanes.journal.sql import SqlDatabase

TABLES = """
CREATE TABLE handed(
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run BIGINT NOT NULL,
  plan TEXT COLLATE "C" NOT NULL, lane TEXT COLLATE "C" NOT NULL, accounts TEXT NOT NULL,
  targets BIGINT NOT NULL, state TEXT NOT NULL DEFAULT 'queued', takes BIGINT NOT NULL DEFAULT 0,
  clean SMALLINT NOT NULL DEFAULT 1, owner TEXT, said TEXT, code INTEGER,
  waiting_until DOUBLE PRECISION, began DOUBLE PRECISION, taken DOUBLE PRECISION,
  files TEXT, closed DOUBLE PRECISION,
  done BIGINT NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX handed_once ON handed(plan, lane) WHERE state NOT IN ('done', 'stopped');
CREATE INDEX handed_run ON handed(run);
CREATE TABLE told(
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run BIGINT NOT NULL, line TEXT NOT NULL);
CREATE INDEX told_run ON told(run, number);
"""
_DUE = "(waiting_until IS NULL OR waiting_until <= extract(epoch FROM clock_timestamp())::float8)"
_COLUMNS = (
    "number, run, plan, lane, accounts, targets, state, takes, clean, owner, said, code, "
    f"waiting_until, {_DUE}, began, done"
)
_LINES = 100  # of what is told, in a row
_OPEN = "state NOT IN ('done', 'stopped')"


class HandedLanes:
    """In *db*; what is written is a transaction of the journal's."""

    def __init__(self, db: SqlDatabase, transaction: Transaction) -> None:
        self._db = db
        self._transaction = transaction

    def hand(self, run: int, plan: str, bundles: Sequence[Bundle]) -> None:
        """Hand all of *bundles* over, each a lane of *plan*, or none."""
        with self._transaction():
            for one in bundles:
                number = self._db.insert(
                    "INSERT INTO handed(run, plan, lane, accounts, targets) VALUES(?,?,?,?,?)",
                    (run, plan, one.lane, json.dumps(one.accounts), one.targets),
                    "number",
                )
                put(self._db, "work", str(number), one.work)

    def work(self, number: int) -> Iterator[bytes]:
        """What was handed over with the lane, in parts."""
        found = parts(self._db, "work", str(number))
        assert found is not None
        return found

    def fates(self, number: int) -> Iterator[bytes] | None:
        """What became of each target, in parts; None where that was not told at the lane's end."""
        return parts(self._db, "fates", str(number))

    def lanes(self, *, run: int | None = None, plan: str | None = None) -> list[HandedLane]:
        """Those of a run, or of a plan; of neither: those that are not at their end."""
        if run is not None:
            return self._lanes("run=?", (run,))
        if plan is not None:
            return self._lanes(f"plan=? AND {_OPEN}", (plan,))
        return self._lanes(_OPEN)

    def due(self) -> list[HandedLane]:
        """Those that a worker may take now, or has taken."""
        return self._lanes(f"{_OPEN} AND {_DUE}")

    def ended(self, run: int) -> bool:
        """Whether every lane of the run is at its end."""
        return self._db.one(f"SELECT 1 FROM handed WHERE run=? AND {_OPEN} LIMIT 1", (run,)) is None

    def _lanes(self, which: str, values: Sequence[Any] = ()) -> list[HandedLane]:
        sql = f"SELECT {_COLUMNS} FROM handed WHERE {which} ORDER BY number"
        return [_lane(row) for row in self._db.all(sql, values)]

    def take(self, number: int, owner: Mapping[str, Any]) -> HandedLane | None:
        """Work the lane from now on, whoever did before; None if it is at its end, or not due.

        What comes back says how it was left: whether it was taken before, and given back whole.
        """
        with self._transaction() as now:
            row = self._db.one(
                f"SELECT {_COLUMNS} FROM handed WHERE number=? AND {_OPEN} AND {_DUE} FOR UPDATE",
                (number,),
            )
            if row is None:
                return None
            self._db.run(
                "UPDATE handed SET state='working', takes=takes+1, clean=0, owner=?, "
                "waiting_until=NULL, began=coalesce(began, ?), taken=? WHERE number=?",
                (json.dumps(dict(owner)), now.timestamp(), now.timestamp(), number),
            )
        return _lane(row)

    def mark(
        self,
        number: int,
        takes: int,
        state: LaneState,
        *,
        said: str | None = None,
        code: int | None = None,
        until: float | None = None,
        files: str | None = None,
        whole: bool = True,
        done: int | None = None,
        fates: Iterable[bytes] | None = None,
    ) -> bool:
        """What the lane is now; False for whoever has lost it (*takes*: how often it was taken).

        Who waits until a time, or works no more, gives it back.
        """
        ends = state != "working"
        with self._transaction() as now:
            changed = self._db.run(
                "UPDATE handed SET state=?, said=?, code=?, waiting_until=?, files=?, "
                "done=coalesce(?, done), clean=?, closed=?, "
                "owner=CASE WHEN ?=1 THEN NULL ELSE owner END "
                f"WHERE number=? AND takes=? AND {_OPEN}",
                (
                    *(state, said, code, until, files, done, int(ends and whole)),
                    *(None if state in OPEN else now.timestamp(), int(ends), number, takes),
                ),
            )
            if changed and fates is not None:
                put(self._db, "fates", str(number), fates)
            if changed and state not in OPEN:
                self._db.run("DELETE FROM shelf WHERE kind='work' AND name=?", (str(number),))
        return changed > 0

    def free(self, silence: float) -> None:
        """End the transactions of those who have been silent in one for so many seconds."""
        self._db.all(frozen(min(silence, SILENCE)))

    def crowded(self) -> bool:
        """Whether a lane that is due waits for a worker."""
        sql = f"SELECT 1 FROM handed WHERE {_OPEN} AND owner IS NULL AND {_DUE} LIMIT 1"
        return self._db.one(sql) is not None

    def wake(self, files: str) -> None:
        """Lanes that wait by another project file than *files* are due."""
        with self._transaction():
            sql = "UPDATE handed SET waiting_until=NULL WHERE state='waiting' AND files<>?"
            self._db.run(sql, (files,))

    def unended(self, since: float) -> list[int]:
        """The runs whose last lane came to its end *since* seconds ago, and that nobody ended."""
        rows = self._db.all(
            "SELECT h.run FROM handed h JOIN runs r ON r.number=h.run WHERE r.ended IS NULL "
            "GROUP BY h.run HAVING count(closed)=count(*) AND "
            "max(closed) < extract(epoch FROM clock_timestamp())::float8 - ? ORDER BY h.run",
            (since,),
        )
        return [row[0] for row in rows]

    # ---- what is told

    def tell(self, run: int, lines: Sequence[str]) -> None:
        """Tell whoever follows the run."""
        with self._transaction():
            self._db.each(
                "INSERT INTO told(run, line) SELECT run, said FROM given",
                ("run", "said"),
                [(run, "\n".join(lines[n : n + _LINES])) for n in range(0, len(lines), _LINES)],
            )

    def told(self, run: int, after: int) -> list[tuple[int, str]]:
        """What was told of the run since."""
        sql = "SELECT number, line FROM told WHERE run=? AND number>? ORDER BY number LIMIT 20"
        return [
            (number, line)
            for number, lines in self._db.all(sql, (run, after))
            for line in lines.split("\n")
        ]

    def forget(self, run: int) -> None:
        """Nobody follows the run any more."""
        with self._transaction():
            self._db.run("DELETE FROM told WHERE run=?", (run,))


def _lane(row: Sequence[Any]) -> HandedLane:
    return HandedLane(
        number=row[0],
        run=row[1],
        plan=row[2],
        lane=row[3],
        accounts=tuple(json.loads(row[4])),
        targets=row[5],
        state=row[6],
        takes=row[7],
        clean=bool(row[8]),
        owner=None if row[9] is None else json.loads(row[9]),
        said=row[10],
        code=row[11],
        waiting_until=None if row[12] is None else moment(row[12]),
        due=row[13],
        began=None if row[14] is None else moment(row[14]),
        done=row[15],
    )
