"""Regexes by the thousand: what the filter of literals lets through is what RE2 itself matches."""

from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.declare.manifest import Selector
from reconciler.plan import patterns as of_names
from reconciler.plan import prefilter
from reconciler.plan.patterns import Patterns, nfc

_PIECES = (
    *("ab", "é", "É", "ß", "SS", "ſ", "K", "\\x{212A}", "İ", "ı", "ﬁ", "Σ", "ς", "Ǆ", "😀", "12"),
    *(".", ".*", "[a-c]", "[^a]", "(ab|é)", "(x|y)?", "\\d", "\\pL", "a{2}", "(?i:éK)", "(?:)"),
    *("(?i:straße)", "$", "^", "\\b", "\\.", "\n", "[é-ü]", "\\W", "q+", "(?s:.)", "|"),
)
_LETTERS = (
    *("ab", "AB", "é", "É", "ß", "SS", "ſ", "s", "K", "k", "İ", "i", "ı", "ﬁ", "Σ", "ς", "ǆ"),
    *("1", "12", ".", "\n", "c", "x", "aa", "straße", "STRASSE", "😀", "ü", "q", " "),
)


def _valid(pattern: str) -> bool:
    try:
        of_names._whole(nfc(pattern))
    except re2.error:
        return False
    return True


_regexes = st.tuples(
    st.sampled_from(("", "(?i)")), st.lists(st.sampled_from(_PIECES), min_size=1, max_size=5)
).map(lambda drawn: drawn[0] + "".join(drawn[1]))
_names = st.lists(st.sampled_from(_LETTERS), max_size=5).map(lambda drawn: nfc("".join(drawn)))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(_regexes.filter(_valid), min_size=1, max_size=20),
    st.lists(_names, min_size=1, max_size=20),
)
def test_a_filter_loses_and_adds_nothing(regexes: list[str], names: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_names, "_FEW", -1)
        patch.setattr(prefilter, "_GROUP", 7)
        patch.setattr(prefilter, "_MANY", 2)
        found = _patterns(regexes).of(names, ["a"] * len(names))
    for place, name in enumerate(names):
        wanted = [at for at, one in enumerate(regexes) if of_names._whole(nfc(one))(name)]
        assert sorted(found.get(place, ())) == wanted


def _patterns(regexes: list[str]) -> Patterns:
    return Patterns([("a", at, Selector(name_regex=one)) for at, one in enumerate(regexes)])


def test_one_name_of_many_is_found_wherever_it_stands() -> None:
    every = Patterns(
        [(account, at, Selector(name_regex=f".*w{at}x.*")) for at, account in enumerate("ab" * 200)]
    )
    for place in (0, 25, 49):
        names = ["nothing"] * 50
        names[place] = "a w6x w7x b"
        for account, index in (("a", 6), ("b", 7)):
            assert every.of(names, [account] * 50) == {place: (index,)}


def test_only_the_account_s_own_regexes_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_names, "_FEW", 0)
    every = Patterns([("a", 0, Selector(name_regex=".*x")), ("b", 1, Selector(name_regex=".*x"))])
    assert every.of(["ax", "bx", "cx"], ["a", "b", "c"]) == {0: (0,), 1: (1,)}


_Filter = re2.Filter


class _Silent:
    """A filter whose memory ran out: it says nothing, and not that it cannot."""

    def __init__(self) -> None:
        self._filter = _Filter()
        self.broken = False

    def Add(self, pattern: str, options: Any) -> None:  # noqa: N802 - RE2's name
        self._filter.Add(pattern, options)

    def Compile(self) -> None:  # noqa: N802
        self._filter.Compile()

    def Match(self, text: str, potential: bool) -> Any:  # noqa: N802, FBT001
        return None if self.broken else self._filter.Match(text, potential)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_filter_that_cannot_tell_lets_everything_through(
    monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    made: list[_Silent] = []

    def silent() -> _Silent:
        made.append(_Silent())
        made[-1].broken = at_once
        return made[-1]

    monkeypatch.setattr(of_names, "_FEW", 0)
    with monkeypatch.context() as patch:
        patch.setattr(re2, "Filter", silent)
        every = _patterns([".*x", ".*y"])
    for one in made:
        one.broken = True
    assert every.of(["ax", "ay", "az"], ["a"] * 3) == {0: (0,), 1: (1,)}
