"""The journal in PostgreSQL, shared by machines: one connection, the database's own clock."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, cast

import psycopg

from reconciler.disk import closed_on_failure
from reconciler.lanes.journal import JournalFailed, postgres_schema
from reconciler.lanes.journal.postgres_link import SILENCE, connected, failure, frozen, shown
from reconciler.lanes.journal.postgres_shared import Shared
from reconciler.lanes.journal.rows import moment
from reconciler.lanes.journal.sql import SqlJournal

_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {_CLOCK}"
_TYPES = {
    **dict.fromkeys(("answered", "at", "last_byte_at", "seen_at", "since"), "float8"),
    **dict.fromkeys(
        ("sends", "doubts", "cleared", "number", "run", "token", "seq", "status", "sent"), "bigint"
    ),
    "line": "bytea",
}
"""Of columns that are given many at once, where they are no text."""
_FRESH = 5.0  # seconds for which the database's clock is carried on with our own


class PostgresJournal(SqlJournal):
    """`Journal` in the database that *url* names. *clock*: in place of the database's.

    What machines share beside the journal is in `shared`. *url* holds a password: it is kept
    nowhere and shown never.
    """

    def __init__(
        self,
        url: str,
        project: str,
        *,
        clock: Callable[[], datetime] | None = None,
        read_only: bool = False,
    ) -> None:
        self._server = server = _Server(url, clock, read_only=read_only)
        with closed_on_failure(server):
            with server.told("read"):
                postgres_schema.check(server.connection, server.where, project)
                if not read_only:
                    server.connection.execute(frozen(SILENCE))
            super().__init__(server, project)
        self.shared = Shared(server, self._transaction)

    def reopen(self) -> None:
        """Begin anew after a failure, for who has written nothing that could be in doubt."""
        self._server.reconnect()
        self._failed = None

    def moved(self) -> bool:
        """Whether this database is another than the one that wrote the journal last.

        It was restored, or another took over: what was written in the last moments may be missing.
        """
        here = self._server.one(postgres_schema.PLACE)[0]
        written = self._server.one("SELECT value FROM meta WHERE key='place'")[0]
        return bool(here != written)

    def reborn(self) -> None:
        here = self._server.one(postgres_schema.PLACE)[0]
        super().reborn()
        with self._transaction():
            self._server.run("UPDATE meta SET value=? WHERE key='place'", (here,))


class _Server:
    """`SqlDatabase` on a server."""

    alone = " FOR UPDATE"

    def __init__(self, url: str, clock: Callable[[], datetime] | None, *, read_only: bool) -> None:
        self.where = shown(url)
        self._given = clock
        self._read = (0.0, float("-inf"))  # what the database's clock said, by our own, and when
        self._connect = partial(connected, url, self.where, read_only=read_only)
        self.connection = self._connect()

    def reconnect(self) -> None:
        """Another connection in the place of this one."""
        self.connection.close()
        self.connection = self._connect()

    # ---- clock

    def now(self) -> datetime:
        if self._given is not None:
            return self._given()
        said, at = self._read
        if time.monotonic() - at > _FRESH:
            self._set(self.one(_CLOCK)[0])
            said, at = self._read
        return moment(said) + timedelta(seconds=time.monotonic() - at)

    def _set(self, seconds: float) -> None:
        self._read = seconds, time.monotonic()

    # ---- what is asked and written

    def newest_entry(self) -> int:
        return cast(
            int,
            self.one("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit_entry_seq")[
                0
            ],
        )

    def others(self) -> None:
        return None

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        with self.told("read"):
            return self._done(sql, values).fetchone()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self.told("read"):
            return self._done(sql, values).fetchall()

    def of(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Any]:
        with self.told("read"):
            return self._with(sql, columns, rows).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        with self.told("write"):
            return self._done(sql, values).rowcount

    def each(self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """In one statement, however many *rows* there are."""
        if rows:
            with self.told("write"):
                self._with(sql, columns, rows)

    def put(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], clash: str = ""
    ) -> None:
        listed = ", ".join(columns)
        insert = f"INSERT INTO {table}({listed}) SELECT {listed} FROM given WHERE true {clash}"
        self.each(insert, columns, rows)

    def insert(self, sql: str, values: Sequence[Any], key: str) -> int:
        with self.told("write"):
            row = self._done(f"{sql} RETURNING {key}", values).fetchone()
            assert row is not None
            return cast(int, row[0])

    def _done(self, sql: str, values: Sequence[Any]) -> psycopg.Cursor[Any]:
        return self.connection.execute(_marked(sql), values or None, binary=True)

    def _with(
        self, sql: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> psycopg.Cursor[Any]:
        forms, values = [], []
        for number, some in enumerate(zip(*rows, strict=True)):
            form, value = _sent(some) if number else _listed(some)
            forms.append(form)
            values.append(value)
        given = _given(tuple(columns), tuple(forms))
        return self.connection.execute(given + sql, values, binary=True)

    @contextmanager
    def transaction(self) -> Iterator[datetime]:
        with self.told("write"):
            self._begin()
            try:
                yield self.now()
                self._commit()
            except BaseException:
                self._rollback()
                raise

    def _begin(self) -> None:
        cursor = self.connection.execute(_BEGIN, prepare=False)
        cursor.nextset()
        row = cursor.fetchone()
        assert row is not None
        self._set(row[0])

    def _commit(self) -> None:
        if self.connection.execute("COMMIT").statusmessage != "COMMIT":
            raise JournalFailed(f"{self.where}: nothing was written; run again")

    def _rollback(self) -> None:
        try:
            if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                self.connection.execute("ROLLBACK")
        except psycopg.Error:
            return  # the first error is the one that is told

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def told(self, what: str) -> Iterator[None]:
        """Say which database, and what to do, for every error of it."""
        try:
            yield
        except psycopg.Error as error:
            raise failure(self.where, what, error) from error


_BETWEEN = "\x1f"  # stands between texts that are sent as one
_FORMS = {
    "same": "%b::{0}",
    "texts": f"unnest(string_to_array(%b::text, '{_BETWEEN}'))",
    "list": "unnest(%b::{0}[])",
}


def _sent(values: Sequence[Any]) -> tuple[str, Any]:
    """How a column of *values* is sent: what all have in common once, as of a request's targets."""
    return ("same", values[0]) if values.count(values[0]) == len(values) else _listed(values)


def _listed(values: Sequence[Any]) -> tuple[str, Any]:
    """The same for one that says how many rows there are. Texts cost least as a single one."""
    if len(values) > 1 and {type(one) for one in values} == {str}:
        text = _BETWEEN.join(values)
        if text.count(_BETWEEN) == len(values) - 1:
            return "texts", text
    return "list", list(values)


@lru_cache(maxsize=256)
def _given(columns: tuple[str, ...], forms: tuple[str, ...]) -> str:
    """The table `given`, made of a value for each of *columns*, in its form."""
    given = [
        f"{_FORMS[form].format(_TYPES.get(one, 'text'))} AS {one}"
        for one, form in zip(columns, forms, strict=True)
    ]
    return f"WITH given AS (SELECT {', '.join(given)}) "


@lru_cache(maxsize=512)
def _marked(sql: str) -> Any:
    return sql.replace("?", "%s")
