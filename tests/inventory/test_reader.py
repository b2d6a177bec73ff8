"""Reading inventories: what is told, where, and that memory and time stay bounded."""

import contextlib
import gzip
import io
import json
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import InputError, ReconcilerError
from reconciler.inventory import FORMATS, InventorySource, Reader, format_of
from reconciler.inventory import repeats as repeats_module
from reconciler.inventory.repeats import Repeats
from reconciler.model import Status
from tests.support.reading_inventories import NOW, codes, problems, read, reader, source


def record(number: int = 1, account: str = "a", **more: Any) -> dict[str, Any]:
    return {"account": account, "id": f"i{number}", "name": "n", **more}


def header(**accounts: Any) -> dict[str, Any]:
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Inventory",
        "capturedAt": "2026-11-20T08:00:00Z",
        "accounts": accounts,
    }


def lines(*values: Any) -> bytes:
    return b"".join(
        value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"
        for value in values
    )


def at(hour: int) -> datetime:
    return datetime(2026, 11, 20, hour, tzinfo=UTC)


# ---------------------------------------------------------------- records


def test_every_field_is_read() -> None:
    whole = record(
        status="stopped",
        channel="push",
        createdAt="2024-10-01T09:00:00Z",
        updatedAt="2024-11-05T10:00:00+02:00",
        labels={"team": "growth"},
        phoneNumbers=["918187867008"],
        messageIds=["m-1"],
        attributes={"vendor": {"deep": [1, 2.5, None]}, "big": 2**90},
    )
    records, facts = read(lines(whole))
    one = records[0]
    assert one.status is Status.STOPPED
    assert one.created_at == datetime(2024, 10, 1, 9, tzinfo=UTC)
    assert one.updated_at == datetime(2024, 11, 5, 8, tzinfo=UTC)
    assert one.updated_at.tzinfo is UTC
    assert one.labels == {"team": "growth"}
    assert one.phone_numbers == ("918187867008",)
    assert one.message_ids == ("m-1",)
    assert one.attributes == {"vendor": {"deep": [1, 2.5, None]}, "big": 2**90}
    assert facts.warnings == ()


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        (record(2, labels={"b": "1", "a": "2"}), True),
        (record(2, createdAt="2024-10-01T09:00:00+02:00"), False),
        (record(2, createdAt="2024-10-01T09:00:00.1234567Z"), False),
        (record(2, account="of nobody"), False),
    ],
    ids=["as-written", "another-zone", "a-finer-time", "left-out"],
)
def test_what_records_are_written_as_is_kept_as_long_as_it_is_theirs(
    other: dict[str, Any], kept: bool
) -> None:
    batch = next(iter(reader(lines(record(), other, record(3)), accounts=["a"])))
    assert batch.text == (msgspec.json.Encoder().encode_lines(batch) if kept else None)


def test_null_means_missing_but_not_for_what_is_required() -> None:
    assert read(lines(record(channel=None, labels=None)))[0][0].channel is None
    assert "`name` is null" in problems(lines(record(name=None)))[0].message


def test_blank_lines_a_bom_and_crlf_are_tolerated() -> None:
    text = b"\xef\xbb\xbf" + lines(record(1)).replace(b"\n", b"\r\n") + b"\n  \n" + lines(record(2))
    assert [one.id for one in read(text)[0]] == ["i1", "i2"]


def test_the_last_line_needs_no_end() -> None:
    assert len(read(lines(record(1), record(2)).rstrip())[0]) == 2


def test_an_empty_file_is_an_inventory_of_nothing_with_a_warning() -> None:
    records, facts = read(b"")
    assert records == []
    assert [one.code for one in facts.warnings] == ["inventory-empty"]


@pytest.mark.parametrize(
    ("line", "place", "said", "fix"),
    [
        (b'{"account":"a","id":5,"name":"n"}', (2, 16), "`id` is the number 5", '"5"'),
        (b'{"account":"a","id":1.50,"name":"n"}', (2, 16), "`id` is the number 1.5", "quotes"),
        (b'{"account":"a","id":true,"name":"n"}', (2, 16), "`id` is true", "text"),
        (b'{"account":"a","id":"x","name":NaN}', (2, 32), "`NaN`", "text"),
        (b'{"account":"a","id":"x","name":"\\ud800"}', (2, 33), "lone surrogate", "UTF-8"),
        (b'{"account":"a","id":"x","name":"\\udc00\\ud800"}', (2, 33), "lone surrogate", "UTF-8"),
        (b'{"account":"a","id":"\xff","name":"n"}', (2, 22), "0xff is not UTF-8", "UTF-8"),
        (b'{"account":"a","id":"\xed\xa0\x80","name":"n"}', (2, 22), "not UTF-8", "UTF-8"),
        (b'{"account":"a","id":"x","name":"n","status":"Stoped"}', (2, 36), "`Stoped`", "stopped"),
        (b'{"account":"a","id":"x","name":"n","labels":{"t":1}}', (2, 36), "`labels.t`", '"1"'),
        (b'{"account":"a","id":"x","name":"n","phoneNumbers":[91]}', (2, 36), "[0]", '"91"'),
        (b'{"account":"a","id":"x","name":"n","phoneNumbers":"91"}', (2, 36), "not a list", "["),
        (b'{"account":"a","id":"x","name":"n","createdAt":"soon"}', (2, 36), "no time", "2026"),
        (b'{"account":"a","id":"x","name":"n","createdAt":"2026-02-30"}', (2, 36), "no time", "20"),
        (b'{"account":"a","id":"x","name":"n","attributes":[]}', (2, 36), "not an object", "{"),
        (b'{"account":"a","id":"","name":"n"}', (2, None), "`id` is empty", "needs"),
        (b'{"account":"","id":"x","name":"n"}', (2, None), "`account` is empty", "needs"),
        (b'{"account":"a","id":"x"}', (2, 1), "`name` is missing", "account, id and name"),
        (b'{"account":"a","id":"x","name":"n"', (2, 35), "ends in the middle", "truncated"),
        (b'{"account":"a","id":"x","name":"n', (2, 32), "ends in the middle", "truncated"),
        (b'{"account":"a" "id":"x"}', (2, 16), "not JSON", "write `,` or `}`"),
        (b'["a"]', (2, 1), "not a list", "account"),
        (b"5", (2, 1), "not the number 5", "account"),
        (b'{"account":"a","id":"x","name":"n"} {"a":1}', (2, 37), "not JSON", "one record a line"),
        (b'{"account":"a","id":' + b"9" * 5000 + b',"name":"n"}', (2, 21), "too many", "text"),
        (b'{"account":"a","attributes":{"a":' + b"[" * 9000, (2, 1), "too deep", "flatten"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_told_at_its_place(
    line: bytes, place: tuple[int, int | None], said: str, fix: str
) -> None:
    found = problems(lines(record(1), line + b"\n", record(2)))
    assert len(found) == 1
    assert (found[0].line, found[0].column) == place
    assert found[0].path == "inv"
    assert said in found[0].message
    assert fix in (found[0].fix or "")


@pytest.mark.parametrize("more", [{}, {"createdAt": "2024-10-01"}, {"createdat": 1}], ids=str)
@pytest.mark.parametrize(("format_", "indent"), [("ndjson", None), ("json", None), ("json", 1)])
def test_how_deep_a_record_may_go_is_ours_to_say(
    format_: str, indent: int | None, more: dict[str, Any]
) -> None:
    def written(levels: int) -> bytes:
        value: Any = []
        for _ in range(levels - 3):  # less the record, the attributes and the innermost list
            value = [value]
        deep = record(2, attributes={"a": value}, **more)
        if format_ == "ndjson":
            return lines(record(1), deep, record(3))
        return json.dumps([record(1), deep, record(3)], indent=indent).encode()

    records, _ = read(written(200), format_=format_)
    assert len(records) == 3
    for levels in (201, 900):  # 900: no interpreter minds
        (found,) = problems(written(levels), format_=format_)
        assert "too deep" in found.message
        assert found.line == (2 if format_ == "ndjson" else 7 if indent else 1)


@pytest.mark.parametrize("head", [[], [header(a={"complete": True})]], ids=["", "header"])
@pytest.mark.parametrize("between", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
def test_lines_are_counted_across_blocks_however_records_are_written(
    between: tuple[str, str], head: list[Any]
) -> None:
    some = [
        json.dumps(record(one), separators=between).encode() + b"\n\n" * (one == 4000)
        for one in range(1, 8001)
    ]
    text = lines(*head) + b"\n".join(some)
    assert len(read(text)[0]) == 8000
    (found,) = problems(text + b'\n{"account":"a","id":5,"name":"n"}')
    assert found.line == len(head) + 8000 + 2 + 1


def test_all_errors_of_all_files_are_told_at_once() -> None:
    bad = lines(record(1, id=1), record(2, name=2), record(3, status="x"))
    found = problems(bad, bad)
    assert [(one.path, one.line) for one in found] == [
        (path, line) for path in ("inv", "inv1") for line in (1, 2, 3)
    ]


def test_of_many_errors_a_hundred_are_shown_and_the_rest_is_counted() -> None:
    found = problems(lines(*(record(n, id=n) for n in range(250))))
    assert len(found) == 101
    assert found[-1].message == "150 more errors in this file"


def test_an_unknown_vendor_word_is_an_error_that_lists_ours() -> None:
    found = problems(lines(record(status="LIVE")))
    for status in Status:
        assert status.value in (found[0].fix or "")
    assert "attributes.status" in (found[0].fix or "")


def test_an_unknown_field_is_a_warning_once_a_key_and_file() -> None:
    some = [record(n, lable={}, brand="x") for n in range(3)] + [record(9, zzz=1)]
    text = lines(record(7), *some)
    records, facts = read(text, lines(record(100, brand=1)))
    assert len(records) == 6
    told = [(one.path, one.line, one.message) for one in facts.warnings]
    assert told == [
        ("inv", 2, "unknown field `lable`, first at line 2"),
        ("inv", 2, "unknown field `brand`, first at line 2"),
        ("inv", 5, "unknown field `zzz`, first at line 5"),
        ("inv1", 1, "unknown field `brand`, first at line 1"),
    ]
    assert "did you mean `labels`" in (facts.warnings[0].fix or "")
    assert facts.warnings[1].fix == "put it under attributes"


def test_a_date_is_its_midnight_and_a_time_without_zone_is_utc_with_one_warning() -> None:
    records, facts = read(
        lines(
            record(1, createdAt="2024-10-01", updatedAt="2024-10-01T09:00:00"),
            record(2, createdAt="2024-10-01T09:00:00.5"),
            record(3, createdAt="2024-10-01T09:00:00Z"),
        )
    )
    assert records[0].created_at == datetime(2024, 10, 1, tzinfo=UTC)
    assert records[0].updated_at == datetime(2024, 10, 1, 9, tzinfo=UTC)
    assert records[1].created_at == datetime(2024, 10, 1, 9, 0, 0, 500_000, tzinfo=UTC)
    assert [(one.code, one.line) for one in facts.warnings] == [("inventory-zone", 1)]
    assert facts.warnings[0].message.startswith("2 times have no zone")


def test_utf16_is_named() -> None:
    found = problems(json.dumps(record()).encode("utf-16"))
    assert "UTF-16" in found[0].message


# ---------------------------------------------------------------- headers


def test_a_header_says_age_completeness_and_count() -> None:
    head = header(a={"complete": True, "campaigns": 1}, b={"complete": False, "why": "page 3"})
    facts = read(lines(head, record(1)))[1]
    assert (facts.accounts["a"].complete, facts.accounts["a"].campaigns) == (True, 1)
    assert facts.accounts["a"].captured_at == at(8)
    assert (facts.accounts["b"].complete, facts.accounts["b"].campaigns) == (False, 0)
    assert facts.accounts["b"].why == "page 3"


def test_a_time_in_the_future_is_told_once_for_all_accounts() -> None:
    late = "2036-01-01T00:00:00Z"
    head = header(a={"capturedAt": late}, b={"capturedAt": late}) | {"capturedAt": late}
    assert [one.code for one in problems(lines(head))] == ["inventory-time"]


def test_without_a_header_nothing_is_claimed() -> None:
    facts = read(lines(record(1)))[1].accounts["a"]
    assert (facts.complete, facts.captured_at, facts.campaigns) == (None, None, 1)


def test_a_header_without_accounts_speaks_for_all_records_after_it() -> None:
    head = {"kind": "Inventory", "capturedAt": "2026-11-20T07:00:00Z"}
    facts = read(lines(head, record(1), record(2, "b")))[1]
    assert facts.accounts["a"].captured_at == facts.accounts["b"].captured_at == at(7)


@pytest.mark.parametrize(("said", "there"), [(2, 1), (1, 2), (0, 1), (1, 0)])
def test_a_count_that_differs_from_the_records_is_an_error(said: int, there: int) -> None:
    head = header(a={"campaigns": said})
    found = problems(lines(head, *(record(n) for n in range(there))))
    assert codes(found) == ["inventory-count"]
    assert found[0].line == 1
    assert f"says {said} campaigns of `a`, but {there} follow it" in found[0].message


def test_a_header_that_comes_again_speaks_for_the_lines_after_it() -> None:
    first, again = header(a={"campaigns": 2}), header(a={"campaigns": 1, "complete": False})
    again["capturedAt"] = "2026-11-20T06:00:00Z"
    facts = read(lines(first, record(1), record(2), again, record(3)))[1].accounts["a"]
    assert (facts.campaigns, facts.complete, facts.captured_at) == (3, False, at(6))
    assert codes(problems(lines(first, record(1), again, record(2), record(3)))) == [
        "inventory-count",
        "inventory-count",
    ]


def test_a_header_for_one_account_leaves_what_was_said_of_the_others() -> None:
    text = lines(header(a={"campaigns": 2}), record(1), header(b={"campaigns": 1}), record(2))
    assert read(text + lines(record(3, "b")))[1].accounts["a"].campaigns == 2


def test_a_header_without_accounts_takes_over_from_one_that_named_some() -> None:
    late = {"kind": "Inventory", "capturedAt": "2026-11-20T07:00:00Z"}
    text = lines(header(a={"campaigns": 1}), record(1), late, record(2))
    assert read(text)[1].accounts["a"].captured_at == at(7)


@pytest.mark.parametrize("format_", ["ndjson", "json"])
def test_a_wrong_record_is_no_second_error_about_the_count(format_: str) -> None:
    head = header(a={"campaigns": 2})
    some = [record(1), record(2, id=2)]
    text = lines(head, *some) if format_ == "ndjson" else lines({**head, "campaigns": some})
    assert codes(problems(text, format_=format_)) == ["inventory-field"]


def test_of_several_files_the_oldest_capture_counts() -> None:
    old = header(a={"capturedAt": "2026-11-19T08:00:00Z", "complete": True})
    facts = read(lines(header(a={}), record(1)), lines(old, record(2)))[1]
    assert facts.accounts["a"].captured_at == datetime(2026, 11, 19, 8, tzinfo=UTC)
    assert facts.accounts["a"].complete is True


def test_records_that_no_header_speaks_for_make_the_age_unknown() -> None:
    facts = read(lines(header(a={}), record(1)), lines(record(2)))[1]
    assert facts.accounts["a"].captured_at is None


def test_any_incomplete_claim_makes_the_account_incomplete() -> None:
    yes, no = header(a={"complete": True}), header(a={"complete": False})
    assert read(lines(yes, record(1)), lines(no))[1].accounts["a"].complete is False


@pytest.mark.parametrize(("minutes", "good"), [(5, True), (6, False)])
def test_a_capture_more_than_five_minutes_ahead_is_an_error(minutes: int, good: bool) -> None:
    head = header(a={"capturedAt": f"2026-11-20T09:0{minutes}:00Z"})
    if good:
        assert read(lines(head))[1].accounts["a"].captured_at is not None
    else:
        assert codes(problems(lines(head))) == ["inventory-time"]


def test_an_account_that_the_project_does_not_have_is_told_once() -> None:
    found = problems(
        lines(record(1, "push-prd"), record(2, "push-prd"), record(3, "push-prod")),
        accounts=["push-prod"],
    )
    assert codes(found) == ["inventory-account"]
    assert (found[0].line, found[0].fix) == (1, "did you mean `push-prod`?")
    assert "2 records" in found[0].message
    assert codes(problems(lines(header(x={})), accounts=["a"])) == ["inventory-account"]


@pytest.mark.parametrize(
    "head",
    [
        {"kind": "Inventory", "accounts": []},
        {"kind": "Inventory", "accounts": {"a": 5}},
        {"kind": "Inventory", "accounts": {"a": {"complete": "yes"}}},
        {"kind": "Inventory", "accounts": {"a": {"campaigns": -1}}},
        {"kind": "Inventory", "accounts": {"a": {"campaigns": True}}},
        {"kind": "Inventory", "capturedAt": "now"},
        {"kind": "Inventory", "apiVersion": "reconciler/v2"},
        {"kind": "Inventory", "accounts": {"": {}}},
    ],
)
def test_a_header_that_cannot_be_read_is_an_error(head: dict[str, Any]) -> None:
    assert codes(problems(lines(head))) == ["inventory-header"]


def test_a_json_document_in_an_ndjson_file_is_named() -> None:
    found = problems(lines({"kind": "Inventory", "campaigns": []}))
    assert "--inventory-format json" in (found[0].fix or "")


def test_a_key_that_stands_twice_in_a_header_is_told() -> None:
    text = b'{"kind": "Inventory", "accounts": {"a": {"complete": false, "complete": true}}}\n'
    (found,) = problems(text)
    assert found.code == "inventory-syntax"
    assert found.message == "the key `complete` a second time in one object"
    assert (found.line, found.column) == (1, text.rindex(b'"complete"') + 1)


# ---------------------------------------------------------------- repeats


def test_a_repeated_id_is_told_with_both_places() -> None:
    found = problems(lines(record(1), record(2)), lines(record(3), record(1), record(1, "b")))
    assert codes(found) == ["inventory-duplicate"]
    assert (found[0].path, found[0].line) == ("inv1", 2)
    assert found[0].message == "`a/i1` a second time (first in inv:1)"


def test_repeats_are_found_among_any_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats_module, "_IN_MEMORY", 64)
    repeats = Repeats()
    values = [(number * 0x9E3779B97F4A7C15) % (1 << 64) - (1 << 63) for number in range(5000)]
    for start in range(0, len(values), 50):
        repeats.add_hashes(values[start : start + 50])
    assert repeats.repeated() == frozenset()
    repeats.add_hashes([values[0], values[2500]])
    repeats.add_hashes([values[4999]])
    assert repeats.repeated() == {values[0], values[2500], values[4999]}
    repeats.close()


@pytest.mark.parametrize("by", ["id", "account"])
@pytest.mark.parametrize("again", [0, 1, 1999, 2999])
def test_a_repeat_is_found_where_the_order_breaks_late(by: str, again: int) -> None:
    several = [
        record(10_000 + number, "ab"[number % 2] if by == "id" else "ab"[number // 1500])
        for number in range(3000)
    ]
    assert len(read(lines(*several))[0]) == 3000
    assert len(read(lines(*several, record(1, "a")))[0]) == 3001
    found = problems(lines(*several, several[again]))
    assert codes(found) == ["inventory-duplicate"]
    assert found[0].line == 3001
    assert f"first in line {again + 1})" in found[0].message


def test_a_file_that_is_there_twice_is_told_in_bounded_memory() -> None:
    text = lines(*(record(n) for n in range(3000)))
    found = problems(text, text)
    assert len(found) == 101
    assert found[0].code == "inventory-duplicate"


# ---------------------------------------------------------------- hostile bytes


def test_gzip_of_any_format_is_seen_by_its_magic_number() -> None:
    assert read(gzip.compress(lines(record(1))))[0][0].id == "i1"
    two = gzip.compress(lines(record(1))) + gzip.compress(lines(record(2))) + b"\0" * 10
    assert len(read(two)[0]) == 2
    assert len(read(gzip.compress(json.dumps([record()]).encode()), format_="json")[0]) == 1


@pytest.mark.parametrize("cut", [1, 8, 12, 40])
@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("ndjson", lines(header(a={"campaigns": 1}), record(1))),
        ("json", json.dumps({**header(a={"campaigns": 1}), "campaigns": [record(1)]}).encode()),
        ("csv", b"account,id,name,label.team\na,1,one name,growth\nb,2,another,retention\n"),
        ("yaml", b"- {account: a, id: b, name: some name, labels: {team: growth}}\n"),
    ],
)
def test_truncated_gzip_is_one_error(cut: int, format_: str, text: bytes) -> None:
    found = problems(gzip.compress(text)[:-cut], format_=format_)
    assert codes(found) == ["inventory-gzip"]


def test_damaged_gzip_and_bytes_after_it_are_errors() -> None:
    packed = gzip.compress(lines(*(record(n) for n in range(100))))
    assert codes(problems(packed[:60] + b"\xff\xff" + packed[62:])) == ["inventory-gzip"]
    assert codes(problems(packed + b"more")) == ["inventory-gzip"]


def endless(piece: bytes, size: int) -> InventorySource:
    class File(io.RawIOBase):
        left = size

        def readable(self) -> bool:
            return True

        def readinto(self, into: Any) -> int:
            number = min(len(into), self.left, len(piece))
            into[:number] = piece[:number]
            self.left -= number
            return number

    return InventorySource("inv", lambda: io.BufferedReader(File()), "ndjson")


def test_a_line_of_a_gigabyte_is_an_error_in_little_memory() -> None:
    tracemalloc.start()
    try:
        found = problems(endless(b"x" * 65536, 1 << 25))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert codes(found) == ["inventory-line"]
    assert peak < 16 << 20


def test_what_follows_a_line_that_is_too_long_is_read() -> None:
    found = problems(lines(record(1), b"x" * (3 << 20) + b"\n", record(2, id=7)))
    assert [(one.code, one.line) for one in found] == [
        ("inventory-line", 2),
        ("inventory-field", 3),
    ]


def test_a_line_up_to_the_limit_is_read() -> None:
    assert len(read(lines(record(1, attributes={"x": "y" * 1_000_000}), record(2)))[0]) == 2


def test_a_gzip_bomb_stops_early_in_little_memory() -> None:
    bomb = gzip.compress(b"\n" * (80 << 20), 1)
    tracemalloc.start()
    try:
        found = problems(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert codes(found) == ["inventory-gzip"]
    assert peak < 16 << 20


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                b'{"account":"a","id":"1","name":"n"}',
                b'{"kind":"Inventory"}',
                b"\n",
                b"[",
                b"]",
                b",",
            ]
            + [
                b"{",
                b"}",
                b'"',
                b":",
                b"\xff",
                b"\\",
                b"account,id,name",
                b"1",
                b"- ",
                b"\0",
                b"\r",
            ]
            + [b'"campaigns":', b'"kind":"Inventory"', b"campaigns: [", b"account: a", b"\x1f\x8b"]
        ),
        max_size=14,
    ).map(b"".join),
    st.sampled_from(FORMATS),
    st.booleans(),
)
def test_no_bytes_raise_anything_but_invalid(data: bytes, format_: str, packed: bool) -> None:
    with contextlib.suppress(InputError):
        read(gzip.compress(data) if packed else data, format_=format_)


def test_a_file_that_cannot_be_opened_is_an_error_of_its_own() -> None:
    def missing() -> Any:
        raise FileNotFoundError(2, "No such file or directory", "x")

    found = problems(InventorySource("gone", missing, "ndjson"), lines(record(1, id=5)))
    assert [(one.path, one.code) for one in found] == [
        ("gone", "inventory-unreadable"),
        ("inv1", "inventory-field"),
    ]


# ---------------------------------------------------------------- the reader itself


def test_the_digest_is_of_the_bytes_as_they_are_stored() -> None:
    import hashlib

    data = gzip.compress(lines(record(1), record(2)))
    facts = read(data)[1]
    assert facts.files[0].sha256 == hashlib.sha256(data).hexdigest()
    assert facts.files[0].campaigns == 2


def test_a_file_that_changes_between_two_passes_is_noticed() -> None:
    versions = iter([lines(record(1)), lines(record(2))])
    found = Reader(
        [InventorySource("inv", lambda: io.BytesIO(next(versions)), "ndjson")],
        accounts=None,
        now=NOW,
    )
    list(found)
    with pytest.raises(ReconcilerError, match="changed while it was read"):
        list(found)


def test_there_are_no_facts_before_the_end() -> None:
    with pytest.raises(RuntimeError):
        reader(lines(record())).facts()


def test_memory_does_not_grow_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats_module, "_IN_MEMORY", 2048)  # full in the small one already

    def peak(size: int) -> int:
        text = lines(*(record(n) for n in range(100)))
        many = b"".join(text.replace(b'"id": "i', b'"id": "%d-' % part) for part in range(size))
        tracemalloc.start()
        try:
            for _ in reader(many):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(50), peak(500)
    assert large < small * 1.3


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        ("a.ndjson", "ndjson"),
        ("a.jsonl", "ndjson"),
        ("dir.csv/a.JSON", "json"),
        ("a.yml.gz", "yaml"),
        ("a.yaml", "yaml"),
        ("a.csv.gz", "csv"),
        ("a.txt", None),
        ("a", None),
        (".json", None),
        ("a.gz", None),
    ],
)
def test_the_suffix_says_the_format(path: str, format_: str | None) -> None:
    assert format_of(path) == format_


# ---------------------------------------------------------------- the other formats


def test_a_document_may_have_its_header_after_its_records() -> None:
    head = header(a={"complete": True, "campaigns": 1})
    facts = read(json.dumps({"campaigns": [record(1)], **head}).encode(), format_="json")[1]
    assert (facts.accounts["a"].complete, facts.accounts["a"].captured_at) == (True, at(8))


def test_a_pretty_document_gives_places() -> None:
    text = json.dumps({**header(), "campaigns": [record(1), record(2, id=9)]}, indent=2)
    found = problems(text.encode(), format_="json")
    assert [(one.line, one.column) for one in found] == [(14, 7)]


def test_a_document_streams() -> None:
    tracemalloc.start()
    try:
        many = [record(n, attributes={"x": "y" * 50}) for n in range(20_000)]
        text = json.dumps(many).encode()
        del many
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert sum(map(len, reader(text, format_="json"))) == 20_000
        assert tracemalloc.get_traced_memory()[1] - before < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty"),
        (b"5", "no inventory"),
        (b"[", "ends where"),
        (b'[{"account":"a","id":"1","name":"n"}', "ends where"),
        (b'[{"account":"a"', "ends in the middle"),
        (b"[1]", "an object"),
        (b'{"account":"a","id":"1","name":"n"}', "single record"),
        (b'{"kind":"Inventory"}', "no `campaigns`"),
        (b'{"campaigns":[]}', "does not say that it is an Inventory"),
        (b'{"kind":"Inventory","campaigns":{}}', "not a list"),
        (b'{"kind":"Inventory","campaigns":[],"campaigns":[]}', "a second time"),
        (b'{"kind":"Inventory","campaigns":[]}\n{"a":1}', "follows the document"),
        (b'[{"account":"a","id":"1","name":"n"},]', "`]`"),
        (b"[]x", "follows the document"),
    ],
)
def test_a_broken_document_is_told(text: bytes, said: str) -> None:
    assert any(said in one.message for one in problems(text, format_="json"))


def test_csv_columns_become_fields_labels_and_attributes() -> None:
    text = (
        b"account,id,name,label.team,phoneNumbers,attributes.x,attributes,createdAt\n"
        b'a,0123,"Diwali, ""x""\nnext",growth,918; 919,y,"{""n"":5}",2024-10-01\n'
        b"\n"
        b'b,1,n,,"[""1;2""]",,,\n'
    )
    one, two = read(text, format_="csv")[0]
    assert (one.id, one.name) == ("0123", 'Diwali, "x"\nnext')
    assert one.labels == {"team": "growth"}
    assert one.phone_numbers == ("918", "919")
    assert one.attributes == {"x": "y", "n": 5}
    assert one.created_at == datetime(2024, 10, 1, tzinfo=UTC)
    assert (two.labels, two.phone_numbers, two.attributes) == (None, ("1;2",), None)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (b"", None, "no header row"),
        (b"account,id\na,1\n", 1, "no column `name`"),
        (b"account,id,name,id\n", 1, "`id` a second time"),
        (b"account,id,name\na,1\n", 2, "has 2 cells, but there are 3"),
        (b'account,id,name\na,1,"n\n', 2, "not CSV"),
        (b"account,id,name\na,1,\n", 2, "`name` is empty"),
        (b"account,id,name\na,1,\xff\n", 2, "not UTF-8"),
        (b"account,id,name,attributes\na,1,n,{\n", 2, "not JSON"),
        (b"account,id,name,status\na,1,n,on\n", 2, "`status` is `on`"),
    ],
)
def test_a_broken_table_is_told(text: bytes, line: int | None, said: str) -> None:
    found = problems(text, format_="csv")
    assert [one.line for one in found] == [line]
    assert said in found[0].message


def test_yaml_scalars_are_text() -> None:
    text = (
        b"kind: Inventory\naccounts: {a: {complete: true, campaigns: 1}}\n"
        b"campaigns:\n- {account: a, id: 0123, name: no, labels: {x: 1.10}}\n"
    )
    records, facts = read(text, format_="yaml")
    assert (records[0].id, records[0].name, records[0].labels) == ("0123", "no", {"x": "1.10"})
    assert facts.accounts["a"].complete is True


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"", None),
        (b"a: [", 1),
        (b"kind: Nothing\n", 1),
        (b"- account: a\n  id: b\n  nme: c\n", 3),
        (b"- account: a\n  id: b\n  name: c\n  status: on\n", 4),
        (b"- a\n---\n- b\n", None),
    ],
)
def test_broken_yaml_is_told(text: bytes, place: int | None) -> None:
    assert problems(text, format_="yaml")[0].line == place


def test_a_yaml_inventory_has_a_largest_size() -> None:
    found = problems(b"- a\n" * (3 << 20), format_="yaml")
    assert "up to 10 MiB" in found[0].message


def test_sources_of_different_formats_are_one_inventory() -> None:
    csv = source(b"account,id,name\na,i1,n\n", "csv", "x.csv")
    assert codes(problems(source(lines(record(1))), csv)) == ["inventory-duplicate"]
