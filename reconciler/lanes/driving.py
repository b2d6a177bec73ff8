"""A driver as a lane uses it: whatever its own code raises stops its account, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import msgspec

from reconciler.driver import (
    Driver,
    Flow,
    Listing,
    Request,
    Sifted,
    Sighting,
    Throttled,
    Unauthorised,
    Verdict,
    growth,
)
from reconciler.errors import ReconcilerError
from reconciler.lanes.halts import AccountStopped, Halt
from reconciler.lanes.trouble import unexpected

_VERDICTS = get_args(Verdict)
_SIGHTINGS = get_args(Sighting)


def tamed(driver: Driver) -> Driver:
    """*driver*, whose every failure is an `AccountStopped`; what it gives is of the right kind."""
    safely = _Safely(driver.name)
    return msgspec.structs.replace(
        driver,
        delete=safely.call(driver.delete, Request),
        judge=safely.call(driver.judge, *_VERDICTS),
        gate=safely.call(driver.gate, Throttled, Unauthorised, type(None)),
        batches=safely.call(driver.batches, list),
        neighbours=driver.neighbours or driver.batches is growth.one_each,
        split=safely.call(driver.split, tuple),
        authenticate=driver.authenticate and safely.flow(driver.authenticate),
        list=driver.list and safely.flow(driver.list, Listing),
        sift=driver.sift and safely.flow(driver.sift, Sifted),
        look=driver.look and safely.flow(driver.look, *_SIGHTINGS),
    )


class _Safely:
    """Wraps what a driver is made of."""

    def __init__(self, name: str) -> None:
        self._name = name

    def call(self, work: Callable[..., Any], *kinds: type) -> Callable[..., Any]:
        """A function that returns one of *kinds*."""

        def safe(*given: Any) -> Any:
            with self._mending():
                return self._checked(work(*given), kinds)

        return safe

    def flow(self, work: Callable[..., Flow], *kinds: type) -> Callable[..., Flow]:
        """A generator that asks `Request`s, and returns one of *kinds* (none: anything)."""

        def safe(*given: Any) -> Flow:
            with self._mending():
                return self._checked((yield from work(*given)), kinds)

        return safe

    def _checked(self, value: Any, kinds: tuple[type, ...]) -> Any:
        if kinds and not isinstance(value, kinds):
            kind = type(value).__name__
            said = f"the driver {self._name} gave {kind}, which it may not"
            raise AccountStopped(said, Halt.DRIVER)
        return value

    @contextmanager
    def _mending(self) -> Iterator[None]:
        try:
            yield
        except ReconcilerError:
            raise
        except Exception as error:
            said = f"the driver {self._name} failed: {unexpected(error)}"
            raise AccountStopped(said, Halt.DRIVER) from error
