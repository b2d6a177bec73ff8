"""The journal in a project's words: targets by what their accounts are called today.

The journal goes by scope, id and part. People, plans and reports go by account. This is the one
place where the two meet.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from reconciler.lanes.journal import History, Journal, Ruling, State
from reconciler.model import Identity, Target

UNKNOWN = "unknown"


class Known:
    """What *journal* knows, by account. *scopes*: each account's; None where nobody can tell it.

    A target of an account whose scope is unknown is one that the journal has never heard of.
    """

    def __init__(self, journal: Journal, scopes: Mapping[str, str | None]) -> None:
        self.journal = journal
        self.scopes = scopes
        self._called: dict[str, str] = {}
        for name in sorted(scopes, reverse=True):
            if (scope := scopes[name]) is not None:
                self._called[scope] = name  # of several names, the first
        self._elsewhere: dict[Target, Identity] = {}

    def scope(self, account: str) -> str:
        """The scope of *account*, `unknown` if nobody can tell."""
        return self.scopes.get(account) or f"{UNKNOWN} ({account})"

    def identity(self, target: Target) -> Identity:
        """What *target* is: of the account as it is today, or a doubt that was told here."""
        found = self._elsewhere.get(target)
        return found or Identity(self.scope(target.account), target.id, target.part)

    def states(self, targets: Iterable[Target]) -> dict[Target, State]:
        """The states of those targets that the journal knows."""
        named = self._named(targets)
        found = self.journal.states(named).items()
        return {target: state for one, state in found for target in named[one]}

    def history(self, targets: Iterable[Target]) -> dict[Target, History]:
        """What was done about each target."""
        named = self._named(targets)
        found = self.journal.history(named).items()
        return {target: history for one, history in found for target in named[one]}

    def _named(self, targets: Iterable[Target]) -> dict[Identity, list[Target]]:
        """What *targets* are; accounts of one scope have several names for one thing."""
        named: dict[Identity, list[Target]] = {}
        for one in targets:
            named.setdefault(self.identity(one), []).append(one)
        return named

    def in_doubt(self) -> dict[Target, State]:
        """Every target in doubt, those of scopes that no account has today among them."""
        found = self.journal.in_doubt()
        here = {one: self._here(one, state) for one, state in found.items()}
        taken = {target for target in here.values() if target is not None}
        named: dict[Target, State] = {}
        for one, state in found.items():
            target = here[one]
            if target is None:
                target = self._there(one, state, taken)
            named[target] = state
        return dict(sorted(named.items()))

    def elsewhere(self, target: Target) -> str | None:
        """The scope of a doubt that no account has today, None if an account has it."""
        found = self._elsewhere.get(target)
        return None if found is None else found.scope

    def targets(self, identities: Iterable[Identity]) -> tuple[Target, ...]:
        """The targets that *identities* are, as far as an account or a told doubt has them."""
        told = {identity: target for target, identity in self._elsewhere.items()}
        found = []
        for one in identities:
            if one in told:
                found.append(told[one])
            elif one.scope in self._called:
                found.append(Target(self._called[one.scope], one.id, one.part))
        return tuple(found)

    def ruling(self, target: Target, changes: Mapping[str, Any]) -> Ruling:
        """What *target* is now, for the journal."""
        return Ruling(self.identity(target), target.account, changes)

    def _here(self, one: Identity, state: State) -> Target | None:
        if self.scopes.get(state.account) == one.scope:
            return Target(state.account, one.id, one.part)
        name = self._called.get(one.scope)
        return None if name is None else Target(name, one.id, one.part)

    def _there(self, one: Identity, state: State, taken: Collection[Target]) -> Target:
        """A name for what no account has: what its account was called, if that is free."""
        target = Target(state.account, one.id, one.part)
        if target in taken or self._elsewhere.get(target, one) != one:
            target = Target(f"{state.account} ({one.scope})", one.id, one.part)
        self._elsewhere[target] = one
        return target
