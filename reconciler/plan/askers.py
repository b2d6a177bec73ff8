"""Who asks for a campaign today, in words that names, files and places do not change. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from reconciler.declare.manifest import Entry
from reconciler.model import Campaign
from reconciler.plan.asked import QuestionSet, words
from reconciler.plan.asking import Ask
from reconciler.plan.matching import Matcher, Matches

Key = tuple[str, str]  # account and id


def askers(
    asked: QuestionSet,
    table: Mapping[int, Ask],
    matches: Matches,
    scope: Callable[[str], str],
    by_name: Callable[[str], bool],
) -> dict[Key, frozenset[str]]:
    """The digests (`asked.words`) of the absences that ask for each listed campaign today.

    *table*: the absences by question (`asking.asks`); those of a manifest that may not ask today do
    not. *scope* and *by_name*: of an account. Accounts of one scope ask for each other.
    """
    found: dict[Key, set[str]] = defaultdict(set)
    for (account, id_), hit in matches.hits.items():
        said = {
            words(entry, scope(account), by_name=by_name(account))
            for index in hit.asked
            if (entry := _asks(asked, table, index)) is not None
        }
        for name in asked.names(account):
            found[name, id_] |= said
    return {key: frozenset(said) for key, said in found.items()}


def declared(
    asked: QuestionSet, table: Mapping[int, Ask], records: Iterable[Campaign], now: datetime
) -> set[Key]:
    """Those of *records*, which the inventory no longer lists, that an absence would still find."""
    matcher = Matcher(asked.questions, now=now, spare=0)
    matcher.feed(list(records))
    return {
        key
        for key, hit in matcher.finish().hits.items()
        if any(_asks(asked, table, index) is not None for index in hit.asked)
    }


def _asks(asked: QuestionSet, table: Mapping[int, Ask], index: int) -> Entry | None:
    ask = table.get(index)
    if ask is None or ask.blocked is not None or index >= len(asked.questions):
        return None
    return ask.entry
