"""No spelling of a secret gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.lanes.scrub import scrubbed
from tests.support.spellings import SPELLINGS, leaks

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


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_never_shown_in_any_spelling(secret: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    found = scrubbed(f"you sent <{spelled}>, twice: {spelled}", [secret])
    assert spelled not in found
    assert leaks(found, secret) is None
    assert "***" in found
    assert found.startswith("you sent <")
    assert secret.strip() not in found


CANARY = 'Kx9/+%&q7Z"eT<2v\\LmP~w3'


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_that_a_vendor_cut_anywhere_is_never_shown(spelling: str) -> None:
    spelled = SPELLINGS[spelling](CANARY)
    for length in range(1, len(spelled)):
        for cut in (spelled[:length], spelled[-length:]):
            found = scrubbed(f"invalid key ({cut}) sent", [CANARY])
            assert leaks(found, CANARY) is None, (cut, found)
            assert found.startswith("invalid key (")
            assert found.endswith(") sent")


def test_what_a_secret_shares_with_a_sentence_costs_the_sentence_nothing_else() -> None:
    said = "HTTP 400: the campaign 7f3a is running (50% sent) &amp; cannot be deleted, caf\u00e9"
    assert scrubbed(said, [CANARY, "sk_live_0123456789abcdef"]) == said


def test_two_secrets_that_touch_are_one_mask() -> None:
    assert scrubbed("<" + CANARY + "s3cr3t-key>", [CANARY, "s3cr3t-key"]) == "<***>"


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
