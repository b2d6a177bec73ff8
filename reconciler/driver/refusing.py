"""`unsupported` of a driver that goes by one field: many records are asked once for each value."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from reconciler.model import Campaign, Status

Attributes = Mapping[str, Any] | None
_Column = Callable[[Sequence[Campaign]], list[Any]]


class ByField:
    """*why* says of settings and a value (None: missing) of a field why it is refused, or None.

    *column*: the values of records; *different*: what of these has to be asked.
    """

    def __init__(
        self,
        why: Callable[[Any, Any], str | None],
        column: _Column,
        different: Callable[[list[Any]], Collection[Any]] = set,
    ) -> None:
        self._why = why
        self._column = column
        self._different = different

    def __call__(self, settings: Any, campaign: Campaign) -> str | None:
        return self._why(settings, *self._column((campaign,)))

    def clear(self, settings: Any, campaigns: Sequence[Campaign]) -> bool:
        """Whether none of *campaigns* is refused."""
        values = self._different(self._column(campaigns))
        return all(self._why(settings, one) is None for one in values)


def by_status(why: Callable[[Any, Status | None], str | None]) -> ByField:
    """For a rule that goes by the status alone."""
    return ByField(why, lambda some: [one.status for one in some])


def by_channel(why: Callable[[Any, str | None], str | None]) -> ByField:
    """For a rule that goes by the channel alone."""
    return ByField(why, lambda some: [one.channel for one in some])


def by_attributes(why: Callable[[Any, Attributes], str | None]) -> ByField:
    """For a rule that goes by the attributes alone."""
    return ByField(why, lambda some: [one.attributes for one in some], _missing_once)


def _missing_once(values: list[Any]) -> list[Any]:
    return [None] if values.count(None) == len(values) else values  # no set takes a mapping


nothing = by_status(lambda _settings, _status: None)
"""Of a driver that refuses nothing."""
