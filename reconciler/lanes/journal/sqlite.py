"""The journal in one SQLite file: WAL, synchronous=FULL, one connection, commits shared."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from reconciler.disk import closed_on_failure
from reconciler.lanes.journal import JournalFailed, opening
from reconciler.lanes.journal.sql import SqlJournal


class SqliteJournal(SqlJournal):
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
        db = _File(path, project, clock, read_only=read_only)
        with closed_on_failure(db):
            super().__init__(db, project)

    def audit_written(self, entry: int) -> None:
        with self._transaction():  # in which nobody else writes
            newest = self._db.one("SELECT max(entry) FROM audit")[0]
            if newest is not None and newest <= entry:
                self._db.run("DELETE FROM audit")  # all at once, and not one by one
            else:
                self._db.run("DELETE FROM audit WHERE entry<=?", (entry,))


class _File:
    """`SqlDatabase` in a SQLite file."""

    alone = ""  # whoever writes is alone

    def __init__(
        self, path: Path, project: str, clock: Callable[[], datetime], *, read_only: bool
    ) -> None:
        self._path = path
        self.now = clock
        self._db = opening.to_read(path, project) if read_only else opening.to_write(path, project)
        with closed_on_failure(self._db), self._told("open"):
            self._file = None if read_only else opening.file_of(path)

    def newest_entry(self) -> int:
        row = self.one("SELECT seq FROM sqlite_sequence WHERE name='audit'")
        return 0 if row is None else cast(int, row[0])

    def others(self) -> int:
        return cast(int, self.one("PRAGMA data_version")[0])

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        with self._told("read"):
            return self._db.execute(sql, values).fetchone()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._told("read"):
            return self._db.execute(sql, values).fetchall()

    def of(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Any]:
        return self.all(_given(columns, len(rows)) + sql, [one for row in rows for one in row])

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        with self._told("write"):
            return self._db.execute(sql, values).rowcount

    def each(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        with self._told("write"):
            self._db.executemany(_given(columns) + sql, rows)  # one by one: here that is as quick

    def put(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], clash: str = ""
    ) -> None:
        marks = ",".join("?" * len(columns))
        with self._told("write"):
            self._db.executemany(
                f"INSERT INTO {table}({','.join(columns)}) VALUES({marks}) {clash}", rows
            )

    def insert(self, sql: str, values: Sequence[Any], key: str) -> int:
        del key  # the row's own number
        with self._told("write"):
            return cast(int, self._db.execute(sql, values).lastrowid)

    @contextmanager
    def transaction(self) -> Iterator[datetime]:
        with self._told("write"):
            self._in_place()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self.now()
                self._db.execute("COMMIT")
            except BaseException:
                self._rollback()
                raise

    def close(self) -> None:
        self._db.close()

    def _in_place(self) -> None:
        """What is written must be where the next run will look for it."""
        if self._file is not None and opening.file_of(self._path) != self._file:
            raise JournalFailed(
                f"{self._path}: the journal was taken away or replaced while this run went on; "
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
            raise opening.failure(self._path, what, error) from error


def _given(columns: Sequence[str], rows: int = 1) -> str:
    """The table `given`, of so many rows."""
    row = f"({','.join('?' * len(columns))})"
    return f"WITH given({','.join(columns)}) AS (VALUES {','.join([row] * rows)}) "
