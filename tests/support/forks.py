"""The real command in a process of its own for the price of a fork, at any time, killed anywhere.

A worker has the program loaded and forks itself for each command: a second of imports is paid
once, and a kill is a real one, without a `finally` behind it.
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

KILLED = -signal.SIGKILL
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """How a command ended: *code* is `KILLED` if it was."""

    code: int
    out: str
    err: str


class Started:
    """A command that a worker forked; as of `subprocess.Popen`, what tests need of it."""

    def __init__(self, forks: "Forks", pid: int, out: int | None, err: int | None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout: IO[bytes] | None = None if out is None else os.fdopen(out, "rb")
        self.stderr: IO[bytes] | None = None if err is None else os.fdopen(err, "rb")
        self._forks = forks
        self._handle = os.pidfd_open(pid)  # the worker reaps nobody before it is asked
        self._guard = threading.Lock()

    def poll(self) -> int | None:
        """The code, -N for a signal N; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, at most *timeout* seconds (`TimeoutExpired`)."""
        code = self._ended(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[bytes | None, bytes | None]:
        """All that it says on stdout and stderr until it ends."""
        said: dict[int, bytes | None] = {1: None, 2: None}

        def read(number: int, file: IO[bytes]) -> None:
            with file:
                said[number] = file.read()

        pipes = [(n, file) for n, file in ((1, self.stdout), (2, self.stderr)) if file is not None]
        readers = [threading.Thread(target=read, args=one, daemon=True) for one in pipes]
        for one in readers:
            one.start()
        self.wait(timeout)
        for one in readers:
            one.join(timeout)
            assert not one.is_alive(), "somebody else still has its pipe"
        return said[1], said[2]

    def send_signal(self, number: int) -> None:
        """Send it to this process, and never to another that has its number."""
        with self._guard:
            if self.returncode is None:
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """`kill -9`."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            line = select.poll()
            line.register(self._handle, select.POLLIN)
            if not line.poll(None if timeout is None else timeout * 1000):
                return None
            with self._guard:
                if self.returncode is None:
                    self.returncode = self._forks.reaped(self.pid)
                    os.close(self._handle)
        return self.returncode


@dataclass
class Forks:
    """The worker. *running*: the command that `run` runs, None if none does."""

    link: socket.socket
    folder: Path
    running: Started | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def kill(self) -> None:
        """`kill -9` the command that runs."""
        if (running := self.running) is not None:
            running.kill()

    def run(
        self,
        *arguments: str,
        root: Path,
        env: Mapping[str, str],
        shift: float = 0.0,
        dies: tuple[str, int] | None = None,
    ) -> Done:
        """Run `reconciler` *arguments* in *root*, its clock *shift* seconds ahead.

        *dies*: (before, after or log; n): it is killed before or after its n-th commit to the
        journal, or before its n-th append to the audit log.
        """
        said = self.folder / "out", self.folder / "err"
        with said[0].open("wb") as out, said[1].open("wb") as err:
            self.running = self.start(
                *arguments,
                root=root,
                env={**os.environ, **env},
                stdout=out,
                stderr=err,
                shift=shift,
                dies=dies,
            )
        code = self.running.wait()
        self.running = None
        return Done(code, *(one.read_text("utf-8", "replace") for one in said))

    def start(
        self,
        *arguments: str,
        root: Path,
        env: Mapping[str, str],
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
        **how: Any,
    ) -> Started:
        """Begin `reconciler` *arguments* in *root*, with nothing but *env* in its environment.

        *how*: `shift`, `dies` as of `run`; `leaps`: where it would wait for long, its clock leaps
        ahead by that instead.
        """
        job = {"arguments": arguments, "root": str(root), "env": dict(env), **how}
        ours: list[int | None] = []
        theirs = [_source(stdin)]
        for given in (stdout, stderr):
            own, their = _sink(given)
            ours.append(own)
            theirs.append(their)
        try:
            pid = self._ask(job, theirs)
        finally:
            for one, given in zip(theirs, (stdin, stdout, stderr), strict=True):
                if given in (subprocess.DEVNULL, subprocess.PIPE):
                    os.close(one)
        return Started(self, pid, *ours)

    def reaped(self, pid: int) -> int:
        """The code of the command *pid*, which has ended."""
        return self._ask({"reap": pid}, [])

    def _ask(self, what: Mapping[str, Any], descriptors: list[int]) -> int:
        with self.guard:
            socket.send_fds(self.link, [json.dumps(what).encode()], descriptors)
            return int(self.link.recv(64))


def _source(given: int | IO[bytes]) -> int:
    if given == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDONLY)
    return given if isinstance(given, int) else given.fileno()


def _sink(given: int | IO[bytes]) -> tuple[int | None, int]:
    """Our end of a pipe, if it is to be one; theirs."""
    if given == subprocess.PIPE:
        return os.pipe()
    return None, given if isinstance(given, int) else given.fileno()


@contextlib.contextmanager
def forks(site: Path | None = None) -> Iterator[Forks]:
    """A worker, for as long as the block lasts; with the program that is installed in *site*."""
    with tempfile.TemporaryDirectory() as name:
        folder, env = Path(name), dict(os.environ)
        if site is not None:
            (folder / "tests").symlink_to(ROOT / "tests")
            env["PYTHONPATH"] = str(site)
        with _worker(ROOT if site is None else folder, env) as link:
            yield Forks(link, folder)


@contextlib.contextmanager
def _worker(cwd: Path, env: Mapping[str, str]) -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.support.forking", str(theirs.fileno())]
    with ours, theirs:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
        )
        theirs.close()
        yield ours
    assert process.wait(30) == 0


@dataclass
class _Shared:
    """A worker that lasts, and what the process that asks for it sees mounted."""

    mounts: str = ""
    forks: Forks | None = None
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def now(self) -> Forks:
        mounts = os.readlink("/proc/thread-self/ns/mnt")
        if self.forks is None or mounts != self.mounts:
            self.stack.close()
            self.mounts, self.forks = mounts, self.stack.enter_context(forks())
        return self.forks


_shared = _Shared()
atexit.register(_shared.stack.close)
shared = _shared.now  # the worker of all tests of this process
