"""Plan <-> bytes: one JSON object, keys in a fixed order, one action a line (spec §2.4).

A plan's identity is the SHA-256 of its bytes, and there is one way to write each plan. Bytes that
another tool has formatted anew are another plan (their signatures do not count), but can be read.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from reconciler.declare.encoding import MARK, utf16
from reconciler.errors import Stale
from reconciler.model import API_VERSION, Action, Counts, PlanDocument, Reason, stamp

# "deterministic" sorts the keys of mappings; structs keep the order of their fields.
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(PlanDocument).decode

DELETES = frozenset({Reason.DECLARED, Reason.MATCHED, Reason.UNLISTED})
NONES = frozenset({Reason.ABSENT, Reason.KEPT, Reason.EXPIRED, Reason.NOT_YET})


class _Head(msgspec.Struct, rename="camel"):
    """What says whether the rest can be read at all."""

    api_version: str
    kind: str


_decode_head = msgspec.json.Decoder(_Head).decode


def dumps(plan: PlanDocument) -> bytes:
    """The one way to write *plan*. `loads` gives an equal plan back."""
    head = b'{"apiVersion":%b,"kind":%b' % (_encode(plan.api_version), _encode(plan.kind))
    middle = (
        b' "%b":%b' % (key, _encode(value))
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
    actions = b",\n".join(b" " + _encode(action) for action in plan.actions)
    tail = b' "actions":[\n%b\n ]}\n' % actions if actions else b' "actions":[]}\n'
    return harmless(b",\n".join((head, *middle, tail)))


# Characters that a terminal or a CI log acts on or hides (controls, bidi, invisible ones), and the
# `##` that starts a log command: written as escapes, so that the file can be printed as it is.
_HARMFUL = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]|(?<=#)#"
)


def harmless(data: bytes) -> bytes:
    """The same JSON, to be printed as it is in a terminal and a CI log."""
    if data.isascii() and b"\x7f" not in data and b"##" not in data:
        return data
    return _HARMFUL.sub(_escaped, data.decode()).encode()


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def loads(data: bytes) -> PlanDocument:
    """Read what `dumps` wrote. Anything else, whatever its bytes, is `Stale` with the reason."""
    head = _read_head(data)
    if head.kind != "Plan":
        raise Stale(f"this is not a plan: its kind is {_short(head.kind)}")
    if head.api_version != API_VERSION:
        raise Stale(
            f"the plan is of version {_short(head.api_version)}; this tool reads {API_VERSION}."
            " Make it again with this tool, or apply it with the one that wrote it"
        )
    try:
        plan = _decode(data)
        written = dumps(plan)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Stale(f"the plan cannot be read: {_one_line(error)}. Make it again") from error
    wrong = _contradiction(plan)
    if wrong is not None:
        raise Stale(f"the plan contradicts itself: {wrong}. Make it again")
    if written != data and not _says_the_same(data, written):
        raise Stale("the plan holds keys or values that no plan has. Make it again")
    return plan


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


def digest(data: bytes) -> str:
    """`sha256:<hex>` of *data*: a plan's identity."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


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
        raise Stale(f"this is not a plan: {_one_line(error)}") from error


def _saved_anew(data: bytes) -> str | None:
    """What another program has made of the file's text; None if that is not what is wrong."""
    if (encoding := utf16(data[:4])) is not None:
        return f"is in {encoding}, not in UTF-8"
    return "begins with a byte order mark" if data.startswith(MARK) else None


def _one_line(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return " ".join(str(error).split())[:200]


def _short(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:60] + "...")


def _contradiction(plan: PlanDocument) -> str | None:
    """Why nobody could have planned this, or None."""
    for name in ("created_at", "expires_at"):
        try:
            moment(getattr(plan.metadata, name))
        except ValueError as error:
            return str(error)
    if plan.applicable == bool(plan.violations):
        return "applicable and violations do not agree"
    for action in plan.actions:
        wrong = _odd(plan, action)
        if wrong is not None:
            return f"the action on {_short(f'{action.account}/{action.id}')} {wrong}"
    deleted = Counter(t for a in plan.actions if a.action == "delete" for t in a.targets)
    if deleted and max(deleted.values()) > 1:
        return f"{_short(str(deleted.most_common(1)[0][0]))} is deleted twice"
    s = plan.summary
    if count(plan.actions) != Counts(
        delete=s.delete, refuse=s.refuse, none=s.none, targets=s.targets
    ):
        return "the summary is not that of the actions"
    return None


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
    record = action.campaign
    if record is not None and (record.account, record.id) != (action.account, action.id):
        return "shows the record of another campaign"
    return None


def count(actions: Sequence[Action]) -> Counts:
    """How many of *actions* there are of each kind, and how many targets would be deleted."""
    kinds = Counter(action.action for action in actions)
    targets = sum(
        1 if action.parts is None else len(action.parts)
        for action in actions
        if action.action == "delete"
    )
    return Counts(
        delete=kinds["delete"], refuse=kinds["refuse"], none=kinds["none"], targets=targets
    )
