"""A real PostgreSQL server for a test session: in a folder of its own, as nobody's superuser.

Everything is reached by a socket in that folder, and over loopback with a password.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from reconciler.lanes.dispatch.procrastinate import schema
from reconciler.lanes.journal import postgres_admin

PASSWORD = "sesame-postgres"
_LEAN = {
    "fsync": "off",  # the machine does not crash; the server may
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "80",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "autovacuum": "off",
    "jit": "off",
    "max_parallel_workers": "0",
    "log_min_messages": "panic",
    "listen_addresses": "127.0.0.1",
}
# Another journal than before, that knows nothing.
_EMPTIED = """
DO $$ DECLARE names text; BEGIN
  SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') INTO names FROM pg_tables
    WHERE schemaname = 'reconciler' AND tablename <> 'meta';
  EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY';
END $$;
DELETE FROM reconciler.meta WHERE key = 'restored-from';
UPDATE reconciler.meta SET value = md5(random()::text) WHERE key = 'identity';
UPDATE reconciler.meta SET value = md5(random()::text) || md5(random()::text) WHERE key = 'salt';
"""


def program(name: str) -> str:
    """Where *name* of PostgreSQL is: Debian keeps the server's programs off the PATH."""
    found = shutil.which(name) or max(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None
    )
    assert found, f"no {name}: sh scripts/system.sh installs PostgreSQL"
    return found


@dataclass
class Postgres:
    """A server in *folder*. Its superuser `owner` has the password `PASSWORD`."""

    folder: Path
    port: int
    _databases: int = 0
    _free: dict[str | None, list[str]] = field(default_factory=dict)

    def url(self, name: str, *, tcp: bool = False, user: str = "owner", more: str = "") -> str:
        """Of the database *name*."""
        if tcp:
            return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{name}?{more}"
        return f"postgresql://{user}@/{name}?host={quote(str(self.folder))}&port={self.port}{more}"

    @contextmanager
    def database(self, project: str | None = "acme") -> Iterator[str]:
        """The name of an empty database; with the tables of *project*, unless None."""
        free = self._free.setdefault(project, [])
        name = free.pop() if free else self._made(project)
        yield name
        if project is None:
            self.tell(f"DROP DATABASE {name} WITH (FORCE)")
            return
        self.tell(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname='{name}'")
        self.tell(_EMPTIED, name)
        free.append(name)

    def _made(self, project: str | None) -> str:
        self._databases += 1
        name = f"d{self._databases}"
        self.tell(f"CREATE DATABASE {name}")
        if project is not None:
            postgres_admin.init(self.url(name), project, schema())
        return name

    def tell(self, sql: str, database: str = "postgres") -> None:
        """Run *sql* as the superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as link:
            link.execute(sql, prepare=False)  # type: ignore[call-overload]

    def ask(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """The rows of *sql*, as the superuser sees them."""
        with psycopg.connect(self.url(database), autocommit=True) as link:
            return link.execute(sql).fetchall()  # type: ignore[call-overload]

    def start(self) -> None:
        self._ctl("start", "-w", "-o", f"-k {self.folder} -p {self.port}")

    def stop(self, how: str = "fast") -> None:
        self._ctl("stop", "-w", "-m", how)

    def restart(self, how: str = "immediate") -> None:
        """As after a crash: recovered from its log."""
        self._ctl("restart", "-w", "-m", how)

    # ---- another server takes over

    def copy(self) -> None:
        """A standby as it is now, which gets nothing more."""
        where = ("-h", str(self.folder), "-p", str(self.port), "-U", "owner")
        copy = str(self.folder / "copy")
        as_server("pg_basebackup", "-D", copy, *where, "-c", "fast", "-X", "fetch", "--no-sync")

    def fail_over(self) -> None:
        """The server dies, and the standby takes over: it lacks what came after `copy`."""
        self.stop("immediate")
        data = self.folder / "data"
        data.rename(self.folder / "dead")
        (self.folder / "copy").rename(data)
        with (data / "postgresql.auto.conf").open("a") as file:
            file.write("restore_command = 'false'\n")
        (data / "recovery.signal").touch()
        self.start()

    def _ctl(self, what: str, *more: str) -> None:
        as_server("pg_ctl", what, "-s", "-D", str(self.folder / "data"), *more)


def as_server(name: str, *arguments: str) -> None:
    """Run a program of PostgreSQL, which refuses to be root."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [program(name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,  # no pipe: the server would hold it open
            stderr=said,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            cwd="/",
            check=False,
            **nobodys_superuser(),
        )
        said.seek(0)
        assert done.returncode == 0, said.read().decode()


_SERVER = "postgres"  # the user that Debian's package makes


def nobodys_superuser() -> dict[str, Any]:
    """How `subprocess` runs what refuses to be root: as that user, where we are root."""
    return {"user": _SERVER, "group": _SERVER, "extra_groups": []} if os.getuid() == 0 else {}


@contextmanager
def server(at: Path | None = None, **settings: str) -> Iterator[Postgres]:
    """A server, which ends with this; its files lie in the folder *at*, if that is given."""
    # Not in TMPDIR, which may be closed to whom the server runs as; but in memory, if that is.
    place = "/dev/shm" if os.environ.get("TMPDIR", "").startswith("/dev/shm/") else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="reconciler-pg-", dir=at or place))
    made = Postgres(folder, free_port())
    try:
        (folder / "password").write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(folder, _SERVER, _SERVER)
            shutil.chown(folder / "password", _SERVER, _SERVER)
        data = folder / "data"
        as_server(
            *("initdb", "-D", str(data), "-U", "owner", "-E", "UTF8", "--locale=C", "--no-sync"),
            *("--auth-local=trust", "--auth-host=scram-sha-256"),
            f"--pwfile={folder / 'password'}",
        )
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(
                f"{name} = '{value}'\n" for name, value in {**_LEAN, **settings}.items()
            )
        made.start()
        try:
            yield made
        finally:
            made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def secret() -> str:
    """A text that is nowhere else."""
    return f"canary-{secrets.token_hex(12)}"
