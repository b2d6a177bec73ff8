"""Which targets of a plan a run is about: of accounts, those named, less those excluded."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from reconciler.declare.near import near
from reconciler.errors import Usage
from reconciler.events import shown_target
from reconciler.model import Action, PlanDocument, Target

_COMPARED = 20_000  # ids that a mistyped one is compared with: more would take seconds


@dataclass(frozen=True, slots=True)
class Choice:
    """What a run is about. What is empty leaves nothing out.

    A target without a part means the whole campaign. What is excluded is left out even if it is
    asked for.
    """

    accounts: frozenset[str] = frozenset()
    targets: frozenset[Target] = frozenset()
    exclude: frozenset[Target] = frozenset()

    def left_out(self, target: Target) -> str | None:
        """The option that leaves *target* out of this run; None: the run is about it."""
        if self.accounts and target.account not in self.accounts:
            return "--account"
        if self.targets and not _named(target, self.targets):
            return "--target"
        return "--exclude" if _named(target, self.exclude) else None

    def everywhere(self, shared: Mapping[str, tuple[str, ...]]) -> "Choice":
        """The same under every name: *shared* has the accounts of one scope, by each of them."""

        def named(some: Collection[Target]) -> frozenset[Target]:
            return frozenset(
                Target(name, one.id, one.part)
                for one in some
                for name in shared.get(one.account, (one.account,))
            )

        return replace(self, targets=named(self.targets), exclude=named(self.exclude))

    def takes(self, target: Target) -> bool:
        """Whether the run is about *target*."""
        return self.left_out(target) is None

    def check(self, plan: PlanDocument) -> None:
        """`Usage` with every target that was named and cannot be meant."""
        strange = sorted(
            one for one in self.targets if self.accounts and one.account not in self.accounts
        )
        said = [f"--target {shown_target(str(one))}: --account leaves it out" for one in strange]
        said += [
            f"{option} {shown_target(str(one))}: {why}"
            for option, named in (("--target", self.targets), ("--exclude", self.exclude))
            for one, why in _wrong(named, plan, spared=option == "--exclude")
        ]
        if said:
            raise Usage("\n".join(said))


def _named(target: Target, named: Collection[Target]) -> bool:
    if not named:
        return False
    return target in named or Target(target.account, target.id) in named


def _wrong(
    named: Collection[Target], plan: PlanDocument, *, spared: bool
) -> Iterator[tuple[Target, str]]:
    """Those of *named* that cannot be meant, and why. *spared*: one not deleted may be meant."""
    if not named:
        return
    about: dict[tuple[str, str], list[Action]] = {(one.account, one.id): [] for one in named}
    for action in plan.actions:
        if action.id is not None and (action.account, action.id) in about:
            about[action.account, action.id].append(action)
    for one in sorted(named):
        actions = about[one.account, one.id]
        planned = [t for action in actions if action.action == "delete" for t in action.targets]
        if not actions:
            yield one, f"not in the plan.{_meant(one, plan)}"
        elif not planned and not spared:
            first = actions[0]
            what = "refuses it" if first.action == "refuse" else "leaves it alone"
            yield one, f"the plan {what} ({first.reason}); reconciler explain says why"
        elif planned and one.part is not None and one not in planned:
            there = ", ".join(shown_target(str(target)) for target in planned[:3])
            more = f" and {len(planned) - 3} more" if len(planned) > 3 else ""
            yield one, f"the plan deletes {there}{more}, and not this part"


def _meant(one: Target, plan: PlanDocument) -> str:
    """What was probably meant by *one*, as a question; else where the targets are listed."""
    ids: dict[str, None] = {}
    for action in plan.actions:
        if action.id is None or action.action != "delete":
            continue
        if action.id == one.id:
            return f" Did you mean {shown_target(str(Target(action.account, one.id, one.part)))}?"
        if action.account == one.account and abs(len(action.id) - len(one.id)) < 3:
            ids[action.id] = None
    close = near(one.id, islice(ids, _COMPARED))
    if close is not None:
        return f" Did you mean {shown_target(str(Target(one.account, close, one.part)))}?"
    return " reconciler show lists what it deletes"
