"""The actions of a plan as its text lists them: by who asks, kind, reason and words.

None of them is held.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from reconciler.model import Action, PlanDocument, WaiverUse
from reconciler.plan.samerecords import PIECE, SameRecords
from reconciler.plan.spool import Lines, Spool, paged
from reconciler.views.askers import Asker, Askers, place
from reconciler.views.text.cells import Cells, Layout, Widths
from reconciler.views.text.page import TextPage
from reconciler.views.text.rows import SIGNS, drawn
from reconciler.views.text.samerows import SameRows

TOGETHER = PIECE  # rows that are measured and drawn at a time
_WAITING = 64 * TOGETHER  # actions that wait for more of their group, of all groups together
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Cells).decode

Same = Callable[[], SameRows | None]
Words = tuple[str, str]  # a reason and, of a refusal, its message


class AccountRows(msgspec.Struct):
    """What the head of an account says of its actions."""

    driver: str = ""
    waivers: dict[WaiverUse, None] = {}
    untouched: Counter[str] = msgspec.field(default_factory=Counter)  # by reason


class _Block(NamedTuple):
    """Some rows, in the spool from *start* to *end*: as they are drawn by *layout*, or their cells.

    *again*: what is drawn, to draw it again.
    """

    start: int
    end: int
    layout: Layout | None = None
    again: Same | None = None


class TextGroup:
    """Rows under one heading, out of memory in *spool*, and how wide columns are.

    Deletions that are alike are drawn at once, as if no row to come were wider. Where one is, they
    are drawn again in the end; of others the cells wait.

    *kind*: of the actions; *said*: a message that the heading gives.
    """

    def __init__(self, kind: str, said: str | None, spool: Spool) -> None:
        self._kind = kind
        self._said = said
        self._spool = spool
        self._widths = Widths()
        self._blocks: list[_Block] = []
        self._waiting: list[Action] = []
        self.count = 0

    def add(self, some: Sequence[Action], page: TextPage, *, drawn: bool) -> None:
        """*some* more. Those that are not *drawn* are counted."""
        self.count += len(some)
        if drawn:
            self._waiting += some
            if len(self._waiting) >= TOGETHER:
                self.write(page)

    def add_same(self, some: SameRows, again: Same, page: TextPage) -> None:
        """Deletions that are alike; *again* gives them again."""
        self.count += len(some.ids)
        self.write(page)
        cells = Cells.of_same(some)
        own = cells.widths()
        self._widths.take(own)
        layout = self._widths.layout(page)
        self._put(drawn(self._sign(page), cells, own, layout, page).encode(), layout, again)

    def write(self, page: TextPage) -> None:
        """Keep no action."""
        if self._waiting:
            cells = Cells.of(self._waiting, page, self._said)
            self._waiting = []
            self._widths.take(cells.widths())
            self._put(_encode(cells))

    def _put(self, data: bytes, layout: Layout | None = None, again: Same | None = None) -> None:
        start = len(self._spool)
        self._spool.write(data)
        self._blocks.append(_Block(start, len(self._spool), layout, again))

    def lines(self, page: TextPage) -> Iterator[str]:
        """All of them, several lines to a piece."""
        layout = self._widths.layout(page)
        for one in self._blocks:
            if one.layout == layout:
                yield self._spool.read(one.start, one.end).decode()
            else:
                cells = self._cells(one)
                yield drawn(self._sign(page), cells, cells.widths(), layout, page)

    def _cells(self, block: _Block) -> Cells:
        if block.again is None:
            return _decode(self._spool.read(block.start, block.end))
        same = block.again()
        assert same is not None  # as when it was drawn
        return Cells.of_same(same)

    def _sign(self, page: TextPage) -> str:
        return page.ink(*SIGNS[self._kind])


ByWords = Mapping[Words, TextGroup]
_Key = tuple[Asker, str, Words]
_Found = dict[tuple[Asker, str], dict[Words, TextGroup]]


class TextGroups(msgspec.Struct):
    """*found* has the actions of each asker and kind, by their words."""

    accounts: dict[str, AccountRows]
    found: _Found

    @classmethod
    def of(cls, plan: PlanDocument, page: TextPage, *, everything: bool) -> "TextGroups":
        """One pass over the actions. *everything*: what is left untouched is drawn too."""
        keys = _Keys(Askers(plan.inputs.manifests))
        groups: dict[_Key, TextGroup] = {}
        found: _Found = {}
        spool, waiting = Spool(), 0

        def group(key: _Key) -> TextGroup:
            asker, kind, said = key
            if key not in groups:
                one = TextGroup(kind, said[1] if kind == "refuse" else None, spool)
                groups[key] = found.setdefault((asker, kind), {})[said] = one
            return groups[key]

        for some, same in _some(plan.actions):
            if same is not None and (rows := same()) is not None:
                group(keys.of(rows.like)).add_same(rows, same, page)
                continue
            for key, inside in keys.parted(some).items():
                group(key).add(inside, page, drawn=everything or key[1] != "none")
            waiting += len(some)
            if waiting >= _WAITING:
                waiting = 0
                for one in groups.values():
                    one.write(page)
        for one in groups.values():
            one.write(page)
        return cls(keys.accounts, found)

    def askers(self, account: str) -> list[Asker]:
        """Those who ask something of *account*, in the order of `askers.place`."""
        mine = {asker for asker, _ in self.found if asker.account == account}
        return sorted(mine, key=place)

    def rows(self, asker: Asker, kind: str) -> ByWords:
        """The actions of *kind* that *asker* asks for."""
        return self.found.get((asker, kind), {})


def _some(actions: Sequence[Action]) -> Iterator[tuple[Sequence[Action], Same | None]]:
    """*actions*, many at a time, and what gives them as rows if they are alike."""
    if not isinstance(actions, Lines):
        yield from ((some, None) for some in paged(actions, TOGETHER))
        return
    at = 0
    for known in (*(one for one in actions.beside if isinstance(one, SameRecords)), None):
        stop = len(actions) if known is None else known.first
        for first in range(at, stop, TOGETHER):
            some = actions.part(first, min(first + TOGETHER, stop))
            yield some, partial(SameRows.of, some)
        if known is not None:
            at = known.stop
            yield actions.part(known.first, at), partial(SameRows.known, known)


class _Keys:
    """Where each action stands; most stand where the one before them does."""

    def __init__(self, known: Askers) -> None:
        self._known = known
        self.accounts: dict[str, AccountRows] = {}

    def parted(self, some: Sequence[Action]) -> dict[_Key, list[Action]]:
        """The actions of each key, in the order in which keys come."""
        found: dict[_Key, list[Action]] = {}
        last: Action | None = None
        mine: list[Action] = []
        for action in some:
            if last is None or not _alike(action, last):
                mine = found.setdefault(self.of(action), [])
                last = action
            mine.append(action)
        return found

    def of(self, action: Action) -> _Key:
        """Where *action* stands."""
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
