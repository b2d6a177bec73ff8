"""Foreign text without our secrets; pure."""

import base64
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html.entities import codepoint2name
from urllib.parse import quote

_WHOLE = 1024  # characters up to which a secret is looked for in every mixture of spellings
_LEAST = 4  # characters that the cut-off beginning of a secret needs to be told from chance
_CUT = "…"
_SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}


def scrubbed(text: str, secrets: Sequence[str]) -> str:
    """*text* with each secret, in any spelling a vendor may echo it in, as `***`.

    Any letter case; each character plain or escaped for JSON, Python, HTML, XML or a URL; white
    space in any amount; the whole also in Base64 or hex. Where *text* is cut (it ends in `…`), so
    may be the secret.
    """
    for secret in sorted(set(secrets), key=len, reverse=True):
        for pattern in _patterns(secret):
            text = pattern.sub("***", text)
        if text.endswith(_CUT):
            text = _without_beginning(text, secret)
    return text


@lru_cache(maxsize=128)
def _patterns(secret: str) -> tuple["re.Pattern[str]", ...]:
    bare = secret.strip()
    if not bare:
        return ()
    spelled = "".join(_any_spelling(one) for one in _characters(bare))
    others = "|".join(re.escape(one) for one in _encoded(bare, secret))
    found = [spelled, others] if len(bare) <= _WHOLE else [re.escape(bare), others]
    return tuple(re.compile(one, re.IGNORECASE) for one in found if one)


def _characters(text: str) -> Iterable[str]:
    """Its characters; a run of white space is one."""
    return re.findall(r"\s+|\S", text)


def _any_spelling(one: str) -> str:
    """A pattern for one character, in any of its spellings."""
    if one.isspace():
        return r"(?:\s|\+|%20|%0[9ad]|\\[nrtbf]|\\u00[02][09ad]|&#(?:x[9ad]|x20|9|1[03]|32);)+"
    if one.isascii() and one.isalnum():
        return one  # encoders leave these alone
    code = ord(one)
    forms = {one, "\\" + one, f"&#{code};", f"&#x{code:x};", f"\\x{code:02x}"}
    forms.add("".join(f"%{byte:02x}" for byte in one.encode("utf-8", "surrogatepass")))
    units = one.encode("utf-16-be", "surrogatepass")
    forms.add("".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2)))
    if one in _SHORT:
        forms.add("\\" + _SHORT[one])
    if code in codepoint2name:
        forms.add(f"&{codepoint2name[code]};")
    if one == "'":
        forms.add("&apos;")
    longest_first = sorted(forms, key=len, reverse=True)
    return "(?:" + "|".join(re.escape(form) for form in longest_first) + ")"


def _encoded(bare: str, secret: str) -> list[str]:
    """The secret as a whole in Base64 (wherever it stands in what was encoded) and in hex."""
    found: list[str] = []
    for text in {bare, secret}:
        data = text.encode("utf-8", "surrogatepass")
        if len(data) < _LEAST:
            continue
        for before in range(3):
            # Only the characters that the secret alone decides.
            start = -(-8 * before // 6)
            end = 8 * (before + len(data)) // 6
            plain = base64.b64encode(b"\0" * before + data).decode()[start:end]
            safe = plain.replace("+", "-").replace("/", "_")
            found += [plain, safe, quote(plain, safe="")]
        found.append(data.hex())
    return sorted(set(found), key=len, reverse=True)


def _without_beginning(text: str, secret: str) -> str:
    """*text* without the beginning of *secret* that stands just before the cut."""
    head = text.removesuffix(_CUT)
    bare = " ".join(secret.split())
    for length in range(min(len(bare), len(head)), _LEAST - 1, -1):
        if head.lower().endswith(bare[:length].lower()):
            return head[: len(head) - length] + "***" + _CUT
    return text
