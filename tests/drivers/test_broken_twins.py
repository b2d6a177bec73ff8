"""The suite finds a bad driver by the one clause that it breaks: a twin of a good one for each."""

import json
import sys
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from msgspec import structs

from reconciler.driver import (
    Absent,
    Answer,
    Deleted,
    Doubt,
    Item,
    Listing,
    Missing,
    Present,
    Request,
    Session,
    Unclear,
    Verdict,
    chunks,
)
from reconciler.drivers.strictjson import mapping
from reconciler.model import Campaign
from reconciler.testing import CLAUSES, Example, conformance
from tests.support.driver_kit import acme

GOOD: Example = acme().EXAMPLE
DRIVER = GOOD.driver


def twin(**changes: Any) -> Example:
    """The good example with a driver that differs in *changes*."""
    return replace(GOOD, driver=structs.replace(DRIVER, **changes))


def broken(example: Example) -> set[str]:
    """The clauses that *example*'s driver does not hold."""
    found = set()
    for check in conformance(example):
        try:
            check()
        except AssertionError as error:
            found.add(check.name if f"\nThe clause: {check.words}" in str(error) else str(error))
    return found


def sending(change: Any) -> Example:
    """A twin whose deletions are *change*d: it gets the session, the items, the good request."""

    def delete(session: Session, items: tuple[Item, ...]) -> Request:
        made: Request = change(session, items, DRIVER.delete(session, items))
        return made

    return twin(delete=delete)


def judging(status: int, verdict: Any) -> Example:
    """A twin that means *verdict* (or what it makes of the session) by *status*."""

    def judge(session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
        if answer.status == status:
            found: Verdict = verdict(session) if callable(verdict) else verdict
            return found
        return DRIVER.judge(session, items, answer)

    return twin(judge=judge)


def flow(name: str, change: Any) -> Example:
    """A twin whose flow *name* ends with what *change* makes of the last answer and the result."""

    def run(session: Session, *more: Any) -> Any:
        inner = getattr(DRIVER, name)(session, *more)
        asked = next(inner)
        while True:
            answer = yield asked
            try:
                asked = inner.send(answer)
            except StopIteration as end:
                return change(answer, end.value)

    return twin(**{name: run})


class Loose(DRIVER.settings):  # type: ignore[misc, name-defined]
    """A secret that stands in the project file."""

    refresh_token: str | None = None


def imports_a_clock() -> Example:
    module = ModuleType("careless")
    module.__dict__["time"] = import_module("time")
    sys.modules["careless"] = module

    def delete(session: Session, items: tuple[Item, ...]) -> Request:
        return DRIVER.delete(session, items)

    delete.__module__ = "careless"
    return twin(delete=delete)


def counts_its_sending() -> Example:
    made: list[Request] = []

    def change(_session: Session, _items: Any, request: Request) -> Request:
        made.append(request)
        return structs.replace(request, headers=(*request.headers, ("X-Try", str(len(made)))))

    return sending(change)


def peeks(session: Session, _items: Any, request: Request) -> Request:
    session.token.reveal()
    return request


def forgets(kept: Any) -> Example:
    """A twin that sends, of the ids, only those that *kept* leaves."""

    def change(_session: Session, items: tuple[Item, ...], request: Request) -> Request:
        return structs.replace(request, body={"ids": kept([item.target.id for item in items])})

    return sending(change)


def in_the_path(_session: Session, items: tuple[Item, ...], request: Request) -> Request:
    return structs.replace(request, path=(*request.path[:-1], items[0].target.id))


def trusts_any_list() -> Example:
    """Whose vendor's page says no more than that `deleted` is a list."""

    def listed(answer: Answer) -> bool:
        try:
            return answer.status == 200 and isinstance(json.loads(answer.body)["deleted"], list)
        except (ValueError, KeyError, TypeError, RecursionError):
            return False

    def judge(session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
        said = mapping(answer.body) or {}
        if answer.status == 200 and isinstance(said.get("deleted"), list):
            return Deleted()
        return DRIVER.judge(session, items, answer)

    return replace(twin(judge=judge), documented=listed)


def reads_carelessly(session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
    json.loads(answer.body or b"{}")
    return DRIVER.judge(session, items, answer)


def tells_its_key(session: Session) -> Verdict:
    return Doubt(f"with the key {session.settings.client_secret.secret().reveal()}")


def shows_its_key(session: Session, *more: Any) -> Any:
    query = (("key", session.token.reveal()),)
    answer = yield Request("GET", session.base, ("v1", "campaigns"), query)
    del answer
    return Listing((), complete=False, why="no more")


def empty_is_the_end(session: Session) -> Any:
    """An object without campaigns is a page without any, and the last."""
    inner = DRIVER.list(session)  # type: ignore[misc]
    asked = next(inner)
    while True:
        answer = yield asked
        if answer.body == b"{}":
            return Listing((Campaign(account=session.account, id="a1", name="A"),), complete=True)
        try:
            asked = inner.send(answer)
        except StopIteration as end:
            return end.value


def others(listing: Listing) -> Listing:
    moved = (structs.replace(one, account="another") for one in listing.campaigns)
    return structs.replace(listing, campaigns=tuple(moved))


def shows_anything(session: Session, item: Item) -> Any:
    """Whatever campaign the answer is about, it shows it."""
    answer = yield next(DRIVER.look(session, item))  # type: ignore[misc]
    said = mapping(answer.body) if answer.status == 200 else None
    if said is not None and isinstance(said.get("id"), str):
        return Present(Campaign(account=session.account, id=said["id"], name=""))
    return Missing("not there") if answer.status == 404 else Unclear("nothing is seen")


def sends_any_id() -> Example:
    """One campaign a request, by its address, and no id is refused."""
    careless = sending(in_the_path).driver
    return replace(
        GOOD,
        driver=structs.replace(careless, unsafe=lambda _s, _c, _p: None),
        items=GOOD.items[:1],
        successes=(Answer(200, {}, b'{"deleted": ["a1"]}'),),
        documented=lambda answer: answer.status == 200 and mapping(answer.body) is not None,
    )


TWINS = {
    "it describes itself": twin(title=""),
    "its settings are strict": twin(settings=Loose),
    "its base url has no path and is https": twin(base_url=lambda _s: "https://acme.example/v1"),
    "it imports nothing that sends or tells the time": imports_a_clock(),
    "equal input gives an equal request": counts_its_sending(),
    "a request can be shown before any secret was read": sending(peeks),
    "no secret shows in a request": twin(
        scope=lambda settings: settings.client_secret.secret().reveal()
    ),
    "a request is fit for the wire": sending(
        lambda _s, _i, made: structs.replace(made, headers=(*made.headers, ("X Reason", "none")))
    ),
    "a request names its target": forgets(lambda ids: ids if len(ids) > 1 else ["x"]),
    "a shared request names each of its targets": forgets(
        lambda ids: [ids[0], ids[-1]] if len(ids) > 1 else ids
    ),
    "hostile ids stay out of the path": sends_any_id(),
    "every target is in exactly one request": twin(
        batches=lambda _s, items, _most: chunks(items, 100, None)
    ),
    "halves of a request are requests": twin(split=lambda items: (items, ())),
    "documented successes are deletions": judging(200, Doubt("never sure")),
    "nothing else is a deletion": judging(202, Deleted()),
    "nothing odd is an absence": judging(502, Absent("it is gone")),
    "an answer about another target is no deletion": trusts_any_list(),
    "any bytes have a verdict": twin(judge=reads_carelessly),
    "no verdict tells a secret": judging(500, tells_its_key),
    "judge and gate agree": twin(gate=lambda _answer: None),
    "flows end whatever is answered": flow(
        "look", lambda answer, seen: None if answer.status == 500 else seen
    ),
    "flow requests are fit to be shown": replace(twin(list=shows_its_key), listing=()),
    "a failed listing is never complete": flow(
        "list",
        lambda answer, found: Listing((), complete=True) if answer.status == 403 else found,
    ),
    "a documented listing is read whole": flow("list", lambda _answer, found: others(found)),
    "a torn listing is never complete": twin(list=empty_is_the_end),
    "a failed look is never a sure absence": flow(
        "look", lambda answer, seen: Missing("gone", sure=True) if answer.status == 500 else seen
    ),
    "a look shows the target it was asked for": twin(look=shows_anything),
}


def test_the_good_one_breaks_no_clause():
    assert broken(GOOD) == set()


def test_each_clause_has_its_words_and_its_twin():
    names = [one.__name__.replace("_", " ") for one in CLAUSES]
    assert list(TWINS) == names
    words = [check.words for check in conformance(GOOD)]
    assert all(one.endswith(".") and len(one) > 40 for one in words)
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("clause", TWINS)
def test_a_broken_twin_breaks_its_clause_alone(clause):
    assert broken(TWINS[clause]) == {clause}


def test_a_flow_without_end_is_found_and_fails_alone():
    def forever(session: Session) -> Any:
        while True:
            yield Request("GET", session.base, ("v1", "campaigns"))

    found = broken(replace(twin(list=forever), listing=()))
    assert found == {"flows end whatever is answered"}
