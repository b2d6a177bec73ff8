"""The worker behind `forks`: it has the program loaded, and forks itself for each command.

It takes messages on the socket whose descriptor is its argument: a job, with the descriptors that
become the command's 0, 1 and 2, or the number of a command that has ended.
"""

import contextlib
import faulthandler
import gc
import importlib
import importlib.util
import json
import os
import pkgutil
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from tests.support.leaps import leaping

_MOST = 1 << 20  # bytes of a job


def _work(link: socket.socket) -> None:
    # As a shell in the foreground leaves them: the suite itself may run under nohup.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _load()
    gc.collect()
    gc.freeze()  # the children share what is there
    while True:
        message, descriptors, _, _ = socket.recv_fds(link, _MOST, 3)
        if not message:
            return
        job = json.loads(message)
        if "reap" in job:
            _, status = os.waitpid(job["reap"], 0)
            answer = os.waitstatus_to_exitcode(status)
        elif (answer := os.fork()) == 0:
            link.close()
            _child(job, descriptors)
        for one in descriptors:
            os.close(one)
        link.send(str(answer).encode())


def _load() -> None:
    """What commands import on their way, once for all of them."""
    import reconciler

    for name in ("anyio._backends._asyncio", "jwt", "tarfile"):
        importlib.import_module(name)
    others = ["reconciler.__main__", "reconciler.testing"]
    if not all(importlib.util.find_spec(one) for one in ("psycopg", "procrastinate")):
        others += ["postgres", "dispatch"]
    for found in pkgutil.walk_packages(reconciler.__path__, "reconciler.", onerror=lambda _: None):
        if not any(one in found.name for one in others):
            importlib.import_module(found.name)
    _build(BaseModel)


def _build(model: type[BaseModel]) -> None:
    """Everything below *model* as it is on first use: that is half of what a command costs."""
    for one in model.__subclasses__():
        if not one.__pydantic_complete__:
            one.model_rebuild(raise_errors=False)
        _build(one)


def _child(job: Mapping[str, Any], descriptors: list[int]) -> None:
    """The command; never returns."""
    from reconciler.cli.main import main

    os.chdir(job["root"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.path[:0] = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    _streams(descriptors)
    faulthandler.enable()  # what crashes says where
    _ahead(job.get("shift", 0.0))
    if job.get("leaps"):
        leaping()
    if job.get("dies") is not None:
        _mortal(*job["dies"])
    code = 1
    try:
        code = main(job["arguments"])
    except SystemExit as end:  # of a signal's handler
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # as an interpreter ends
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _streams(descriptors: list[int]) -> None:
    """Standard input and outputs as an interpreter that begins makes them."""
    for number, one in enumerate(descriptors):
        os.dup2(one, number)
        os.close(one)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    replace = {"errors": "backslashreplace", "closefd": False}
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", **replace)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


def _ahead(seconds: float) -> None:
    """The site's clock is ahead."""
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
    _work(socket.socket(fileno=int(sys.argv[1])))
