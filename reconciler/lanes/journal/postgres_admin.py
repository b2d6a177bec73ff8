"""`reconciler db`: makes, upgrades and checks the tables in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from reconciler.lanes.journal import postgres_schema
from reconciler.lanes.journal.postgres_link import connected, failure, shown
from reconciler.lanes.journal.tables import VERSION

__all__ = ["check", "init", "shown", "upgrade"]


def init(url: str, project: str, engine: str) -> bool:
    """Make the tables, and those of what hands out work (*engine*); False if they were there."""
    with _link(url) as (link, where):
        return postgres_schema.make(link, where, project, engine)


def upgrade(url: str, project: str) -> bool:
    """Bring the tables to this version; False if they were of it."""
    with _link(url) as (link, where):
        return postgres_schema.upgrade(link, where, project) != VERSION


def check(url: str, project: str, *, writes: bool = False) -> None:
    """An error if the tables are not those of *project* in this version.

    *writes*: and if the role of *url* may not write what a run writes.
    """
    with _link(url, read_only=True) as (link, where):
        postgres_schema.check(link, where, project)
        postgres_schema.check_whole(link, where)
        if writes:
            postgres_schema.check_rights(link, where)


@contextmanager
def _link(url: str, *, read_only: bool = False) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    where = shown(url)
    link = connected(url, where, read_only=read_only)
    try:
        yield link, where
    except psycopg.Error as error:
        raise failure(where, "read" if read_only else "make", error) from None
    finally:
        link.close()
