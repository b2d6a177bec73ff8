"""What a plan counts to, while its actions go by: nothing is kept of one but its counts. Pure."""

from collections import Counter

import msgspec
from msgspec import structs

from reconciler.declare.project import Account, ProjectFile
from reconciler.model import Action, Counts, WaiverUse
from reconciler.plan.guards import running
from reconciler.plan.guards.waivers import Waivers, parts_of
from reconciler.plan.looks import looked_at_first
from reconciler.plan.usual import Stretch


class Loss(msgspec.Struct):
    """What one account loses. *waived*: a target's guard is lifted; *unknown*: by status.

    *looks*: the targets that are looked at before their request.
    """

    targets: int = 0
    looks: int = 0
    campaigns: int = 0
    waived: bool = False
    unknown: int = 0
    newest: str | None = None  # the campaign that was counted last


class Losses:
    """Take in actions, those of one campaign one after the other."""

    def __init__(self, project: ProjectFile, waivers: Waivers) -> None:
        self._project = project
        self._waived = {(name, id_) for _, name, id_ in waivers.active if id_ is not None}
        self._kinds: Counter[tuple[str, str]] = Counter()
        self.accounts: dict[str, Loss] = {}
        self.used: set[tuple[str, str | None, WaiverUse]] = set()
        self.parts: dict[tuple[str, str | None], int] = {}
        """How many parts the records have of campaigns that somebody waives a guard for."""

    def add(self, action: Action) -> None:
        """Count *action*."""
        account = action.account
        self._kinds[account, action.action] += 1
        if action.waivers:
            self.used.update((account, action.id, one) for one in action.waivers)
        if self._waived and action.parts is not None and (account, action.id) in self._waived:
            self.parts[account, action.id] = len(parts_of(action.campaign))
        if action.action == "delete":
            self._lose(action)

    def add_alike(self, some: Stretch) -> None:
        """Count deletions that are alike, by nobody's waiver: those of one status together."""
        account, number = self._project.accounts[some.like.account], len(some.lengths)
        self._kinds[account.name, "delete"] += number
        loss = self._loss(account.name)
        loss.targets += number
        loss.campaigns += number
        loss.newest = some.last
        assert some.like.campaign is not None
        for status, many in some.statuses.items():
            record = structs.replace(some.like.campaign, status=status)
            one = structs.replace(some.like, campaign=record)
            self._look_at(account, one, loss, campaigns=many, targets=many)

    def counts(self, account: str) -> Counts:
        """How many actions of each kind *account* has."""
        kinds, loss = self._kinds, self.accounts.get(account)
        return Counts(
            delete=kinds[account, "delete"],
            refuse=kinds[account, "refuse"],
            none=kinds[account, "none"],
            targets=0 if loss is None else loss.targets,
        )

    def _lose(self, action: Action) -> None:
        loss = self._loss(action.account)
        targets = 1 if action.parts is None else len(action.parts)
        loss.targets += targets
        if action.id != loss.newest:
            loss.campaigns += 1
            loss.newest = action.id
        if action.waivers:
            loss.waived = True
        account = self._project.accounts[action.account]
        self._look_at(account, action, loss, campaigns=1, targets=targets)

    def _loss(self, account: str) -> Loss:
        loss = self.accounts.get(account)
        if loss is None:
            loss = self.accounts[account] = Loss()
        return loss

    @staticmethod
    def _look_at(
        account: Account, action: Action, loss: Loss, *, campaigns: int, targets: int
    ) -> None:
        if action.campaign is not None and running.unknown(action.campaign, account.guards):
            loss.unknown += campaigns
        if looked_at_first(account, action):
            loss.looks += targets
