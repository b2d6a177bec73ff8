"""The actions of a plan as its text lists them: by who asks, kind, reason and words.

None of them is held.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from reconciler.model import Action, PlanDocument, WaiverUse
from reconciler.plan.spool import Picked, paged
from reconciler.views.askers import Asker, Askers, place
from reconciler.views.text.rows import TOGETHER, Widths

Words = tuple[str, str]  # a reason and, of a refusal, its message


class AccountRows(msgspec.Struct):
    """What the head of an account says of its actions."""

    driver: str = ""
    waivers: dict[WaiverUse, None] = {}
    untouched: Counter[str] = msgspec.field(default_factory=Counter)  # by reason


class TextGroup(msgspec.Struct):
    """Actions under one heading, and how wide their columns are."""

    actions: Sequence[Action]
    widths: Widths


ByWords = Mapping[Words, TextGroup]
_Key = tuple[Asker, str, Words]


class TextGroups(msgspec.Struct):
    """*found* has the actions of each asker and kind, by their words."""

    accounts: dict[str, AccountRows]
    found: dict[tuple[Asker, str], dict[Words, TextGroup]]

    @classmethod
    def of(cls, plan: PlanDocument) -> "TextGroups":
        """One pass over the actions."""
        keys = _Keys(Askers(plan.inputs.manifests))
        places: dict[_Key, array[int]] = {}
        widths: dict[_Key, Widths] = {}
        at = 0
        for some in paged(plan.actions, TOGETHER):
            for key, inside in keys.parted(some).items():
                if key not in places:
                    places[key], widths[key] = array("I"), Widths()
                places[key].extend([at + one for one in inside])
                whole = len(inside) == len(some)
                widths[key].take(some if whole else [some[one] for one in inside])
            at += len(some)
        found: dict[tuple[Asker, str], dict[Words, TextGroup]] = {}
        for (asker, kind, said), mine in places.items():
            group = TextGroup(Picked(plan.actions, mine), widths[asker, kind, said])
            found.setdefault((asker, kind), {})[said] = group
        return cls(keys.accounts, found)

    def askers(self, account: str) -> list[Asker]:
        """Those who ask something of *account*, in the order of `askers.place`."""
        mine = {asker for asker, _ in self.found if asker.account == account}
        return sorted(mine, key=place)

    def rows(self, asker: Asker, kind: str) -> ByWords:
        """The actions of *kind* that *asker* asks for."""
        return self.found.get((asker, kind), {})


class _Keys:
    """Where each action stands; most stand where the one before them does."""

    def __init__(self, known: Askers) -> None:
        self._known = known
        self.accounts: dict[str, AccountRows] = {}

    def parted(self, some: Sequence[Action]) -> dict[_Key, list[int]]:
        """The places in *some* of the actions of each key, in the order in which keys come."""
        found: dict[_Key, list[int]] = {}
        last: Action | None = None
        mine: list[int] = []
        for at, action in enumerate(some):
            if last is None or not _alike(action, last):
                mine = found.setdefault(self._key(action), [])
                last = action
            mine.append(at)
        return found

    def _key(self, action: Action) -> _Key:
        account = self.accounts.get(action.account)
        if account is None:
            account = self.accounts[action.account] = AccountRows(action.driver, {})
        if action.waivers:
            account.waivers |= dict.fromkeys(action.waivers)
        if action.action == "none":
            account.untouched[str(action.reason)] += 1
        said = (action.message or "") if action.action == "refuse" else ""
        return self._known.of(action), action.action, (str(action.reason), said)


def _alike(one: Action, last: Action) -> bool:
    """Whether *one* stands where *last* does, and nothing of it is counted."""
    return (
        one.sources == last.sources
        and one.account == last.account
        and one.reason == last.reason
        and one.action == last.action
        and one.action != "none"
        and one.message == last.message
        and one.waivers == last.waivers
    )
