"""Foreign text without our secrets; pure.

A vendor may echo a secret whole or cut anywhere, in any letter case, and spelled in any way: as
JSON in JSON, percent-encoded twice, as HTML, Base64 or hex. So every reading of the text
(`spelled`) is searched for each run of eight characters of a secret, and what spells one is masked
where it stands. What is shown is cut only afterwards.
"""

import base64
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from reconciler.lanes.spelled import Spelled, readings

_RUN = 8  # characters of a secret in a row that nobody may see
_FEWEST = 5  # of a run that count: others are blanks, say
_LEAST = 3  # a secret of fewer that count is looked for as it is, and in no other spelling
_BEGINNING = 4  # characters of a secret that are hidden where a vendor has cut it
_CUT = "…"
_DEEP = 3  # encodings inside encodings: Base64 of Base64
_MASK = "***"

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{4,}")
_HEX = re.compile(r"[0-9a-f]{2}(?:[\s:,.-]{0,2}(?:0x)?[0-9a-f]{2}){2,}", re.IGNORECASE)
_NUMBERS = re.compile(r"[0-9]{1,3}(?:\s*,\s*[0-9]{1,3}){2,}")

Span = tuple[int, int]


def scrubbed(text: str, secrets: Sequence[str]) -> str:
    """*text* with each secret, and each run of eight of its characters, as `***`.

    Where *text* is cut (it ends in `…`), a shorter beginning of a secret is hidden too.
    """
    return _scrubbed(text, tuple(dict.fromkeys(one for one in secrets if one.strip())))


@lru_cache(maxsize=128)  # a sentence comes by several times on its way to a report
def _scrubbed(text: str, known: tuple[str, ...]) -> str:
    sought = _sought(known)
    spans = [*_literally(text, known), *_spelled_out(text, sought, _DEEP)]
    text = _masked(text, spans)
    if text.endswith(_CUT):
        for secret in known:
            text = _without_beginning(text, secret)
    return text


# ---------------------------------------------------------------- what is looked for


class _Sought(NamedTuple):
    """Runs of plain characters that nobody may see, by their length."""

    runs: tuple[tuple[int, frozenset[str]], ...]
    shortest: int


@lru_cache(maxsize=16)
def _sought(secrets: tuple[str, ...]) -> _Sought:
    runs: dict[int, set[str]] = {}
    for secret in secrets:
        for run in _runs(secret):
            runs.setdefault(len(run), set()).add(run)
    return _Sought(
        tuple((length, frozenset(found)) for length, found in sorted(runs.items())),
        min(runs, default=_RUN),
    )


@lru_cache(maxsize=64)
def _runs(secret: str) -> tuple[str, ...]:
    """What counts of each run of *secret*, and of what it reads as once its escapes are undone."""
    found: set[str] = set()
    for reading in readings(secret):
        plain = [_plain(one) for one in reading.text]
        whole = "".join(plain)
        if len(whole) < _LEAST:
            continue
        fewest = min(_FEWEST, len(whole))
        for at in range(max(1, len(plain) - _RUN + 1)):
            end = at + _RUN
            while len(run := "".join(plain[at:end])) < fewest and end < len(plain):
                end += 1
            found.add(run if len(run) >= fewest else whole[-fewest:])
    return tuple(found)


@lru_cache(maxsize=4096)
def _plain(one: str) -> str:
    """What counts of a character: no case, no width, and nothing of a blank or of the unseen.

    A plus is a blank in a form, and a backslash may be anybody's.
    """
    if one.isascii():
        return one.lower() if one.isprintable() and one not in " +\\" else ""
    if one.isspace() or unicodedata.category(one) in ("Cc", "Cf"):
        return ""
    narrow = unicodedata.normalize("NFKC", one).casefold()
    return narrow if narrow == one else "".join(map(_plain, narrow))


# ---------------------------------------------------------------- where it is found


def _literally(text: str, secrets: Sequence[str]) -> Iterator[Span]:
    for secret in secrets:
        for one in {secret, secret.strip()}:
            at = text.find(one)
            while at >= 0:
                yield at, at + len(one)
                at = text.find(one, at + len(one))


def _spelled_out(text: str, sought: _Sought, deep: int) -> Iterator[Span]:
    """Where *text* spells a run that is sought, in any of its readings."""
    if not sought.runs or len(text) < sought.shortest:
        return
    for reading in readings(text):
        yield from _in_plain(reading, sought)
        if deep:
            yield from _encoded(reading, sought, deep - 1)


def _in_plain(reading: Spelled, sought: _Sought) -> Iterator[Span]:
    counts = [(found, at) for at, one in enumerate(reading.text) for found in _plain(one)]
    plain = "".join(found for found, _ in counts)
    for length, runs in sought.runs:
        for at in range(len(plain) - length + 1):
            if plain[at : at + length] in runs:
                last = counts[at + length - 1][1]
                yield reading.starts[counts[at][1]], reading.ends[last]


def _encoded(reading: Spelled, sought: _Sought, deep: int) -> Iterator[Span]:
    """Base64 (wherever a secret stands in what was encoded), hex and lists of bytes, whole."""
    for pattern, decodings in ((_BASE64, _base64), (_HEX, _hex), (_NUMBERS, _numbers)):
        for found in pattern.finditer(reading.text):
            texts = decodings(found[0], sought.shortest)
            if any(_holds(one, sought, deep) for one in texts):
                yield reading.starts[found.start()], reading.ends[found.end() - 1]


def _holds(text: str, sought: _Sought, deep: int) -> bool:
    return next(_spelled_out(text, sought, deep), None) is not None


def _base64(run: str, shortest: int) -> Iterator[str]:
    if len(run) * 3 < shortest * 4:
        return
    standard = run.replace("-", "+").replace("_", "/")
    for start in range(4):
        piece = standard[start:]
        piece = piece[: len(piece) - (len(piece) % 4 == 1)]
        data = base64.b64decode(piece + "=" * (-len(piece) % 4))
        yield data.decode("utf-8", "ignore")


def _hex(run: str, shortest: int) -> Iterator[str]:
    digits = re.sub(r"0x|[^0-9a-f]", "", run.lower())
    if len(digits) < 2 * shortest:
        return
    for start in (0, 1):
        piece = digits[start:]
        yield bytes.fromhex(piece[: len(piece) & ~1]).decode("utf-8", "ignore")


def _numbers(run: str, _: int) -> Iterator[str]:
    values = [int(one) for one in run.split(",")]
    yield bytes(one & 0xFF for one in values).decode("utf-8", "ignore")


# ---------------------------------------------------------------- masking


def _masked(text: str, spans: Sequence[Span]) -> str:
    """*text* with each of *spans* as one mask; those that touch are one."""
    shown: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start > done or not shown:
            shown += [text[done:start], _MASK]
        done = max(done, end)
    return "".join([*shown, text[done:]]) if shown else text


def _without_beginning(text: str, secret: str) -> str:
    """*text* without the beginning of *secret* that stands just before the cut."""
    head = text.removesuffix(_CUT)
    bare = " ".join(secret.split())
    for length in range(min(len(bare), len(head), _RUN), _BEGINNING - 1, -1):
        if head.lower().endswith(bare[:length].lower()):
            return head[: len(head) - length] + _MASK + _CUT
    return text
