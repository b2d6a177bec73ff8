"""The tables in PostgreSQL: made, upgraded and checked by `reconciler db`, and by nothing else."""

import re
from typing import Any

import psycopg
from psycopg import errors, sql

from reconciler.lanes.journal import JournalFailed, postgres_handed
from reconciler.lanes.journal.postgres_link import NAMESPACE
from reconciler.lanes.journal.sql import new_meta
from reconciler.lanes.journal.tables import VERSION, in_postgres

PLACE = (
    "SELECT (SELECT system_identifier FROM pg_control_system()) || ' ' || "
    "CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
)
"""Which database this is: it changes where another server takes over, and where it is restored."""

_ALONE = 0x7265636E_00000001  # the advisory lock under which tables are made

_SHARED = """
CREATE TABLE chain(seq BIGINT PRIMARY KEY, hash TEXT NOT NULL, line BYTEA NOT NULL);
CREATE TABLE locks(lane TEXT COLLATE "C" PRIMARY KEY, token BIGINT NOT NULL, holder TEXT NOT NULL);
CREATE TABLE shelf(
  kind TEXT NOT NULL, name TEXT COLLATE "C" NOT NULL, part INTEGER NOT NULL, data BYTEA NOT NULL,
  PRIMARY KEY(kind, name, part));
"""
_TABLES = in_postgres() + _SHARED + postgres_handed.TABLES

# From a version to the next.
_STEPS: dict[int, str] = {}


def make(link: psycopg.Connection[Any], where: str, project: str, engine: str) -> bool:
    """Make the tables, if they are not there; False if they were. Whoever else does so waits.

    *engine*: the SQL that makes those of what hands out work.
    """
    with link.transaction():
        link.execute("SELECT pg_advisory_xact_lock(%s)", (_ALONE,))
        if _version(link) is not None:
            check(link, where, project)
            return False
        # As few rights as that takes: who owns the schema need not own the database.
        if link.execute("SELECT to_regnamespace(%s)", (NAMESPACE,)).fetchone() == (None,):
            link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(NAMESPACE)))
        link.execute(_TABLES, prepare=False)
        link.execute(engine, prepare=False)
        place = link.execute(PLACE).fetchone()
        assert place is not None
        said = {**new_meta(project), "version": str(VERSION), "place": place[0]}
        with link.cursor() as cursor:
            cursor.executemany("INSERT INTO meta VALUES(%s, %s)", list(said.items()))
    return True


def upgrade(link: psycopg.Connection[Any], where: str, project: str) -> int:
    """Bring the tables to this program's version; the version that they had."""
    with link.transaction():
        link.execute("SELECT pg_advisory_xact_lock(%s)", (_ALONE,))
        found = _version(link)
        if found is None:
            raise _missing(where)
        version = found
        if _leads_here(version):
            while version < VERSION:
                link.execute(_STEPS[version], prepare=False)
                version += 1
            link.execute("UPDATE meta SET value=%s WHERE key='version'", (str(version),))
        check(link, where, project)
    return found


def check(link: psycopg.Connection[Any], where: str, project: str) -> None:
    """Refuse what is not the journal of *project* in this program's version."""
    version = _version(link)
    if version is None:
        raise _missing(where)
    if version > VERSION:
        raise JournalFailed(
            f"{where}: written by a newer reconciler (schema {version}, this one knows {VERSION}); "
            "nothing was changed. Install that version here"
        )
    if not _leads_here(version):
        raise JournalFailed(
            f"{where}: of a reconciler that this one does not know (schema {version}); nothing was "
            "changed. Install the version that made it here, or give this one an empty database"
        )
    if version < VERSION:
        raise JournalFailed(
            f"{where}: of an older reconciler (schema {version}, this one knows {VERSION}); "
            "nothing was changed. Let its runs end, then `reconciler db upgrade` as the owner"
        )
    row = link.execute("SELECT value FROM meta WHERE key='project'").fetchone()
    owner = None if row is None else row[0]
    if owner != project:
        raise JournalFailed(
            f"{where}: the journal of project {owner!r}, not of {project!r}; nothing was changed. "
            "Give each project a database of its own"
        )


def check_whole(link: psycopg.Connection[Any], where: str) -> None:
    """`JournalFailed` with every table that is missing."""
    missing = [
        name
        for name in _names()
        if link.execute("SELECT to_regclass(%s)", (f"{NAMESPACE}.{name}",)).fetchone() == (None,)
    ]
    if missing:
        raise JournalFailed(
            f"{where}: its schema lacks {', '.join(missing)}; put a backup in its place"
        )


def check_rights(link: psycopg.Connection[Any], where: str) -> None:
    """`JournalFailed` with every table that this role may not write."""
    ask = (
        "SELECT bool_and(has_table_privilege(%s, kind)) "
        "FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) kind"
    )
    missing = [
        name
        for name in _names()
        if link.execute(ask, (f"{NAMESPACE}.{name}",)).fetchone() != (True,)
    ]
    if missing:
        raise JournalFailed(
            f"{where}: this role may not write {', '.join(missing)}; give it the rights of a worker"
        )


def _names() -> list[str]:
    return re.findall(r"CREATE TABLE (\w+)", _TABLES)


def _version(link: psycopg.Connection[Any]) -> int | None:
    """The version of the tables, None if there are none."""
    try:
        with link.transaction():
            row = link.execute("SELECT value FROM meta WHERE key='version'").fetchone()
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return None
    return int(row[0]) if row is not None and row[0].isdecimal() else 0


def _leads_here(version: int) -> bool:
    """Whether tables of *version* can be brought to this program's."""
    return all(one in _STEPS for one in range(version, VERSION))


def _missing(where: str) -> JournalFailed:
    return JournalFailed(
        f"{where}: there is no journal in it yet; `reconciler db init` makes one, as the owner"
    )
