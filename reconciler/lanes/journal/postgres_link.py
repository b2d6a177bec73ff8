"""A connection to PostgreSQL, and what goes wrong with one, in our words.

What libpq would take from the environment (PGHOST, PGPASSWORD, PGSSLMODE …) counts for nothing:
the URL says it all. A password is never part of a text of ours; libpq's own texts are not shown.
"""

import getpass
import logging
import select
import time
from contextlib import closing
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reconciler.disk import closed_on_failure
from reconciler.errors import Locked, ReconcilerError
from reconciler.lanes.journal import Away, JournalFailed

logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # we tell in our own words
NAMESPACE = "reconciler"
"""The schema of the database that everything of ours lies in."""

# Where the URL does not say otherwise: a peer that is no more is noticed in half a minute.
_DEFAULTS = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "reconciler",
}
_SESSION = (
    "SELECT set_config('search_path', %s, false), set_config('client_min_messages', 'error', false)"
    ", set_config('statement_timeout', '0', false), set_config('lock_timeout', '10s', false)"
    ", set_config('idle_in_transaction_session_timeout', '5s', false)"
    ", set_config('tcp_keepalives_idle', '15', false), set_config('tcp_keepalives_interval', '5',"
    " false), set_config('tcp_keepalives_count', '3', false)"
    # What is asked is asked by keys, a few hundred at a time: never by going through a table of
    # millions, as is planned for one that was small, or of which the server knows nothing yet.
    ", set_config('plan_cache_mode', 'force_custom_plan', false), set_config('jit', 'off', false)"
    ", set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false)"
    ", set_config('join_collapse_limit', '1', false)"  # in the order that is written
    # What is large is packed in a fifth of the time, where the server can.
    ", (SELECT set_config(name, 'lz4', false) FROM pg_settings"
    " WHERE name='default_toast_compression' AND 'lz4'=ANY(enumvals))"
    # Durable before it is counted, whatever the role's default is.
    ", CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')"
    " THEN set_config('synchronous_commit', 'on', false) END"
)
# Who freezes with a job half ended would else keep all others from that job for as long.
_ENGINE = (
    "SELECT set_config('search_path', %s, false), set_config('lock_timeout', '10s', false)"
    ", set_config('idle_in_transaction_session_timeout', '5s', false)"
)
# What counts where nothing is given, and an empty text would not be understood.
_PLAIN = {
    "sslcertmode": "allow",
    "min_protocol_version": "3.0",
    "max_protocol_version": "3.0",
}


def connected(url: str, where: str, *, read_only: bool = False) -> psycopg.Connection[Any]:
    """A connection by *url*, each statement its own transaction; *where* it is, for people."""
    link = _reached(url, where, read_only=read_only)
    with closed_on_failure(link):
        if link.info.parameter_status("server_encoding") not in ("UTF8", None):
            raise _closed(where, _ENCODED)
        try:
            if _shared(link, url, where):
                raise _closed(where, _POOLED)
            link.execute(_SESSION, (NAMESPACE,))
            if read_only:
                link.execute("SET default_transaction_read_only = on")
        except psycopg.Error as error:
            raise failure(where, "read", error) from None
    return link


def _reached(url: str, where: str, *, read_only: bool) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(**options(url, read_only=read_only), autocommit=True)
    except psycopg.Error as error:
        raise _closed(where, _unreached(str(error))) from None


def _closed(where: str, words: str) -> ReconcilerError:
    kind = Away if words in _PASSING else ReconcilerError
    return kind(f"{where}: the state cannot be opened: {words}. Nothing was sent")


_ENCODED = (
    "not every name can be kept in it, as its encoding is not UTF8; "
    "make the database with ENCODING 'UTF8' TEMPLATE template0"
)
_POOLED = (
    "a pooler stands before it that gives each transaction a connection of its own, and locks "
    "live as long as a connection; name the database itself, or a pool in session mode"
)
_PATIENCE = 2.0  # seconds for another connection of the pool
_WHICH = "SELECT pg_backend_pid()"


def _shared(link: psycopg.Connection[Any], url: str, where: str) -> bool:
    """Whether others may have what serves *link* between its transactions.

    Who is told another process than the one that answers talks to a pooler. In session mode that
    one process stays, and is nobody else's; else it changes, or another connection finds it, too.
    """
    mine = {_serving(link)}
    if mine == {link.info.backend_pid}:
        return False
    with closing(_reached(url, where, read_only=True)) as other:
        for _ in range(3):
            if (theirs := _in_time(other)) is None:
                return False
            mine.add(_serving(link))
            if len(mine) > 1 or theirs in mine:
                return True
    return False


def _serving(link: psycopg.Connection[Any]) -> int:
    row = link.execute(_WHICH, prepare=False).fetchone()
    assert row is not None
    return int(row[0])


def _in_time(link: psycopg.Connection[Any]) -> int | None:
    """The same; None where a pool has no connection left for it."""
    low = link.pgconn
    low.send_query(_WHICH.encode())
    end = time.monotonic() + _PATIENCE
    while low.is_busy():
        ready, _, _ = select.select([low.socket], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return None
        low.consume_input()
    found = low.get_result()
    said = None if found is None else found.get_value(0, 0)
    while low.get_result() is not None:
        pass
    return None if said is None else int(said)


SILENCE = 5.0
"""Seconds after which who says nothing in the middle of a transaction is frozen."""


def frozen(seconds: float) -> str:
    """SQL that ends the transactions of those who have been silent in one for *seconds*.

    What they wrote in it is undone, and when they wake they are told; they are fenced. Who froze
    in the middle of a batch is not idle to the server, but about to say more: its own limit for
    idle transactions does not see that.
    """
    return (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=current_database() "
        "AND usename=current_user AND application_name LIKE 'reconciler%' "
        "AND (state='active' OR state LIKE 'idle in transaction%') "
        "AND wait_event='ClientRead' AND xact_start IS NOT NULL AND pid<>pg_backend_pid() "
        f"AND state_change < clock_timestamp() - interval '{seconds:.3f} seconds'"
    )


def shown(url: str) -> str:
    """Host and database of *url*, without anything that could be secret; its name if it is none."""
    given = _parsed(url)
    host = str(given.get("host") or given.get("hostaddr") or "")
    port = f":{given['port']}" if given.get("port") else ""
    name = given.get("dbname") or ""
    return f"postgresql://{'' if host.startswith('/') else host}{port}/{name}"


def _parsed(url: str) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.Error:
        raise ReconcilerError(
            "the state is not a postgresql:// URL that can be read; write "
            "postgresql://USER:PASSWORD@HOST/DATABASE, with % for what is special in a password"
        ) from None


def options(url: str, *, read_only: bool) -> dict[str, Any]:
    """What libpq is given for *url*; it holds the password."""
    given = _parsed(url)
    wanted = {**_DEFAULTS, **given, "client_encoding": "UTF8"}  # whatever its default there is
    wanted.setdefault("user", getpass.getuser())
    wanted.setdefault("dbname", wanted["user"])
    wanted.setdefault("target_session_attrs", "any" if read_only else "read-write")
    for one in pq.Conninfo.get_defaults():
        name = one.keyword.decode()
        if name not in wanted and one.val != one.compiled:  # the environment has one
            plain = one.compiled.decode() if one.compiled else _PLAIN.get(name, "")
            wanted[name] = plain
    return wanted


def for_engine(url: str) -> str:
    """What the engine that hands out work is given: the same. See `prepared_for_engine`."""
    given = options(url, read_only=False) | {"application_name": "reconciler-engine"}
    return make_conninfo(**given)


async def prepared_for_engine(link: psycopg.AsyncConnection[Any]) -> None:
    """Set *link* up for the engine: by a statement, as poolers take no such options."""
    await link.execute(_ENGINE, (NAMESPACE,))
    await link.commit()


_CHANGING = "it is starting up or shutting down; run again in a moment"
_STARTING = "it is starting up; run again in a moment"
_STOPPING = "it is shutting down; run again in a moment"
_CROWDED = "it has too many connections; run again in a moment"
_SILENT = "it does not answer in time"
_UNREACHED = "it is not reached; check host, port and network"
_PASSING = (_CHANGING, _STARTING, _STOPPING, _CROWDED, _SILENT, _UNREACHED)


def _unreached(said: str) -> str:
    """What a failed connection means; *said*, libpq's words, only chooses among ours."""
    for mark, words in (
        ("password authentication failed", "user or password are not accepted"),
        ("no password supplied", "a password is needed; put it into the URL"),
        ("no pg_hba.conf entry", "the server lets nobody in from here as this user"),
        ("session is read-only", "it is a standby, or read-only; name the primary"),
        ("is not accepting", _CHANGING),
        ("starting up", _STARTING),
        ("shutting down", _STOPPING),
        ("does not exist", "there is no such database or user"),
        ("certificate", "its certificate is not accepted (sslmode, sslrootcert)"),
        ("SSL", "no TLS as the URL asks for it (sslmode, sslrootcert)"),
        ("too many", _CROWDED),
        ("connection slots", _CROWDED),
        ("timeout", _SILENT),
        ("resolve host", "its name is not known"),
        ("translate host name", "its name is not known"),
    ):
        if mark in said:
            return words
    return _UNREACHED


_BUSY = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)
_ADVICE: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.InvalidSqlStatementName, _POOLED),
    (errors.DuplicatePreparedStatement, _POOLED),
    (errors.DiskFull, "its disk is full; make room there and run again"),
    (errors.OutOfMemory, "it is out of memory; run again when it has some"),
    (errors.InsufficientPrivilege, "this role may not; give it the rights of a worker"),
    (errors.ReadOnlySqlTransaction, "it is read-only; name the primary and run again"),
    (errors.UndefinedTable, "its schema is not whole; `reconciler db check` says what is missing"),
    (errors.UndefinedColumn, "its schema is not whole; `reconciler db check` says what is missing"),
    (errors.DataCorrupted, "it is damaged; put a backup in its place and run again"),
    (errors.IndexCorrupted, "it is damaged; put a backup in its place and run again"),
    (errors.IoError, "its disk failed; mend it and run again"),
)


def failure(where: str, what: str, error: psycopg.Error) -> ReconcilerError:
    """What *error* of the database means, in our words, with a way out."""
    if isinstance(error, _BUSY):
        return Locked(
            f"{where}: another run holds the journal; nothing more was sent. "
            "Run again when it has ended (`reconciler status` shows who)"
        )
    advice = next((words for kind, words in _ADVICE if isinstance(error, kind)), None)
    if advice is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        advice = "the connection was lost; run again when the database is there"
    return JournalFailed(
        f"{where}: cannot {what} the journal: {advice or 'run again; if it stays, see its log'}. "
        "Nothing more was sent, and what is recorded stays recorded"
    )
