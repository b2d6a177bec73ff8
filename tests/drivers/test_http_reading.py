"""What the driver `http` makes of the ways in which vendors list, page by page."""

import json
from collections.abc import Mapping
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


def listed(
    more: str, *pages: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> tuple[Listing, list[Request]]:
    """What is listed of *pages* (bodies) with *more* said of the list, and what was asked."""
    assert HTTP is not None
    assert HTTP.configured is not None
    base = SETTINGS.replace("  items: items\n", "") if "  items: " in more else SETTINGS
    document = parse(f"{base}{more}".encode(), "x.yaml")[0][0]
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
            asked.append(flow.send(Answer(status, headers or {}, body)))
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


@pytest.mark.parametrize(
    "beside",
    [
        {"errors": [{"message": "shard 2 is down"}]},
        {"error": "shard 2 is down"},
        {"success": False},
        {"ok": False},
        {"status": "error"},
        {"status": 503},
        {"partial": True},
        {"incomplete_results": True},
        {"timed_out": True},
    ],
    ids=str,
)
def test_a_page_beside_which_the_vendor_speaks_of_trouble_is_not_all(beside: Any) -> None:
    found, _ = listed("", {"items": items("c1"), **beside})
    assert not found.complete
    deep = {"data": {"list": items("c1"), **beside}}
    assert not listed("  items: data.list\n", deep)[0].complete
    above = {"data": {"list": items("c1")}, **beside}
    assert not listed("  items: data.list\n", above)[0].complete


@pytest.mark.parametrize(
    "beside",
    [{"errors": []}, {"error": None}, {"success": True}, {"status": "ok"}, {"status": 200}],
    ids=str,
)
def test_what_says_that_all_is_well_is_no_trouble(beside: Any) -> None:
    assert listed("", {"items": items("c1"), **beside})[0].complete


MORE = "the vendor says there is more, and it is not read"


@pytest.mark.parametrize(
    "beside",
    [
        {"has_more": True},
        {"hasNextPage": True},
        {"IsTruncated": True},
        {"pageInfo": {"hasNextPage": True, "endCursor": "x"}},
        {"next": "https://crm.example/c?after=9"},
        {"paging": {"next": "9"}},
        {"nextPageToken": "9"},
    ],
    ids=str,
)
def test_a_list_of_one_page_of_which_the_vendor_says_that_there_are_more_is_not_all(
    beside: Any,
) -> None:
    found, _ = listed("", {"items": items("c1"), **beside})
    assert (found.complete, found.why) == (False, MORE)
    assert [one.id for one in found.campaigns] == ["c1"]


@pytest.mark.parametrize(
    "beside",
    [{"has_more": False}, {"next": None}, {"next": ""}, {"paging": {"next": None}}, {"page": 1}],
    ids=str,
)
def test_a_list_of_one_page_that_the_vendor_ends_is_all(beside: Any) -> None:
    assert listed("", {"items": items("c1"), **beside})[0].complete


@pytest.mark.parametrize(
    ("link", "complete"),
    [
        ('<https://crm.example/c?page=2>; rel="next", <https://crm.example/c>; rel="last"', False),
        ("<https://crm.example/c?page=2>; rel=next", False),
        ('<https://crm.example/c?page=2>; rel="prev next"', False),
        ('<https://crm.example/c?page=1>; rel="prev"', True),
        ('<https://crm.example/c?page=1>; rel="nextish"', True),
    ],
)
def test_a_header_may_say_that_there_are_more(link: str, complete: bool) -> None:
    bare = listed("  items: .\n", items("c1"), headers={"link": link})[0]
    assert bare.complete is complete


def test_more_that_is_promised_on_the_last_page_is_missed() -> None:
    more = "  next: {cursor: next, as: after}\n"
    first = {"items": items("c1"), "next": "x", "has_more": True}
    assert listed(more, first, {"items": items("c2"), "next": None, "has_more": False})[0].complete
    found, _ = listed(more, first, {"items": items("c2"), "next": None, "has_more": True})
    assert (found.complete, found.why) == (False, MORE)


def capped(size: int, *ids: str, page: int = 1) -> list[dict[str, Any]]:
    return items(*ids[(page - 1) * size : page * size])


def test_a_vendor_that_puts_less_on_a_page_than_it_is_asked_for_is_read_to_the_end() -> None:
    every = [f"c{n}" for n in range(5)]
    by_page = "  items: .\n  next: {page: page, size: 100}\n"
    found, asked = listed(by_page, *(capped(2, *every, page=n) for n in (1, 2, 3)))
    assert (found.complete, [one.id for one in found.campaigns]) == (True, every)
    assert [dict(one.query)["page"] for one in asked] == ["1", "2", "3"]
    by_offset = "  items: .\n  next: {offset: skip, size: 100}\n"
    pages = [items(*every[at : at + 2]) for at in range(5)]
    found, asked = listed(by_offset, *pages)
    assert (found.complete, [one.id for one in found.campaigns]) == (True, every)
    assert [dict(one.query)["skip"] for one in asked] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("ids", [(), ("c1",), ("c1", "c2", "c3")], ids=len)
@pytest.mark.parametrize("style", ["page: page", "offset: skip"])
def test_a_small_account_is_read_to_the_end_as_well(style: str, ids: tuple[str, ...]) -> None:
    last = items(*ids[-1:]) if style.startswith("offset") else []
    pages = [items(*ids), last]
    try:
        found, _ = listed(f"  items: .\n  next: {{{style}, size: 100}}\n", *pages)
    except AssertionError as error:
        pytest.fail(str(error))
    assert (found.complete, [one.id for one in found.campaigns]) == (True, list(ids))


@pytest.mark.parametrize("number", [2**53 + 1, 10**18, 1_234_567_890_123_456_789, 2**64 - 1])
def test_an_id_of_64_bits_is_read_digit_by_digit(number: int) -> None:
    found, _ = listed("", {"items": items(number)})
    assert (found.complete, [one.id for one in found.campaigns]) == (True, [str(number)])
    assert not listed("", {"items": items(2**64)})[0].complete
