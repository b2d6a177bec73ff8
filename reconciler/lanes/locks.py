"""One runner a lane on this machine: a file lock that death frees; the file says who holds it."""

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from reconciler.disk import why
from reconciler.errors import Locked, ReconcilerError
from reconciler.lanes.journal import JournalFailed

_PATIENCE = 3  # tries, 20 ms apart, before a lane counts as taken
_TRIES = 25  # the same while its holder does not say who it is


class Locks:
    """The lane locks of one state folder. All of a call's lanes are taken, or none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, int] = {}

    def take(self, lanes: Sequence[str], holder: Mapping[str, Any]) -> None:
        """Lock every lane, in name order; `Locked` names whoever holds one already."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for lane in sorted(set(lanes)):
                self._take(lane, holder)
        except BaseException as error:
            self.release()
            if isinstance(error, OSError):
                raise ReconcilerError(f"{self._folder}: cannot lock: {why(error)}") from error
            raise

    def _take(self, lane: str, holder: Mapping[str, Any]) -> None:
        path = self._path(lane)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with ExitStack() as undo:
            undo.callback(os.close, handle)
            if not _locked(handle):
                raise Locked(taken_by(lane, _read(handle)))
            undo.pop_all()
        self._held[lane] = handle
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"lane": lane, **holder}).encode(), 0)

    def check(self) -> None:
        """`ReconcilerError` if a lock that is held no longer lies where others look for it."""
        for lane, handle in self._held.items():
            held = os.fstat(handle)
            try:
                there = os.stat(self._path(lane), follow_symlinks=False)
            except FileNotFoundError:
                there = None
            if there is None or (held.st_dev, held.st_ino) != (there.st_dev, there.st_ino):
                raise JournalFailed(
                    f"{self._folder}: the lock of {lane} was taken away or replaced while this run "
                    "went on; nothing more was sent. Put the folder back as it was, and run again"
                )

    def release(self) -> None:
        """Let go of every lane."""
        while self._held:
            _, handle = self._held.popitem()
            with suppress(OSError):  # what a file says that nobody has locked counts for nothing
                os.ftruncate(handle, 0)
            os.close(handle)

    def holders(self) -> list[dict[str, Any]]:
        """Who holds which lane right now (a file nobody holds says nothing)."""
        found = []
        for path in sorted(self._folder.glob("*.lock")):
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(_read(handle))
            finally:
                os.close(handle)
        return [one for one in found if one]

    def _path(self, lane: str) -> Path:
        readable = re.sub(r"[^A-Za-z0-9._-]", "_", lane)[:60]
        mark = hashlib.sha256(lane.encode()).hexdigest()[:12]
        return self._folder / f"{readable}-{mark}.lock"


def _locked(handle: int) -> bool:
    """Lock at once, or not at all.

    A `status` that looks in this very instant is waited out; so is a holder that has not yet
    written who it is, or has just taken that away because it ends.
    """
    for attempt in range(_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt >= _PATIENCE and _read(handle):
                return False
            time.sleep(0.02)
        else:
            return True
    return False


def _read(handle: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(handle, 65536, 0) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def taken_by(lane: str, holder: Mapping[str, Any]) -> str:
    """What whoever finds *lane* taken is told; *holder* is who holds it, as they said."""
    return (
        f"{lane} is being worked by another run: {_described(holder)}; nothing was sent."
        " Run again when it has ended, or end it with `reconciler stop`"
    )


def _described(holder: Mapping[str, Any]) -> str:
    if not holder:
        return "it has just started"
    accounts = ", ".join(map(str, holder.get("accounts", ())))
    return (
        f"accounts {accounts}, pid {holder.get('pid')} of {holder.get('user')} "
        f"on {holder.get('host')}, since {holder.get('since')}, {holder.get('plan')}"
    )
