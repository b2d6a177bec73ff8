"""Who asks for a campaign today, in words that names, files and places do not change. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from reconciler.declare.manifest import Entry
from reconciler.model import Campaign
from reconciler.plan.asked import QuestionSet, words
from reconciler.plan.asking import Ask
from reconciler.plan.matching import Matcher
from reconciler.plan.packing import Hit

Key = tuple[str, str]  # account and id


def askers(
    asked: QuestionSet,
    table: Mapping[int, Ask],
    hits: Iterable[Hit],
    scope: Callable[[str], str],
    by_name: Callable[[str], bool],
) -> dict[Key, frozenset[str]]:
    """The digests (`asked.words`) of the absences that ask for each of *hits* today.

    *table*: the absences by question (`asking.asks`); those of a manifest that may not ask today do
    not. *scope* and *by_name*: of an account. Accounts of one scope ask for each other.
    """
    found: dict[Key, frozenset[str]] = {}
    said: dict[tuple[str, tuple[int, ...]], frozenset[str]] = {}
    for hit in hits:
        account, id_ = hit.key
        mine = said.get((account, hit.asked))
        if mine is None:
            entries = (_asks(asked, table, index) for index in hit.asked)
            mine = said[account, hit.asked] = frozenset(
                words(one, scope(account), by_name=by_name(account)) for one in entries if one
            )
        for name in asked.names(account):
            before = found.get((name, id_))
            found[name, id_] = mine if before is None else before | mine
    return found


class StillAsked:
    """Finds records that the inventory no longer lists and that an absence would still find."""

    def __init__(self, asked: QuestionSet, table: Mapping[int, Ask], now: datetime) -> None:
        self._asked = asked
        self._table = table
        self._now = now
        self._matcher: Matcher | None = None

    def among(self, records: Sequence[Campaign]) -> set[Key]:
        """Those of *records*."""
        if not records:
            return set()
        if self._matcher is None:
            self._matcher = Matcher(self._asked.questions, now=self._now, spare=0)
        self._matcher.feed(records)
        hits = self._matcher.finish().hits
        found = (hits.get((one.account, one.id)) for one in records)
        return {
            hit.key
            for hit in found
            if hit and any(_asks(self._asked, self._table, index) for index in hit.asked)
        }


def _asks(asked: QuestionSet, table: Mapping[int, Ask], index: int) -> Entry | None:
    ask = table.get(index)
    if ask is None or ask.blocked is not None or index >= len(asked.questions):
        return None
    return ask.entry
