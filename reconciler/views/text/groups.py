"""The actions of a plan as its text lists them: by who asks, kind, reason and words.

None of them is held.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from reconciler.model import Action, PlanDocument, WaiverUse
from reconciler.plan.spool import grouped
from reconciler.views.askers import Asker, Askers, place

Words = tuple[str, str]  # a reason and, of a refusal, its message
ByWords = Mapping[Words, Sequence[Action]]


class AccountRows(msgspec.Struct):
    """What the head of an account says of its actions."""

    driver: str = ""
    waivers: dict[WaiverUse, None] = {}
    untouched: Counter[str] = msgspec.field(default_factory=Counter)  # by reason


class TextGroups(msgspec.Struct):
    """*found* has the actions of each asker and kind, by their words."""

    accounts: dict[str, AccountRows]
    found: dict[tuple[Asker, str], dict[Words, Sequence[Action]]]

    @classmethod
    def of(cls, plan: PlanDocument) -> "TextGroups":
        """One pass over the actions."""
        known = Askers(plan.inputs.manifests)
        accounts: dict[str, AccountRows] = {}

        def key(action: Action) -> tuple[Asker, str, Words]:
            account = accounts.get(action.account)
            if account is None:
                account = accounts[action.account] = AccountRows(action.driver, {})
            if action.waivers:
                account.waivers |= dict.fromkeys(action.waivers)
            if action.action == "none":
                account.untouched[str(action.reason)] += 1
            said = (action.message or "") if action.action == "refuse" else ""
            return known.of(action), action.action, (str(action.reason), said)

        found: dict[tuple[Asker, str], dict[Words, Sequence[Action]]] = {}
        for (asker, kind, said), rows in grouped(plan.actions, key).items():
            found.setdefault((asker, kind), {})[said] = rows
        return cls(accounts, found)

    def askers(self, account: str) -> list[Asker]:
        """Those who ask something of *account*, in the order of `askers.place`."""
        mine = {asker for asker, _ in self.found if asker.account == account}
        return sorted(mine, key=place)

    def rows(self, asker: Asker, kind: str) -> ByWords:
        """The actions of *kind* that *asker* asks for."""
        return self.found.get((asker, kind), {})
