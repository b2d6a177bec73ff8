"""A request that was refused as a whole: the vendor is asked what it does not know, then halved."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.driver import Answer, Item, Request, Session, Sifted, Split
from reconciler.model import Limits
from tests.support.apply_world import DRIVER, Vendor, World, campaigns, told

Make = Callable[..., World]
EIGHT = tuple(f"x{n}" for n in range(8))
SLOW = Limits(1, 30.0, 1)


def sift(session: Session, items: tuple[Item, ...]) -> Any:
    unknown = []
    for item in items:
        answer = yield Request("GET", session.base, ("c", item.target.id))
        if answer.status == 404:
            unknown.append(item)
    return Sifted(tuple(unknown), "the vendor does not know it")


def judge(session: Session, items: tuple[Item, ...], answer: Answer) -> Any:
    verdict = DRIVER.judge(session, items, answer)
    return replace(verdict, sift=b"valid" in answer.body) if isinstance(verdict, Split) else verdict


TOGETHER = replace(
    DRIVER,
    batches=lambda _settings, items, _most: [tuple(items)] if items else [],
    judge=judge,
    sift=sift,
)


def all_or_nothing(one: Any, vendor: Vendor) -> Any:
    """A deletion that names one it does not know changes nothing."""
    if all(i in vendor.left for i in one.ids):
        return None
    return (422, b"one of them is not valid") if len(one.ids) > 1 else (409, b"not valid")


def test_what_the_vendor_does_not_know_is_refused_and_the_rest_goes_in_one_request(
    world: Make,
) -> None:
    there = [i for i in EIGHT if i not in ("x2", "x5")]
    vendor = Vendor(campaigns(*there, "keep"), answers=all_or_nothing)
    here = world(vendor, driver=TOGETHER, limits=SLOW)
    fates = here.go(EIGHT)
    assert told(fates) == {i: "refused" if i in ("x2", "x5") else "deleted" for i in EIGHT}
    assert fates["x2"].detail == "the vendor does not know it"
    assert [len(one.ids) for one in vendor.deletes] == [8, 6]
    asked = [one for one in vendor.seen if one.kind == "look"]
    assert [one.ids for one in asked] == [(i,) for i in EIGHT]
    apart = {round(b.at - a.at, 3) for a, b in zip(asked, asked[1:], strict=False)}
    assert apart == {TOGETHER.sift_apart}, "the questions do not wait for the deletions' turn"
    assert vendor.deletes[1].at - vendor.deletes[0].at >= 30


@pytest.mark.parametrize("shown", [200, 404], ids=["knows all", "knows none"])
def test_a_vendor_that_does_not_tell_them_apart_is_asked_by_halves(world: Make, shown: int) -> None:
    there = [i for i in EIGHT if i != "x2"]
    vendor = Vendor(
        campaigns(*there, "keep"), answers=all_or_nothing, reads=lambda *_: (shown, b'{"id": "x"}')
    )
    here = world(vendor, driver=TOGETHER)
    fates = here.go(EIGHT)
    assert told(fates) == {i: "refused" if i == "x2" else "deleted" for i in EIGHT}
    assert fates["x2"].detail == "409 not valid"


def test_a_driver_that_fails_to_ask_is_asked_by_halves(world: Make) -> None:
    def broken(_session: Session, _items: tuple[Item, ...]) -> Any:
        yield Request("GET", "http://127.0.0.1:1", ("c", "x0"))
        raise KeyError("x")

    vendor = Vendor(campaigns(*EIGHT[1:], "keep"), answers=all_or_nothing)
    here = world(vendor, driver=replace(TOGETHER, sift=broken))
    assert told(here.go(EIGHT)) == {i: "refused" if i == "x0" else "deleted" for i in EIGHT}


def test_a_run_that_is_told_to_stop_while_it_asks_leaves_the_rest_for_the_next(
    world: Make,
) -> None:
    here: World

    def stops(one: Any, _vendor: Vendor) -> Any:
        if one.ids == ("x3",):
            assert here.context is not None
            here.context.stop.set()
        return None

    vendor = Vendor(campaigns(*EIGHT[1:], "keep"), answers=all_or_nothing, reads=stops)
    here = world(vendor, driver=TOGETHER)
    assert told(here.go(EIGHT)) == dict.fromkeys(EIGHT, "pending")
    here.reopen()
    vendor.reads = None
    assert told(here.go(EIGHT)) == {i: "refused" if i == "x0" else "deleted" for i in EIGHT}


def test_what_a_driver_names_that_was_not_in_the_request_means_nothing(world: Make) -> None:
    def foreign(session: Session, items: tuple[Item, ...]) -> Any:
        yield Request("GET", session.base, ("c", "x0"))
        other = replace(items[0], target=replace(items[0].target, id="keep"))
        return Sifted((other,), "not known")

    vendor = Vendor(campaigns(*EIGHT[1:], "keep"), answers=all_or_nothing)
    here = world(vendor, driver=replace(TOGETHER, sift=foreign))
    assert told(here.go(EIGHT)) == {i: "refused" if i == "x0" else "deleted" for i in EIGHT}
    assert "keep" in vendor.left


def test_a_refusal_that_questions_cannot_explain_is_halved_at_once(world: Make) -> None:
    def other(one: Any, vendor: Vendor) -> Any:
        said = all_or_nothing(one, vendor)
        return (422, b"no such record") if said and said[0] == 422 else said

    vendor = Vendor(campaigns(*EIGHT[1:], "keep"), answers=other)
    here = world(vendor, driver=TOGETHER)
    assert told(here.go(EIGHT)) == {i: "refused" if i == "x0" else "deleted" for i in EIGHT}
    assert [one.kind for one in vendor.seen if one.kind == "look"] == []
