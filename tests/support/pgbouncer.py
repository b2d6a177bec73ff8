"""A real PgBouncer before the real PostgreSQL of the tests."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support.postgres import PASSWORD, Postgres, free_port, nobodys_superuser

_SETTINGS = """\
[databases]
* = host=127.0.0.1 port={server} user=owner password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
"""


@contextmanager
def pooler(server: Postgres, name: str, mode: str, *, size: int = 20) -> Iterator[str]:
    """The URL of the database *name* through a pooler of *server*, in that *mode*, meanwhile."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    assert Path(program).exists(), "no pgbouncer: sh scripts/system.sh installs it"
    port = free_port()
    with tempfile.TemporaryDirectory(dir=server.folder) as folder:
        Path(folder).chmod(0o755)
        settings = Path(folder) / "pgbouncer.ini"
        said = {"server": server.port, "password": PASSWORD, "port": port}
        settings.write_text(_SETTINGS.format(**said, mode=mode, size=size))
        child = subprocess.Popen(
            [program, "-q", str(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **nobodys_superuser(),
        )
        try:
            url = f"postgresql://owner@127.0.0.1:{port}/{name}"
            while not _answers(url):
                assert child.poll() is None, "pgbouncer ended"
            yield url
        finally:
            child.terminate()
            child.wait()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
