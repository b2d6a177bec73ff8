"""What the driver `http` makes of the ways in which vendors list, page by page."""

import json
from typing import Any

import pytest

from reconciler import drivers
from reconciler.declare.checked import validate
from reconciler.declare.strict import parse
from reconciler.driver import Answer, Listing, Request, Secret, Session

HTTP = drivers.find("http")
SETTINGS = """\
delete: {path: "/c/${id}"}
answers: [{status: 204, body: empty, means: deleted}]
list:
  path: /c
  items: items
  fields: {id: id, name: title, status: state}
"""


def listed(more: str, *pages: Any, status: int = 200) -> tuple[Listing, list[Request]]:
    """What is listed of *pages* (bodies) with *more* said of the list, and what was asked."""
    assert HTTP is not None
    assert HTTP.configured is not None
    document = parse(f"{SETTINGS}{more}".encode(), "x.yaml")[0][0]
    settings, told = validate(HTTP.settings, document, "x.yaml", quotes=True)
    assert told == []
    assert settings is not None
    driver = HTTP.configured(settings)
    assert driver.list is not None
    session = Session("acc", settings, "https://crm.example", Secret.of("t"), lambda: "n")
    flow = driver.list(session)
    asked = [next(flow)]
    bodies = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in pages]
    try:
        for body in bodies:
            asked.append(flow.send(Answer(status, {}, body)))
    except StopIteration as end:
        return end.value, asked
    raise AssertionError(f"more was asked: {asked[-1]}")


def items(*ids: Any, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": one, "title": "T", "state": "x", **fields} for one in ids]


def test_half_a_character_spoils_one_name_and_no_listing() -> None:
    found, _ = listed("", {"items": [*items("c1", title="half \ud83d"), *items("c2")]})
    assert found.complete
    assert [(one.id, one.unknown) for one in found.campaigns] == [("c1", ("name",)), ("c2", None)]


CURSOR = "  method: POST\n  json: {size: 2}\n  next: {cursor: next, as: after, in: json}\n"


@pytest.mark.parametrize("cursor", ["007", "12", "a=b&c", 12])
def test_a_cursor_goes_back_as_the_vendor_wrote_it(cursor: Any) -> None:
    first, last = {"items": items("c1"), "next": cursor}, {"items": items("c2")}
    found, asked = listed(CURSOR, first, last)
    assert found.complete
    assert asked[1].body == {"size": 2, "after": cursor}
    assert type(asked[1].body["after"]) is type(cursor)


@pytest.mark.parametrize(("total", "complete"), [(1, True), ("1", True), (2, False), ("2", False)])
def test_a_count_may_be_a_number_or_its_digits(total: Any, complete: bool) -> None:
    found, _ = listed("  total: total\n", {"items": items("c1"), "total": total})
    assert found.complete is complete


@pytest.mark.parametrize("said", [{}, {"total": None}, {"total": "many"}, {"count": 1}])
def test_a_count_that_is_not_where_it_should_be_counts_nothing(said: dict[str, Any]) -> None:
    found, _ = listed("  total: total\n", {"items": items("c1"), **said})
    assert not found.complete
    assert found.why == "no answer has a count of all campaigns at `total`"


def test_a_count_on_the_first_page_speaks_for_all() -> None:
    more = "  total: total\n  next: {cursor: next, as: after}\n"
    first = {"items": items("c1"), "next": "x", "total": 2}
    found, _ = listed(more, first, {"items": items("c2")})
    assert found.complete


def test_a_page_that_the_vendor_calls_a_part_is_not_all() -> None:
    found, _ = listed("", {"items": items("c1")}, status=206)
    assert (found.complete, found.why) == (False, "HTTP 206: the vendor says that this is a part")
