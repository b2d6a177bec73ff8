"""The real command in a process of its own for the price of a fork, at any time, killed anywhere.

A worker has the program loaded and forks itself for each command: a second of imports is paid
once, and a kill is a real one, without a `finally` behind it.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

KILLED = -signal.SIGKILL
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """How a command ended: *code* is `KILLED` if it was."""

    code: int
    out: str
    err: str


@dataclass
class Forks:
    """The worker. *running*: a handle of the command that runs, None if none does."""

    process: "subprocess.Popen[str]"
    folder: Path
    running: int | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def kill(self) -> None:
        """`kill -9` the command that runs; by its handle, so that it is never somebody else."""
        with self.guard:
            if self.running is not None:
                signal.pidfd_send_signal(self.running, signal.SIGKILL)

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
        out, err = self.folder / "out", self.folder / "err"
        job = {
            "arguments": arguments,
            "root": str(root),
            "env": dict(env),
            "shift": shift,
            "dies": dies,
            "out": str(out),
            "err": str(err),
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        pid = json.loads(self.process.stdout.readline())
        with self.guard:
            self.running = os.pidfd_open(pid)  # the worker waits for our word before it reaps
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        code = json.loads(self.process.stdout.readline())
        with self.guard:
            os.close(self.running)
            self.running = None
        return Done(code, out.read_text("utf-8", "replace"), err.read_text("utf-8", "replace"))


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    """A worker, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.support.forks"]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
            yield Forks(process, Path(folder))
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(30) == 0


# ---------------------------------------------------------------- the worker itself


def _work() -> None:
    _load()
    gc.collect()
    gc.freeze()  # the children share what is there
    while line := sys.stdin.readline():
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(job)
        print(pid, flush=True)
        sys.stdin.readline()
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _load() -> None:
    """What commands import on their way, once for all of them."""
    import reconciler

    for name in ("anyio._backends._asyncio", "jwt", "tarfile"):
        importlib.import_module(name)
    others = ("reconciler.__main__", "reconciler.sandbox", "reconciler.testing", "postgres")
    for found in pkgutil.walk_packages(reconciler.__path__, "reconciler.", onerror=lambda _: None):
        if not any(one in found.name for one in (*others, "dispatch")):
            importlib.import_module(found.name)
    _build(BaseModel)


def _build(model: type[BaseModel]) -> None:
    """Everything below *model* as it is on first use: that is half of what a command costs."""
    for one in model.__subclasses__():
        if not one.__pydantic_complete__:
            one.model_rebuild(raise_errors=False)
        _build(one)


def _child(job: Mapping[str, Any]) -> None:
    from reconciler.cli.main import main

    os.chdir(job["root"])
    os.environ.update(job["env"])
    for descriptor, path in ((0, os.devnull), (1, job["out"]), (2, job["err"])):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags, 0o600), descriptor)
    _ahead(job["shift"])
    if job["dies"] is not None:
        _mortal(*job["dies"])
    code = 70
    try:
        code = main(job["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ahead(seconds: float) -> None:
    from datetime import timedelta

    from reconciler.site import Site

    Site.now = lambda site: site.clock() + timedelta(seconds=seconds)  # type: ignore[method-assign]


def _mortal(when: str, number: int) -> None:
    """Kill this process at its *number*-th commit, or append to the log."""
    from reconciler.lanes.journal.sqlite import SqliteJournal
    from reconciler.prove import chain

    owner: Any = chain if when == "log" else SqliteJournal
    name = "append_after" if when == "log" else "commit"
    real, count = getattr(owner, name), 0

    def counted(*given: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        if count == number and when != "after":
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*given, **more)
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, name, counted)


if __name__ == "__main__":
    _work()
