"""What stands beside what a row of the driver `http` asks for may take it back."""

import json
from typing import Any

import pytest

from reconciler import drivers
from reconciler.declare.checked import validate
from reconciler.declare.strict import parse
from reconciler.driver import (
    Answer,
    Deleted,
    Doubt,
    Driver,
    Item,
    Missing,
    Secret,
    Session,
    Sighting,
    Unclear,
    Verdict,
)
from reconciler.model import Target

HTTP = drivers.find("http")
SETTINGS = """\
delete: {method: POST, path: /graphql, json: {id: "${id}"}}
answers:
  - {status: 200, json: {data.gone.id: "${id}"}, means: deleted}
look:
  path: "/c/${id}"
  item: data.one
  fields: {id: id}
  missing:
    - {status: 404}
    - {status: 200, json: {data.one: null}}
    - {status: 200, json: {error: unknown}}
"""
ITEM = Item(Target("acc", "c1"), "One")


def made(text: str = SETTINGS) -> tuple[Driver, Session]:
    assert HTTP is not None
    assert HTTP.configured is not None
    settings, told = validate(
        HTTP.settings, parse(text.encode(), "x.yaml")[0][0], "x.yaml", quotes=True
    )
    assert (told, settings is None) == ([], False)
    session = Session("acc", settings, "https://crm.example", Secret.of("t"), lambda: "n")
    return HTTP.configured(settings), session


def judged(said: Any, text: str = SETTINGS) -> Verdict:
    driver, session = made(text)
    return driver.judge(session, (ITEM,), Answer(200, {}, json.dumps(said).encode()))


def looked(status: int, said: Any) -> Sighting:
    driver, session = made()
    assert driver.look is not None
    flow = driver.look(session, ITEM)
    next(flow)
    with pytest.raises(StopIteration) as end:
        flow.send(Answer(status, {}, json.dumps(said).encode()))
    found = end.value.value
    assert isinstance(found, Sighting)
    return found


GONE = {"id": "c1", "title": "One"}
TROUBLE: list[dict[str, Any]] = [
    {"errors": [{"message": "rolled back"}]},
    {"error": "rolled back"},
    {"failed": [{"index": 0}]},
    {"success": False},
    {"ok": False},
    {"status": "error"},
    {"status": 500},
    {"partial": True},
]


@pytest.mark.parametrize("beside", TROUBLE, ids=str)
def test_a_success_beside_which_the_vendor_speaks_of_trouble_is_none(beside: Any) -> None:
    for said in (
        {"data": {"gone": GONE}, **beside},
        {"data": {"gone": GONE, **beside}},
        {"data": {"gone": {**GONE, **beside}}},
    ):
        assert isinstance(judged(said), Doubt), said


def test_the_vendors_own_sentence_is_told_of_it() -> None:
    found = judged({"data": {"gone": GONE}, "errors": [{"message": "rolled back"}]})
    assert found == Doubt("HTTP 200: not as documented (rolled back)")


@pytest.mark.parametrize(
    "beside",
    [{"errors": []}, {"error": None}, {"success": True}, {"status": "ok"}, {"status": "failed"}],
    ids=str,
)
def test_a_success_beside_which_all_is_well_is_one(beside: Any) -> None:
    """A campaign that is shown as it was may have failed: that is a state of it."""
    assert judged({"data": {"gone": {**GONE, **beside}}, "took": 3}) == Deleted()


@pytest.mark.parametrize("beside", TROUBLE, ids=str)
def test_an_empty_place_beside_trouble_is_no_absence(beside: Any) -> None:
    assert isinstance(looked(200, {"data": {"one": None}}), Missing)
    assert isinstance(looked(200, {"data": {"one": None}, **beside}), Unclear)
    assert isinstance(looked(200, {"data": {"one": None, **beside}}), Unclear)


def test_words_that_say_there_is_none_are_believed_whatever_stands_beside_them() -> None:
    assert isinstance(looked(200, {"error": "unknown", "success": False}), Missing)
    assert isinstance(looked(404, {"errors": [{"message": "no such campaign"}]}), Missing)


MANY = """\
delete: {method: POST, path: /gone, json: {ids: ["${id}"]}, many: {max: 9}}
answers: [{status: 200, json: {status: done}, means: deleted}]
"""


@pytest.mark.parametrize(
    "each",
    [
        [{"id": "c1", "status": "deleted"}, {"id": "c2", "status": "failed"}],
        [{"id": "c1"}, {"index": 1, "error": "not found"}],
        [{"id": "c1", "ok": True}, {"id": "c2", "ok": False}],
        [{"id": "c1", "status": 200}, {"id": "c2", "status": 404}],
        {"c1": {"result": "deleted"}, "c2": {"result": "not found"}},
        {"c2": {"errors": [{"message": "locked"}]}},
    ],
    ids=str,
)
def test_of_several_each_must_be_well(each: Any) -> None:
    """A 200 that is done, and says of one of them that it is not gone."""
    assert isinstance(judged({"status": "done", "results": each}, MANY), Doubt)


def test_several_that_are_all_well_are_gone() -> None:
    each = [{"id": "c1", "status": "deleted", "error": None, "archived": False, "code": 0}]
    assert judged({"status": "done", "results": each, "failed": []}, MANY) == Deleted()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"deleted": ["c1", "c2", "c3"]}, Deleted),
        ({"deleted": ["c3", "c1", "c2", "c1"]}, Deleted),
        ({"deleted": [{"id": "c1"}, {"id": "c2"}, {"id": "c3"}]}, Deleted),
        ({"deleted": 3}, Deleted),  # it names none
        ({"deleted": ["c1", "c2", "c2"]}, Doubt),
        ({"deleted": ["c1", "c2"], "skipped": 1}, Doubt),
        ({"results": [{"id": "C1"}, {"id": "C2"}]}, Doubt),
    ],
    ids=str,
)
def test_an_answer_that_names_some_of_several_must_name_each(said: Any, kind: Any) -> None:
    driver, session = made(MANY)
    several = tuple(Item(Target("acc", f"c{n}"), "One") for n in (1, 2, 3))
    answer = Answer(200, {}, json.dumps({"status": "done", **said}).encode())
    assert isinstance(driver.judge(session, several, answer), kind)
