"""Accounts of one scope: what several of them plan to delete is one deletion. Pure."""

from collections.abc import Iterable

import msgspec

from reconciler.model import Action, Reason
from reconciler.plan.asked import QuestionSet

_Pair = tuple[Action, bool]  # an action, and whether it is in the plan


def joined(pairs: Iterable[_Pair], asked: QuestionSet) -> list[_Pair]:
    """Of deletions of one campaign under several names of its scope, the first in name order.

    It carries the sources and parts of all. What is refused or left alone under a name stays there:
    guards are an account's own, while keeps and protections already hold under every name.
    """
    every = list(pairs)
    if not asked.shared:
        return every
    groups: dict[tuple[tuple[str, ...], str], list[int]] = {}
    for index, (action, _) in enumerate(every):
        if action.id is not None and len(asked.names(action.account)) > 1:
            groups.setdefault((asked.names(action.account), action.id), []).append(index)
    dropped: set[int] = set()
    for indices in groups.values():
        deletes = [i for i in indices if every[i][0].action == "delete"]
        if len({every[i][0].account for i in deletes}) < 2:
            continue
        deletes.sort(key=lambda i: every[i][0].account)
        first, others = deletes[0], deletes[1:]
        every[first] = (_with(every[first][0], [every[i][0] for i in others]), every[first][1])
        dropped.update(i for i in others if every[i][0].account != every[first][0].account)
    return [pair for index, pair in enumerate(every) if index not in dropped]


def _with(action: Action, others: Iterable[Action]) -> Action:
    """*action*, asked for by what asks for *others* too."""
    sources = set(action.sources)
    parts = dict.fromkeys(action.parts or ())
    declared = action.reason is Reason.DECLARED
    for one in others:
        if one.account == action.account:
            continue
        sources |= set(one.sources)
        parts |= dict.fromkeys(one.parts or ())
        declared = declared or one.reason is Reason.DECLARED
    return msgspec.structs.replace(
        action,
        reason=Reason.DECLARED if declared else action.reason,
        parts=None if action.parts is None else tuple(parts),
        sources=tuple(sorted(sources, key=lambda one: (one.path, one.line, one.manifest))),
    )
