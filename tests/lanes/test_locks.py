"""The locks of lanes on one machine."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from reconciler.errors import ReconcilerError
from reconciler.lanes.locks import Locks


def lowest_free() -> int:
    """The descriptor that would be given next: a higher one if something was left open."""
    found = os.open(os.devnull, os.O_RDONLY)
    os.close(found)
    return found


@pytest.mark.parametrize("how", [OSError(errno.ENOLCK, "no locks available"), KeyboardInterrupt()])
def test_locks_that_cannot_all_be_taken_are_let_go_of_and_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: BaseException
) -> None:
    locks, before, real, taken = Locks(tmp_path), lowest_free(), fcntl.flock, []

    def flock(handle: int, operation: int) -> None:
        if taken:
            raise how
        taken.append(handle)
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises((ReconcilerError, KeyboardInterrupt)):
        locks.take(["one", "two"], {})
    monkeypatch.undo()
    assert lowest_free() == before
    other = Locks(tmp_path)
    other.take(["one", "two"], {})
    other.release()


def test_every_lock_is_let_go_of_whatever_the_disk_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks, before = Locks(tmp_path), lowest_free()
    locks.take(["one", "two"], {})

    def failed(handle: int, size: int) -> None:
        raise OSError(errno.EIO, "the disk failed")

    monkeypatch.setattr(os, "ftruncate", failed)
    locks.release()
    assert lowest_free() == before
