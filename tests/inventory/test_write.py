"""Writing inventories: nothing is lost, whatever the format, and nothing is half written."""

import gzip
import json
import os
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.declare.known import unknown
from reconciler.errors import InputError, ReconcilerError
from reconciler.inventory import FORMATS, Facts
from reconciler.inventory.claims import ordered
from reconciler.inventory.csvwrite import CsvColumns
from reconciler.inventory.without import without
from reconciler.inventory.write import gzipped, pieces, save
from reconciler.model import AccountFacts, Campaign, Reading, Status
from tests.support.reading_inventories import NOW, read, source

# CSV cannot tell empty text from a missing field, YAML has no U+0000.
FILLED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | FILLED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FILLED, inner, max_size=3),
    max_leaves=4,
)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))
CAMPAIGNS = st.builds(
    Campaign,
    account=st.sampled_from(["a", "b", "ü"]),
    id=FILLED,
    name=FILLED,
    status=st.none() | st.sampled_from(Status),
    channel=st.none() | FILLED,
    created_at=st.none() | TIMES,
    updated_at=st.none() | TIMES,
    labels=st.none() | st.dictionaries(FILLED | st.just(""), FILLED | st.just("")),
    phone_numbers=st.none() | st.lists(FILLED | st.just("")).map(tuple),
    message_ids=st.none() | st.lists(FILLED).map(tuple),
    attributes=st.none() | st.dictionaries(FILLED, VALUES, max_size=4),
    unknown=st.none() | st.lists(st.sampled_from(["createdAt", "labels.t"]), min_size=1).map(tuple),
)  # fmt: skip
RECORDS = st.lists(CAMPAIGNS, max_size=5, unique_by=lambda one: (one.account, one.id))
CLAIMS = st.builds(
    AccountFacts,
    complete=st.none() | st.booleans(),
    captured_at=st.none() | st.just(NOW - timedelta(hours=1)) | st.just(NOW - timedelta(hours=2)),
    why=st.none() | FILLED,
    fields=st.none() | st.sets(st.sampled_from(["status", "createdAt", "labels"])).map(ordered),
)
ASKED = ("name", "status", "channel", "createdAt", "updatedAt", "labels", "labels.t", "labels.u")


def written(
    records: list[Campaign], format_: str, accounts: dict[str, AccountFacts] | None = None
) -> bytes:
    columns = CsvColumns()
    columns.see(records)
    return b"".join(pieces([records], accounts or {}, format_, columns=columns))


def with_counts(
    records: list[Campaign], claims: dict[str, AccountFacts]
) -> dict[str, AccountFacts]:
    names = {one.account for one in records} | claims.keys()
    return {
        name: AccountFacts(
            complete=claims.get(name, AccountFacts()).complete,
            captured_at=claims.get(name, AccountFacts()).captured_at,
            why=claims.get(name, AccountFacts()).why,
            fields=claims.get(name, AccountFacts()).fields,
            campaigns=sum(one.account == name for one in records),
        )
        for name in names
    }


@settings(max_examples=80, deadline=None)
@given(
    RECORDS,
    st.dictionaries(st.sampled_from(["a", "b"]), CLAIMS),
    st.sampled_from(FORMATS),
    st.booleans(),
)
def test_what_is_written_is_read_back(
    records: list[Campaign], claims: dict[str, AccountFacts], format_: str, packed: bool
) -> None:
    accounts = with_counts(records, claims)
    data = written(records, format_, accounts)
    if packed:
        data = b"".join(gzipped([data]))
    as_text = Reading(set={"ids": "text"}) if format_ == "csv" else None
    back, facts = read(source(data, format_, reading=as_text))
    if format_ != "csv":
        assert back == records
        assert dict(facts.accounts) == accounts
        return
    assert [replace(one, unknown=None) for one in back] == [
        replace(one, unknown=None) for one in records
    ]
    for before, after in zip(records, back, strict=True):
        for field in ASKED:
            assert unknown(before, accounts[before.account], field) == unknown(
                after, facts.accounts[after.account], field
            ), field


def test_each_format_is_text_that_people_know() -> None:
    one = Campaign(account="a", id="1", name="n", labels={"team": "x"}, phone_numbers=("91", "92"))
    facts = {"a": AccountFacts(complete=True, campaigns=1, captured_at=NOW)}
    head = (
        '"apiVersion":"reconciler/v1","kind":"Inventory","capturedAt":"2026-11-20T09:00:00Z",'
        '"accounts":{"a":{"complete":true,"campaigns":1,"capturedAt":"2026-11-20T09:00:00Z"}}'
    )
    body = '{"account":"a","id":"1","name":"n","labels":{"team":"x"},"phoneNumbers":["91","92"]}'
    assert written([one], "ndjson", facts).decode() == f"{{{head}}}\n{body}\n"
    assert written([one], "json", facts).decode() == f'{{{head},"campaigns":[\n{body}\n]}}\n'
    assert written([one], "csv", facts).decode() == (
        "account,id,name,labels,phoneNumbers,unknown,label.team\na,1,n,,91;92,,x\n"
    )
    assert 'labels: {"team": "x"}\n' in written([one], "yaml", facts).decode()


def test_what_a_format_cannot_hold_is_refused() -> None:
    with pytest.raises(InputError, match="reads as missing"):
        written([Campaign(account="a", id="1", name="")], "csv")
    with pytest.raises(InputError, match=re.escape("U+0000")):
        written([Campaign(account="a", id="1", name="\0")], "yaml")


def test_labels_beyond_the_most_columns_are_kept_as_json() -> None:
    records = [
        Campaign(account="a", id=str(n), name="n", labels={f"k{n}": "v"}) for n in range(600)
    ]
    data = written(records, "csv")
    assert data.splitlines()[0].count(b",") < 510
    assert read(data, format_="csv")[0] == records


# ---------------------------------------------------------------- files


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "inv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path)
    save(str(link), [b"new", b"er"])
    assert path.read_bytes() == b"newer"
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


def test_when_writing_fails_the_old_file_stays_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "inv"
    path.write_bytes(b"old")

    def parts() -> Any:
        yield b"some"
        raise ReconcilerError("no more")

    with pytest.raises(ReconcilerError, match="no more"):
        save(str(path), parts())
    assert os.listdir(tmp_path) == ["inv"]
    assert path.read_bytes() == b"old"
    with pytest.raises(ReconcilerError, match="cannot write"):
        save(str(tmp_path / "none" / "inv"), [b"x"])


# ---------------------------------------------------------------- without


HEAD = {"kind": "Inventory", "capturedAt": "2026-11-20T08:00:00Z"}


def ndjson(*values: Any) -> bytes:
    return b"".join(
        one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in values
    )


def rest(data: bytes, gone: dict[tuple[str, str], Any], format_: str = "ndjson") -> bytes:
    return b"".join(without(source(data, format_), gone, now=NOW))


def test_other_lines_stay_as_they_are_to_the_byte() -> None:
    odd = b'{ "name":"n", "id" : "2","account":"a","attributes":{"x":1.10,"y":1e2}}\r\n'
    strange = b'{"account":"b","id":"1","name":"x","brand":1}\n'
    head = {**HEAD, "accounts": {"a": {"campaigns": 2, "complete": True}, "b": {"campaigns": 1}}}
    first = b'{"account":"a","id":"1","name":"n"}\n'
    out = rest(ndjson(head, first, odd, b"\n", strange), {("a", "1"): None})
    left = {**head, "accounts": {"a": {"campaigns": 1, "complete": True}, "b": {"campaigns": 1}}}
    compact = json.dumps(left, separators=(",", ":")).encode()
    assert out == compact + b"\n" + odd + b"\n" + strange
    assert read(out)[1].accounts["a"].campaigns == 1


def test_nothing_gone_changes_no_byte() -> None:
    data = ndjson(
        {**HEAD, "accounts": {"a": {"campaigns": 1}}}, b'{"account":"a","id":"1","name":"n"}\n'
    )
    assert rest(data, {("a", "2"): None, ("b", "1"): None}) == data


def test_each_header_counts_its_own_records() -> None:
    one = b'{"account":"a","id":"%d","name":"n"}\n'
    heads = [ndjson({**HEAD, "accounts": {"a": {"campaigns": n}}}) for n in (1, 2)]
    out = rest(ndjson(heads[0], one % 1, heads[1], one % 2, one % 3), {("a", "3"): None})
    lines = out.splitlines()
    assert [json.loads(lines[n])["accounts"]["a"]["campaigns"] for n in (0, 2)] == [1, 1]
    assert heads[0] in out
    assert read(out)[1].accounts["a"].campaigns == 2


def test_parts_that_are_gone_leave_the_record_until_none_is_left() -> None:
    full = {"account": "a", "id": "1", "name": "n", "phoneNumbers": ["91", "92"], "x": "y"}
    assert json.loads(rest(ndjson(full), {("a", "1"): {"91"}})) == full | {"phoneNumbers": ["92"]}
    assert rest(ndjson(full), {("a", "1"): {"91", "92"}}) == b""
    messages = {"account": "a", "id": "1", "name": "n", "messageIds": ["m"]}
    assert rest(ndjson(messages), {("a", "1"): ["m"]}) == b""
    assert rest(ndjson(full), {("a", "1"): {"77"}}) == ndjson(full)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_format_can_be_rewritten(format_: str, packed: bool) -> None:
    records = [
        Campaign(account="a", id="1", name="n", labels={"t": "x"}),
        Campaign(account="a", id="2", name="n", phone_numbers=("91", "92")),
        Campaign(account="b", id="1", name="n", attributes={"x": 5}),
    ]
    facts = with_counts(records, {"a": AccountFacts(complete=True, captured_at=NOW)})
    data = written(records, format_, facts)
    if packed:
        data = gzip.compress(data)
    out = rest(data, {("a", "1"): None, ("a", "2"): {"91"}}, format_)
    assert out.startswith(b"\x1f\x8b") is packed
    back, found = read(out, format_=format_)
    assert [(one.account, one.id, one.phone_numbers) for one in back] == [
        ("a", "2", ("92",)),
        ("b", "1", None),
    ]
    assert back[1].attributes == {"x": 5}
    if format_ != "csv":
        assert captured(found) == {"a": NOW, "b": None}


def captured(facts: Facts) -> dict[str, datetime | None]:
    return {name: one.captured_at for name, one in facts.accounts.items()}


def test_a_wrong_file_is_refused_before_the_first_byte() -> None:
    with pytest.raises(InputError):
        without(source(b"{"), {}, now=NOW)


def test_times_are_written_in_utc() -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    text = json.dumps({"account": "a", "id": "1", "name": "n", "createdAt": at.isoformat()})
    records, _ = read(text.encode())
    assert b'"2026-01-01T10:00:00Z"' in written(records, "ndjson")
