"""No spelling of a secret gets through."""

import base64
import html
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.lanes.scrub import scrubbed

SECRETS = [
    "s3cr3t-key",
    "with\nnewline",
    "with % percent",
    "with 'both' \"quotes\"",
    "back\\slash/slash",
    "<angle>&amp",
    "ünï-cödé-😀",
    "a+b=c d",
    "tab\tand\r\nmore",
    "trailing-newline\n",
]
SPELLINGS: dict[str, Any] = {
    "plain": lambda s: s,
    "upper": str.upper,
    "url": lambda s: quote(s, safe=""),
    "url, lower case": lambda s: quote(s, safe="").lower(),
    "url, slashes kept": quote,
    "form": quote_plus,
    "json": lambda s: json.dumps(s)[1:-1],
    "json, utf-8": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "json, slashes escaped": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "json, upper case": lambda s: "".join(
        f"\\u{ord(c):04X}" if not c.isalnum() and ord(c) < 0xFFFF else c for c in s
    ),
    "repr": lambda s: repr(s)[1:-1],
    "html": html.escape,
    "html, numbers": lambda s: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in s),
    "html, hex": lambda s: "".join(c if c.isalnum() else f"&#x{ord(c):X};" for c in s),
    "one line": lambda s: " ".join(s.split()),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 url": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "basic": lambda s: base64.b64encode(b"user:" + s.encode() + b"!").decode(),
    "hex": lambda s: s.encode().hex(),
    "header": lambda s: f"Bearer {s}",
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_never_shown_in_any_spelling(secret: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    found = scrubbed(f"you sent <{spelled}>, twice: {spelled}", [secret])
    assert spelled not in found
    assert "***" in found
    assert found.startswith("you sent <")
    assert secret.strip() not in found


@pytest.mark.parametrize("length", [4, 6, 9])
def test_the_beginning_of_a_secret_before_a_cut_is_not_shown(length: int) -> None:
    found = scrubbed("you sent " + "s3cr3t-key"[:length] + "…", ["s3cr3t-key"])
    assert found == "you sent ***…"


def test_the_longest_secret_goes_first() -> None:
    assert scrubbed("abcdef", ["abc", "abcdef"]) == "***"


@pytest.mark.parametrize("secret", ["", " ", "\n"])
def test_an_empty_secret_hides_nothing(secret: str) -> None:
    assert scrubbed("all of it", [secret]) == "all of it"


def test_a_key_file_of_64_kib_is_hidden_too() -> None:
    secret = "-----BEGIN KEY-----\n" + "q" * 60_000
    assert scrubbed(f"x {secret} y", [secret]) == "x *** y"


@given(st.text(min_size=5, max_size=40).filter(lambda s: len(s.strip()) >= 5), st.text(max_size=20))
def test_whatever_the_secret_is_it_is_not_in_what_is_left(secret: str, around: str) -> None:
    found = scrubbed(around + secret + around, [secret])
    assert secret.strip() not in found.replace("***", "\0")
