"""Every target of a saved plan, with what may become of it: gone through, and held by nobody."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import structs

from reconciler.apply.merge import PlanTarget
from reconciler.lanes.journal import NOTHING, State
from reconciler.lanes.work import Fate, Witnesses
from reconciler.model import Action, Campaign, Outcome, PlanDocument, Target
from reconciler.plan.alike import Alike


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """What a `PlanTarget` has that the saved plan does not say."""

    state: State | None
    fate: Fate | None
    campaign: Campaign | None
    suspect: bool
    first: bool
    double: bool
    left_out: Fate | None
    taken: bool
    asked: tuple[str, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


@dataclass(slots=True)
class Share:
    """An account's part of an agenda, which begins with the target *first* of the plan.

    *left*: targets that may still be sent, of so many *campaigns*. *working*: those and the ones
    whose doubt is to be settled; *marks*: a byte for each target, whether it is one of them.
    *doubts*: how many are in doubt.
    """

    first: int
    left: int = 0
    campaigns: int = 0
    working: int = 0
    doubts: int = 0
    last: str | None = None
    marks: bytearray = field(default_factory=bytearray)


class Agenda:
    """Every target of *plan*, in its order, with the fate that it has before anything is sent.

    It is gone through again and again. What a run then made of the targets is laid over it
    (`worked`, `told`), and read with `ends`. *witnesses*: of each account, records that stay.
    """

    def __init__(
        self, plan: PlanDocument, witnesses: Mapping[str, Witnesses] | None = None
    ) -> None:
        self._plan = plan
        self.witnesses = witnesses or {}
        self._rows = Alike[_Row](_encode, _decode)
        self._over: dict[str, Callable[[], _Over]] = {}
        self.accounts: dict[str, Share] = {}
        """By name, in the plan's order."""
        self.decided = 0
        """How many targets have a fate that no request is needed for."""
        self.done = 0
        """How many that the run is about have one and are more than pending."""

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, some: Iterable[PlanTarget]) -> None:
        """The next targets."""
        for one in some:
            share = self.accounts.get(one.target.account)
            if share is None:
                share = self.accounts[one.target.account] = Share(len(self._rows))
            fate, working = one.fate_now, one.working
            if fate is None:
                share.left += 1
                share.campaigns += one.target.id != share.last
                share.last = one.target.id
            share.working += working
            share.marks.append(working)
            share.doubts += one.in_doubt
            self.decided += one.fate is not None
            self.done += fate is not None and one.taken and fate.outcome is not Outcome.PENDING
            self._rows.append(_row(one))

    def __iter__(self) -> Iterator[PlanTarget]:
        return self._read(self._plan.deletions, 0)

    def of(self, account: str) -> Iterator[PlanTarget]:
        """The targets of *account*."""
        share = self.accounts.get(account)
        if share is None:
            return iter(())
        places = self._plan.places_of(account)
        return self._read(self._plan.deletions[places.start : places.stop], share.first)

    def to_work(self, account: str) -> Iterator[PlanTarget]:
        """Those of *account* that something is still to be done about."""
        return (one for one in self.of(account) if one.working)

    def _read(self, actions: Sequence[Action], first: int) -> Iterator[PlanTarget]:
        place = first
        for action in actions:
            for target in action.targets:
                row = self._rows[place]
                assert row is not None
                place += 1
                yield PlanTarget(
                    action,
                    target,
                    row.state or NOTHING,
                    row.fate,
                    row.campaign,
                    row.suspect,
                    row.first,
                    row.double,
                    row.left_out,
                    row.taken,
                    row.asked,
                )

    @property
    def left(self) -> list[str]:
        """The accounts, by name, of which something may still be sent."""
        return sorted(name for name, one in self.accounts.items() if one.left)

    @property
    def working(self) -> list[str]:
        """The accounts, by name, at which something is still to be done: sent, or settled."""
        return sorted(name for name, one in self.accounts.items() if one.working)

    # ---- what came of it

    def worked(self, account: str, fates: Iterable[Fate]) -> None:
        """The fates of the targets of *account* that were worked, in their order."""
        self._over[account] = lambda: _InOrder(iter(fates))

    def told(self, account: str, fates: Callable[[], Iterator[tuple[Target, Fate]]]) -> None:
        """The same, of some of its targets, which stand beside them; in the plan's order."""
        self._over[account] = lambda: _Named(fates())

    def ends(self) -> Iterator[tuple[PlanTarget, Fate]]:
        """Every target with its one fate: what was not reached is pending, a doubt stays one."""
        over = {name: make() for name, make in self._over.items()}
        for one in self:
            mine = over.get(one.target.account)
            fate = None if mine is None else mine.take(one)
            if fate is None:
                fate = one.fate_now or Fate(Outcome.PENDING)
                if one.in_doubt:
                    fate = Fate(Outcome.IN_DOUBT, one.state.detail)
            yield one, fate


class _InOrder:
    def __init__(self, fates: Iterator[Fate]) -> None:
        self._fates = fates

    def take(self, one: PlanTarget) -> Fate | None:
        return next(self._fates) if one.working else None


class _Named:
    def __init__(self, fates: Iterator[tuple[Target, Fate]]) -> None:
        self._fates = fates
        self._next = next(fates, None)

    def take(self, one: PlanTarget) -> Fate | None:
        if self._next is None or self._next[0] != one.target:
            return None
        _, fate = self._next
        self._next = next(self._fates, None)
        return fate


_Over = _InOrder | _Named


def _row(one: PlanTarget) -> _Row:
    record = one.campaign if one.action.campaign is None else None
    if record is not None and record.attributes is not None:
        record = structs.replace(record, attributes=None)
    return _Row(
        None if one.state == NOTHING else one.state,
        one.fate,
        record,
        one.suspect,
        one.first,
        one.double,
        one.left_out,
        one.taken,
        one.asked,
    )
