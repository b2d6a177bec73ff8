"""The actions of a plan as lines of its file: gone through again and again, held by nobody.

A line is ` {...},` and a line end, as it stands in the file; the file's last has no comma.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from reconciler.model import Action
from reconciler.plan.spool import Lines, LineSink, Picked, holding

# "deterministic" sorts the keys of mappings; structs keep the order of their fields.
_encoder = msgspec.json.Encoder(order="deterministic")
encode = _encoder.encode
_decode = msgspec.json.Decoder(list[Action]).decode

END = b",\n"
_TOGETHER = 128  # actions that are written at a time

# Characters that a terminal or a CI log acts on or hides (controls, bidi, invisible ones), and the
# `##` that starts a log command: written as escapes, so that the file can be printed as it is.
_HARMFUL = (
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]|(?<=#)#"
)


def harmless(data: bytes) -> bytes:
    """The same JSON, to be printed as it is in a terminal and a CI log."""
    return data if is_harmless(data) else re.sub(_HARMFUL, _escaped, data.decode()).encode()


def is_harmless(data: bytes) -> bool:
    """Whether *data* is ASCII and `harmless` as it stands."""
    # one character is looked for many times faster than two
    return data.isascii() and b"\x7f" not in data and (b"#" not in data or b"##" not in data)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def line(action: Action) -> bytes:
    """The one way to write *action*."""
    return harmless(b" %b,\n" % encode(action))


def each_written(values: Sequence[Any]) -> list[bytes]:
    """`harmless` JSON of each of *values*; nearly always there is nothing to escape in any."""
    return each_harmless(_encoder.encode_lines(values))


def each_harmless(text: bytes) -> list[bytes]:
    """`harmless` lines of *text*, without their ends."""
    made = text.split(b"\n")[:-1]
    return made if is_harmless(text) else [harmless(one) for one in made]


def json_of(value: object) -> bytes:
    """*value* as JSON, however large its numbers are, and with half a character in it."""
    try:
        return msgspec.json.encode(value)
    except (ValueError, OverflowError, TypeError, msgspec.EncodeError):  # which it cannot write
        return json.dumps(msgspec.to_builtins(value)).encode()


def lines(actions: Sequence[Action]) -> list[bytes]:
    """`line` of each of *actions*."""
    return [b" %b,\n" % one for one in each_written(actions)]


def decoded(text: bytes) -> list[Action]:
    """The actions of the whole lines of *text*, with or without the last comma."""
    return _decode(b"[%b]" % text.rstrip(END))


def action_sink() -> LineSink[Action]:
    """Takes in actions, one after the other; `done` gives them back."""
    return LineSink(lines, decoded, _TOGETHER)


def spooled(actions: Iterable[Action]) -> Lines[Action]:
    """*actions*, out of memory."""
    sink = action_sink()
    for one in actions:
        sink.add(one)
    return sink.done()


class _Key(msgspec.Struct):
    account: str
    id: str | None = None


_decode_keys = msgspec.json.Decoder(list[_Key]).decode


def keys(actions: Sequence[Action]) -> Iterator[tuple[str, str | None]]:
    """Account and id of each of *actions*; of their lines, nothing else is read."""
    rows = actions.rows if isinstance(actions, Picked) else actions
    if not isinstance(rows, Lines):
        return ((one.account, one.id) for one in actions)
    lines = rows.read_as(_keys_in)
    found = Picked(lines, actions.places) if isinstance(actions, Picked) else lines
    return ((one.account, one.id) for one in found)


def _keys_in(text: bytes) -> list[_Key]:
    return _decode_keys(b"[%b]" % text.rstrip(END))


def phone_numbers(actions: Sequence[Action]) -> set[str]:
    """Every phone number that *actions* name, in parts or in records."""
    known: set[str] = set()
    for action in holding(actions, b'"phoneNumbers":', b'"parts":['):
        ids = frozenset((action.campaign.message_ids or ()) if action.campaign else ())
        known.update(one for one in action.parts or () if one not in ids)
        if action.campaign is not None:
            known.update(action.campaign.phone_numbers or ())
    return known
