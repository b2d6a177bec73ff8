"""What callers may give: texts, paths, a wait, a listener; how an inventory's files are read."""

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict, Unpack

from reconciler.errors import Usage
from reconciler.events import Event, Listener, Relay
from reconciler.model import Target
from reconciler.site import Site

if TYPE_CHECKING:
    from reconciler.inventory.sources import Given

One = str | os.PathLike[str]
Some = One | Iterable[One]
"""One name or path, or several; a text is one, not its letters."""
Targets = str | Target | Iterable[str | Target]
"""One target (`ACCOUNT/ID#PART`), or several; without a part, all of the campaign."""
MaxWait = str | timedelta
"""The longest single wait: `90d`, `24h`, `30m`, `60s`, `0s`, or a `timedelta`."""
OnEvent = Callable[[Event], None] | Listener | None
"""What takes the events of a run; None: the project's listener."""


class GivenReading(TypedDict, total=False):
    """How files of an inventory are read, where they do not say so themselves.

    *inventory_format*: `ndjson`, `json`, `yaml` or `csv` rather than that of their suffix.
    *captured_at*: when they were taken, where no header says; `mtime`: when they were changed.
    Of CSV: *map* names the column of a field, *set* fills one, *date_format* (as `strptime` takes
    it) reads the dates.
    """

    inventory_format: str | None
    captured_at: str | datetime | None
    date_format: str | None
    map: Mapping[str, str] | None
    set: Mapping[str, str] | None


def texts(given: Some) -> tuple[str, ...]:
    """*given* as texts."""
    if isinstance(given, str | os.PathLike):
        return (os.fspath(given),)
    return tuple(os.fspath(one) for one in given)


def targets_of(given: Targets, what: str) -> tuple[Target, ...]:
    """*given* as targets; `Usage` if a text is none. *what*: what they were given as."""
    ones = (given,) if isinstance(given, str | Target) else tuple(given)
    try:
        return tuple(one if isinstance(one, Target) else Target.parse(one) for one in ones)
    except ValueError as error:
        raise Usage(f"{what}: {error}") from error


def seconds(max_wait: MaxWait) -> float:
    """The seconds of *max_wait*; `Usage` if it is no duration."""
    from reconciler.driver.scalars import duration

    if isinstance(max_wait, timedelta):
        return max_wait.total_seconds()
    if max_wait in ("0", "0s"):
        return 0.0
    try:
        return float(duration(max_wait).total_seconds())
    except (ValueError, TypeError) as error:
        raise Usage(f"--max-wait {max_wait!r}: write 30s, 15m, 24h or 90d") from error


def heard_by(site: Site, on_event: OnEvent) -> Site:
    """*site* with *on_event* as its listener. What a function does not take goes on as before."""
    if on_event is None:
        return site
    if isinstance(on_event, Listener):
        return site.heard_by(on_event)
    return site.heard_by(_Calling(on_event, site.listener))


class _Calling(Relay):
    """Calls a function at every event, and tells another listener everything."""

    def __init__(self, call: Callable[[Event], None], other: Listener) -> None:
        super().__init__(other)
        self._call = call

    def event(self, event: Event) -> None:
        super().event(event)
        self._call(event)


def inventory_of(files: Some, **reads: Unpack[GivenReading]) -> "Given":
    """What was said of the inventory; `Usage` with all that is wrong with it."""
    from reconciler.declare.reading import reading
    from reconciler.inventory.sources import Given

    read = reading(
        format=reads.get("inventory_format"),
        captured_at=reads.get("captured_at"),
        date_format=reads.get("date_format"),
        map=reads.get("map"),
        set=reads.get("set"),
    )
    return Given(texts(files), read)
