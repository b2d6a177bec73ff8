"""Whatever comes on the wire, at whichever request of whichever driver, stays its account's own.

20,000 bent answers of each kind with `make crash`; a few here.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.model import Outcome
from tests.support.fuzz import Fuzz
from tests.support.fuzz_place import GOOD
from tests.support.wire_fuzz import EXAMPLES, WirePlace
from tests.support.wire_server import Got

Make = Callable[[str], WirePlace]

LISTS = [name for name, one in EXAMPLES.items() if one.driver.list]
TOKENS = ["ozonetel 4", "ozonetel 6", "http as dialer"]
UNSAID = {  # what the vendor's own good answer does not prove
    "hubspot 5": Outcome.IN_DOUBT,
    "http as folders": Outcome.IN_DOUBT,
    "twilio 10": Outcome.REFUSED,
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Make]:
    made: list[WirePlace] = []

    def make(name: str) -> WirePlace:
        made.append(WirePlace(tmp_path, EXAMPLES[name]))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How many answers are bent of a kind."""
    found: int = request.config.getoption("--fuzz")
    return found


class Some:
    """Which requests are bent: by chance, those for a token alone or none of them."""

    def __init__(self, fuzz: Fuzz, here: WirePlace, *, token: bool) -> None:
        self._fuzz, self._path, self._token = fuzz, here.token_path(), token

    def __call__(self, got: Got) -> bool:
        token = self._path is not None and got.target.endswith(self._path)
        return token == self._token and self._fuzz.dice.random() < 0.8


def lived(here: WirePlace, kind: str, name: str, wanted: int) -> None:
    """Applies until *wanted* answers were bent; what must hold of each."""
    bent = seed = 0
    while bent < wanted:
        seed += 1
        fuzz = Fuzz((kind, name, seed))
        fates, more = here.apply_at(fuzz, Some(fuzz, here, token=kind == "token"))
        bent += more
        found = {target.id: fate.outcome for target, fate in fates.items()}
        assert {one: found.pop(one) for one in GOOD} == dict.fromkeys(GOOD, Outcome.DELETED)
        assert found, f"seed {seed}"
        for target, fate in fates.items():
            assert "which nobody expected" not in (fate.detail or ""), f"{seed}: {target} {fate}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_vendor_that_is_bent_is_a_good_one_when_it_is_not(name: str, place: Make) -> None:
    fates, _ = place(name).apply_at(Fuzz(name), lambda _: False)
    outcomes = {fate.outcome for target, fate in fates.items() if target.account == "bad"}
    assert outcomes == {UNSAID.get(name, Outcome.DELETED)}, fates


@pytest.mark.parametrize("name", EXAMPLES)
def test_bent_bytes_at_any_request_end_in_a_fate(name: str, place: Make, rounds: int) -> None:
    lived(place(name), "wire", name, rounds // len(EXAMPLES) + 1)


@pytest.mark.parametrize("name", TOKENS)
def test_bent_bytes_where_a_token_is_asked_for_end_in_a_fate(
    name: str, place: Make, rounds: int
) -> None:
    lived(place(name), "token", name, rounds // len(TOKENS) + 1)


@pytest.mark.parametrize("name", LISTS)
def test_bent_bytes_in_a_listing_end_the_pull(name: str, place: Make, rounds: int) -> None:
    here, bent, seed = place(name), 0, 0
    while bent < rounds // len(LISTS) + 1:
        seed += 1
        fuzz = Fuzz(("pull", name, seed))
        heard, more = here.pull_at(fuzz, Some(fuzz, here, token=False))
        bent += more
        listing = heard["bad"].listing
        assert listing.complete or listing.why, f"seed {seed}"
        assert "which nobody expected" not in (listing.why or ""), f"seed {seed}: {listing.why}"
