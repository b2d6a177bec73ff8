"""One at a time, of all machines that share a database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from reconciler.lanes.journal.postgres_link import connected, failure, shown

_INVENTORY = 0x7265636E_00000004  # the advisory lock of who changes the project's inventory
_POLL = 0.2  # seconds between two looks whether it is free


@contextmanager
def inventory(url: str) -> Iterator[None]:
    """Meanwhile nobody else has this; whoever has it is waited for, and its death lets it go."""
    where = shown(url)
    link = connected(url, where)
    try:
        while link.execute("SELECT pg_try_advisory_lock(%s)", (_INVENTORY,)).fetchone() != (True,):
            time.sleep(_POLL)
        yield
    except psycopg.Error as error:
        raise failure(where, "read", error) from None
    finally:
        link.close()
