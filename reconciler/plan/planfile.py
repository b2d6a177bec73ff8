"""Plan <-> bytes: one JSON object, keys in a fixed order, one action a line (spec §2.4).

A plan's identity is the SHA-256 of its bytes, and there is one way to write each plan. Bytes that
another tool has formatted anew are another plan (their signatures do not count), but can be read.
"""

import hashlib
import json
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Literal

import msgspec

from reconciler.declare.encoding import MARK, utf16
from reconciler.errors import Stale
from reconciler.model import (
    API_VERSION,
    Action,
    Campaign,
    Counts,
    PlanDocument,
    Reason,
    Target,
    stamp,
)
from reconciler.plan.lines import END, decoded, encode, harmless, line, lines, spooled
from reconciler.plan.spool import Lines, Spool

_decode = msgspec.json.Decoder(PlanDocument).decode

ORDER = {"delete": 0, "refuse": 1, "none": 2}
_DELETES = (Reason.DECLARED, Reason.MATCHED, Reason.UNLISTED)
DELETES = frozenset(_DELETES)
NONES = frozenset({Reason.ABSENT, Reason.KEPT, Reason.EXPIRED, Reason.NOT_YET})


class _Head(msgspec.Struct, rename="camel"):
    """What says whether the rest can be read at all."""

    api_version: str
    kind: str


_decode_head = msgspec.json.Decoder(_Head).decode


def dumps(plan: PlanDocument) -> bytes:
    """The one way to write *plan*. `loads` gives an equal plan back."""
    return b"".join(_parts(plan))


def written(plan: PlanDocument) -> tuple[PlanDocument, Spool]:
    """What `dumps` gives, in a spool; and *plan*, whose actions are read from there.

    It is the spool of its actions where they have one: *plan* itself is of no use any more.
    """
    given = plan.actions
    actions = given if isinstance(given, Lines) and given.whole else spooled(given)
    spool, head = actions.spool, _head(plan)
    if actions:
        head += b"\n"
        spool.cut(len(END))
        spool.write(b"\n" + _END)
    else:
        spool.write(b"]}\n")
    spool.begin(head)
    return msgspec.structs.replace(plan, actions=actions.based(spool, len(head))), spool


def read(spool: Spool) -> PlanDocument:
    """The plan whose bytes are in *spool*; its actions stay there, and none is held.

    `Stale` as `loads` says it. A plan that another tool has formatted anew is read whole.
    """
    found = _in_place(spool)
    return loads(spool.read()) if found is None else found


def head(data: bytes) -> PlanDocument | None:
    """What the first bytes of a plan say before its actions, of which it then has none; None if
    they do not say it. Nothing is checked: this is of a plan that was read before.
    """
    at = data.find(_ACTIONS)
    try:
        return None if at < 0 else _decode(data[: at + len(_ACTIONS)] + b"]}")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def loads(data: bytes) -> PlanDocument:
    """Read what `dumps` wrote. Anything else, whatever its bytes, is `Stale` with the reason."""
    head = _read_head(data)
    if head.kind != "Plan":
        raise Stale(
            f"this is not a plan: its kind is {_short(head.kind)}. Name the file that"
            " `reconciler plan --out` wrote"
        )
    if head.api_version != API_VERSION:
        raise Stale(
            f"the plan is of version {_short(head.api_version)}; this tool reads {API_VERSION}."
            " Make it again with this tool, or apply it with the one that wrote it"
        )
    try:
        plan = _decode(data)
        plan = msgspec.structs.replace(plan, actions=tuple(plan.actions))
        again = dumps(plan)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Stale(f"the plan cannot be read: {_one_line(error)}. Make it again") from error
    check = _Contradictions(plan)
    check.feed(plan.actions)
    check.end()
    if again != data and not _says_the_same(data, again):
        raise Stale("the plan holds keys or values that no plan has. Make it again")
    return plan


_ACTIONS = b'\n "actions":['
_END = b" ]}\n"


def _head(plan: PlanDocument) -> bytes:
    """What stands before the actions, without the end of its last line."""
    first = b'{"apiVersion":%b,"kind":%b' % (encode(plan.api_version), encode(plan.kind))
    middle = (
        b' "%b":%b' % (key, encode(value))
        for key, value in (
            (b"metadata", plan.metadata),
            (b"inputs", plan.inputs),
            (b"accounts", plan.accounts),
            (b"applicable", plan.applicable),
            (b"violations", plan.violations),
            (b"approvals", plan.approvals),
            (b"warnings", plan.warnings),
            (b"summary", plan.summary),
            (b"estimate", plan.estimate),
        )
    )
    return harmless(END.join((first, *middle, _ACTIONS[1:])))


def _tail(actions: Sequence[Action]) -> Iterator[bytes]:
    """The actions, and the end of the file."""
    if not actions:
        yield b"]}\n"
        return
    yield b"\n"
    raw = actions.raw() if isinstance(actions, Lines) else map(line, actions)
    last = next(raw)
    for part in raw:
        yield last
        last = part
    yield last.rstrip(b", \n") + b"\n" + _END


def _parts(plan: PlanDocument) -> Iterator[bytes]:
    yield _head(plan)
    yield from _tail(plan.actions)


def _in_place(spool: Spool) -> PlanDocument | None:
    """The plan, if its bytes are those that `dumps` writes; None if they are not."""
    head = _first_lines(spool)
    if head is None:
        return None
    try:
        plan = _decode(head + b"]}\n")
        if _head(plan) != head or plan.api_version != API_VERSION:
            return None
        check, bounds = _Contradictions(plan), array("Q", [0])
        base, end = len(head) + 1, len(spool) - len(_END)
        if len(spool) == len(head) + 3 and spool.read(len(head)) == b"]}\n":
            check.end()
            return msgspec.structs.replace(plan, actions=())
        if spool.read(len(head), base) != b"\n" or spool.read(max(end, base)) != _END:
            return None
        for block in _blocks(spool, base, end):
            actions = decoded(block)
            written = lines(actions)
            same = b"".join(written)
            if same != block and (bounds[-1] + len(block) < end - base or same != block[:-1] + END):
                return None
            bounds.extend(accumulate(map(len, written), initial=bounds.pop()))
            check.feed(actions)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    check.end()
    return msgspec.structs.replace(plan, actions=Lines(spool, decoded, bounds, base))


def _first_lines(spool: Spool) -> bytes | None:
    """The bytes up to where the actions begin."""
    size = 1 << 16
    while True:
        data = spool.read(0, size)
        at = data.find(_ACTIONS)
        if at >= 0:
            return data[: at + len(_ACTIONS)]
        if size >= len(spool):
            return None
        size *= 4


def _blocks(spool: Spool, start: int, end: int) -> Iterator[bytes]:
    """Whole lines, many at a time."""
    rest = b""
    for part in spool.parts(start, end):
        at = part.rfind(b"\n") + 1
        if at:
            yield rest + part[:at]
            rest = part[at:]
        else:
            rest += part
    if rest:
        yield rest


def _says_the_same(data: bytes, written: bytes) -> bool:
    """Whether *data*, formatted in another way, says what *written* says and no more."""
    try:
        return bool(json.loads(data, object_pairs_hook=_once) == json.loads(written))
    except (ValueError, RecursionError):
        return False


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def action_of(reason: Reason) -> Literal["delete", "refuse", "none"]:
    """What is done for *reason* (spec §2.4)."""
    if reason in DELETES:
        return "delete"
    return "none" if reason in NONES else "refuse"


def digest(data: bytes | Iterable[bytes]) -> str:
    """`sha256:<hex>` of *data*, or of its parts: a plan's identity."""
    made = hashlib.sha256()
    for part in (data,) if isinstance(data, bytes) else data:
        made.update(part)
    return f"sha256:{made.hexdigest()}"


def moment(text: str) -> datetime:
    """The aware time that `stamp` wrote as *text*; ValueError if it is not one."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None or stamp(value) != text:
        raise ValueError(f"{_short(text)} is not a time like 2026-11-20T08:00:00Z")
    return value


def _read_head(data: bytes) -> _Head:
    try:
        return _decode_head(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if (saved := _saved_anew(data)) is not None:
            raise Stale(
                f"this is not a plan as it was written: it {saved}. Another program has saved it "
                "anew, and a plan's bytes are what is reviewed and signed; take the file that plan "
                "wrote, or make it again"
            ) from error
        raise Stale(
            f"this is not a plan: {_one_line(error)}. Name the file that `reconciler plan --out`"
            " wrote"
        ) from error


def _saved_anew(data: bytes) -> str | None:
    """What another program has made of the file's text; None if that is not what is wrong."""
    if (encoding := utf16(data[:4])) is not None:
        return f"is in {encoding}, not in UTF-8"
    return "begins with a byte order mark" if data.startswith(MARK) else None


def _one_line(error: BaseException) -> str:
    """What is wrong with the text of a plan, in our words."""
    said = " ".join(str(error).split())
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if not isinstance(error, msgspec.DecodeError):
        return said[:200]
    if found := re.search(r"required field `(.*?)`", said):
        return f"it lacks `{found[1]}`"
    if found := re.search(r"at `\$\.?(.*?)`", said):
        return f"at `{found[1]}` something else stands than in a plan"
    if "truncated" in said:
        return "it ends before its end: write it again"
    byte = re.search(r"byte (\d+)", said)
    return f"it is not one JSON object (byte {byte[1]})" if byte else "it is no JSON object"


def _short(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:60] + "...")


class _Contradictions:
    """Why nobody could have planned this: raises `Stale`. Actions are fed in their order."""

    def __init__(self, plan: PlanDocument) -> None:
        self._plan = plan
        self._counts = Counter[str]()
        self._targets = 0
        self._last: tuple[int, str, bool, str] = (-1, "", False, "")
        self._deleted: set[Target] = set()  # of the campaign that is being fed
        for name in ("created_at", "expires_at"):
            try:
                moment(getattr(plan.metadata, name))
            except ValueError as error:
                self._raise(str(error))
        if plan.applicable == bool(plan.violations):
            self._raise("applicable and violations do not agree")

    def feed(self, actions: Iterable[Action]) -> None:
        """Look at some more."""
        known, plain = self._plan.accounts, 0
        _, account, _, id_ = self._last if self._last[0] == 0 else (0, "", True, "")
        for one in actions:
            # Nearly all are a deletion of one campaign, behind those of all others before it.
            if (
                one.action == "delete"
                and one.reason in _DELETES
                and one.parts is None
                and one.id is not None
                and one.sources
                and (one.id > id_ if one.account == account else one.account > account)
                and one.account in known
                and self._last[0] <= 0
                and _own(one.campaign, one)
            ):
                account, id_ = one.account, one.id
                plain += 1
                continue
            if plain:
                self._pass(plain, account, id_)
                plain = 0
            self._feed(one)
            if self._last[0] == 0:
                _, account, _, id_ = self._last
        if plain:
            self._pass(plain, account, id_)

    def _pass(self, number: int, account: str, id_: str) -> None:
        """Deletions of so many campaigns went by, and that one was the last."""
        self._counts["delete"] += number
        self._targets += number
        self._last = (0, account, True, id_)
        self._deleted = {Target(account, id_)}

    def _feed(self, one: Action) -> None:
        wrong = _odd(self._plan, one) or self._out_of_order(one)
        if wrong is not None:
            self._raise(f"the action on {_short(f'{one.account}/{one.id}')} {wrong}")
        self._counts[one.action] += 1
        if one.action == "delete":
            self._delete(one)

    def end(self) -> None:
        """There are no more."""
        s = self._plan.summary
        kinds = (self._counts["delete"], self._counts["refuse"], self._counts["none"])
        if (*kinds, self._targets) != (s.delete, s.refuse, s.none, s.targets):
            self._raise("the summary is not that of the actions")

    def _out_of_order(self, one: Action) -> str | None:
        place = (ORDER[one.action], one.account, one.id is not None, one.id or "")
        if place < self._last:
            return "stands in the wrong place"
        if place != self._last:
            self._deleted.clear()
        self._last = place
        return None

    def _delete(self, one: Action) -> None:
        for target in one.targets:
            if target in self._deleted:
                self._raise(f"{_short(str(target))} is deleted twice")
            self._deleted.add(target)
            self._targets += 1

    def _raise(self, wrong: str) -> None:
        raise Stale(f"the plan contradicts itself: {wrong}. Make it again")


def _odd(plan: PlanDocument, action: Action) -> str | None:
    if action.account not in plan.accounts:
        return "is of an account that the plan does not have"
    if action.action == "delete" and (action.id is None or action.parts == ()):
        return "deletes nothing"
    if action.action == "delete" and not action.sources:
        return "is asked for by no absence"
    unjudged = (action.action, action.reason) == ("refuse", Reason.KEPT)  # nobody can judge it
    if action.action != action_of(action.reason) and not unjudged:
        return f"is {action.action}/{action.reason}"
    if action.look_first is not None and action.action != "delete":
        return "is looked at first, and is no deletion"
    return None if _own(action.campaign, action) else "shows the record of another campaign"


def _own(record: Campaign | None, action: Action) -> bool:
    return record is None or (record.id == action.id and record.account == action.account)


def count(actions: Iterable[Action]) -> Counts:
    """How many of *actions* there are of each kind, and how many targets would be deleted."""
    kinds: Counter[str] = Counter()
    targets = 0
    for action in actions:
        kinds[action.action] += 1
        if action.action == "delete":
            targets += 1 if action.parts is None else len(action.parts)
    return Counts(
        delete=kinds["delete"], refuse=kinds["refuse"], none=kinds["none"], targets=targets
    )
