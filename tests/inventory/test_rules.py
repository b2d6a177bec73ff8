"""One rule book for all formats: keys, times, encodings, blanks, fields; told in our words."""

import hashlib
import json
import random
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from reconciler.declare.known import unknown
from reconciler.declare.times import instant
from reconciler.errors import Diagnostic
from reconciler.inventory.jsonscan import only
from reconciler.model import AccountFacts, Reading
from tests.support.reading_inventories import codes, problems, read, source

R = '{"account":"a","id":"1","name":"n"'
SECOND = '{"account":"a","id":"2","name":"n"}'


def one(text: str, format_: str = "ndjson") -> Diagnostic:
    found = problems(text.encode(), format_=format_)
    assert len(found) == 1, found
    return found[0]


# ---------------------------------------------------------------- a key twice


@pytest.mark.parametrize(
    ("record", "key", "column"),
    [
        (R + ',"status":"running","status":"stopped"}', "status", 55),
        ('{"account":"a","id":"1","id":"2","name":"n"}', "id", 25),
        (R + ',"labels":{"tier":"evergreen","tier":"x"}}', "tier", 65),
        (R + ',"labels":{"tier":"evergreen"},"labels":{}}', "labels", 66),
        (R + ',"attributes":{"a":[{"b":1,"b":2}]}}', "b", 62),
        (R + ',"status":"running","status":null}', "status", 55),
        (R + ',"status" :"running" , "status"\t: "stopped"}', "status", 58),
        (R + ',"brand":"x","brand":"y"}', "brand", 48),
        (R + ',"st\\u0061tus":"running","status":"stopped"}', "status", 60),
        (R + ',"labels":{"a":"\\u0022:","x":"y","x":"\\u0022"}}', "x", 68),
        (R + ',"createdAt":"2024-01-01","createdAt":"2024-01-02"}', "createdAt", 61),
    ],
)
def test_a_key_that_stands_twice_in_a_record_is_told_at_its_place(
    record: str, key: str, column: int
) -> None:
    text = f"{SECOND}\n{record}\n"
    found = one(text)
    assert found.message == f"the key `{key}` a second time in one object"
    assert (found.line, found.column) == (2, column)
    assert found.fix == "keep one of them"
    listed = f"[\n{SECOND},\n{record}\n]"
    assert one(listed, "json").message == found.message
    assert (one(listed, "json").line, one(listed, "json").column) == (3, column)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_second_key_gets_past_whatever_stands_around_it(data: st.DataObject) -> None:
    """A record with one key doubled, written in every odd way that JSON allows."""
    dice = random.Random(data.draw(st.integers()))
    texts = ['"', ":", '":', ' "x" : ', "\\", "é", "plain", "\t", "a\u2028b"]
    record: dict[str, Any] = {
        "account": "a",
        "id": "1" + dice.choice(texts),
        "name": dice.choice(texts),
        "status": dice.choice(["draft", "running"]),
        "createdAt": dice.choice(["2024-01-01T00:00:00Z", "2024-01-01", "2024-01-01T00:00:00.5Z"]),
        "labels": {dice.choice(texts): dice.choice(texts) for _ in range(3)},
        "attributes": {"k": [dice.choice(texts), {"deep": dice.choice([None, 1.5, "x"])}]},
    }
    if dice.random() < 0.3:
        record["channel"] = None
    pairs = [
        (key, json.dumps(value, ensure_ascii=dice.random() < 0.5)) for key, value in record.items()
    ]
    doubled = dice.random() < 0.5
    if doubled:
        key, value = dice.choice(pairs)
        other = dice.choice([value, "null", '"running"', '"x"', "{}"])
        pairs.insert(dice.randrange(len(pairs) + 1), (key, other))
    dice.shuffle(pairs)
    blank = lambda: dice.choice(["", "", " ", "\t", "  "])  # noqa: E731
    body = ",".join(f'{blank()}"{key}"{blank()}:{blank()}{value}{blank()}' for key, value in pairs)
    text = f"{{{body}}}\n".encode()
    several = SECOND.encode() + b"\n" + text
    if doubled:
        assert any("a second time" in found.message for found in problems(several))
    else:
        assert len(read(several)[0]) == 2


def test_a_second_key_in_a_cell_or_in_yaml_is_told() -> None:
    csv = 'account,id,name,attributes\na,1,n,"{""x"":1,""x"":2}"\n'
    assert "the key `x` a second time" in one(csv, "csv").message
    csv = 'account,id,name,labels,label.t\na,1,n,"{""t"":""x""}",y\n'
    assert "the key `t` a second time" in one(csv, "csv").message
    yaml = "- {account: a, id: b, name: n, status: running, status: stopped}\n"
    assert problems(yaml.encode(), format_="yaml")[0].line == 1


# ---------------------------------------------------------------- times


@pytest.mark.parametrize("format_", ["ndjson", "json", "csv", "yaml"])
def test_a_time_is_cut_and_never_rounded(format_: str) -> None:
    text = {
        "ndjson": R + ',"createdAt":"2024-12-31T23:59:59.9999999Z"}\n',
        "json": "[" + R + ',"createdAt":"2024-12-31T23:59:59.9999999Z"}]',
        "csv": "account,id,name,createdAt\na,1,n,2024-12-31T23:59:59.9999999Z\n",
        "yaml": "- {account: a, id: '1', name: n, createdAt: 2024-12-31T23:59:59.9999999Z}\n",
    }[format_]
    (record,), _ = read(text.encode(), format_=format_)
    assert record.created_at == datetime(2024, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def test_second_sixty_is_second_fifty_nine() -> None:
    (record,), facts = read((R + ',"updatedAt":"2016-12-31T23:59:60Z"}\n').encode())
    assert record.updated_at == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert facts.warnings == ()


@given(
    st.from_regex(
        r"\A\d{4}-[01]\d-[0-3]\d[Tt ][0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,12})?"
        r"([Zz]|[+-][0-2]\d:?[0-6]\d)?\Z"
    )
)
def test_times_are_read_as_the_decoder_reads_them_but_for_what_it_rounds(text: str) -> None:
    """Both read inventories, whichever is faster: what one takes, the other may not refuse."""
    try:
        right = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        right = None
    try:
        ours = instant(text)
    except ValueError:
        ours = None
    if right is None:
        assert ours is None or ":60" in text or "." in text
    else:
        assert ours is not None
        assert ours.utcoffset() == right.utcoffset()
        assert 0 <= (right - ours).total_seconds() <= 1e-6


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("1727773200", "2024-10-01T09:00:00Z"),
        ("1727773200000", "2024-10-01T09:00:00Z"),
        ("1727773200.25", "2024-10-01T09:00:00Z"),
        ('"1727773200"', "2024-10-01T09:00:00Z"),
        ('"2025-02-01 "', "2025-02-01"),
        ('"01/02/2025"', "2025-02-01"),
    ],
)
def test_the_fix_of_a_time_works_when_it_is_followed(value: str, right: str) -> None:
    line = R + f',"createdAt":{value}}}'
    found = one(line)
    if right != "2025-02-01" or "/" in value:
        assert f'"{right}"' in (found.fix or "")
    (record,), _ = read(line.replace(value, f'"{right}"').encode())
    assert record.created_at is not None


# ---------------------------------------------------------------- encodings and other files


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("format_", ["ndjson", "json", "yaml", "csv"])
def test_utf_16_is_named_with_the_command_that_mends_it(
    encoding: str, format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = {
        "ndjson": SECOND + "\n",
        "json": f"[{SECOND}]",
        "yaml": "- {account: a, id: '2', name: n}\n",
        "csv": "account,id,name\na,2,é\n",
    }[format_]
    if encoding == "utf-32" and format_ == "yaml":
        encoding = "utf-16"
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"my export.{format_}"
    path.write_bytes(text.encode(encoding))
    found = problems(source(path.read_bytes(), format_, path.name))
    assert codes(found) == ["inventory-encoding"]
    assert found[0].message.startswith("the file is in UTF-")
    _follow(found[0])
    assert read((tmp_path / f"my export-new.{format_}").read_bytes(), format_=format_)[0]


@pytest.mark.parametrize("format_", ["ndjson", "json", "csv"])
def test_windows_1252_is_named_once_with_the_command_that_mends_it(
    format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f'{{"account":"a","id":"{n}","name":"Été {n}"}}' for n in range(3)]
    text = {
        "ndjson": "\n".join(rows),
        "json": f"[{','.join(rows)}]",
        "csv": "account,id,name\n" + "".join(f"a,{n},Été {n}\n" for n in range(3)),
    }[format_]
    monkeypatch.chdir(tmp_path)
    data = text.encode("cp1252")
    found = problems(source(data, format_, "e.x"))
    assert set(codes(found)) == {"inventory-encoding"}
    assert "0xc9" in found[0].message
    assert "Windows-1252 it is `É`" in found[0].message
    assert found[0].column is not None
    assert len(found) == 1 or "2 more lines" in found[1].message
    (tmp_path / "e.x").write_bytes(data)
    _follow(found[0])
    records, _ = read((tmp_path / "e-new.x").read_bytes(), format_=format_)
    assert [one.name for one in records] == ["Été 0", "Été 1", "Été 2"]


def _follow(found: Diagnostic) -> None:
    """Run the command of a fix as it is written."""
    command = (found.fix or "").partition(": ")[2].partition(": ")[2] or (found.fix or "")
    command = (found.fix or "").split("or: ")[-1].split("a line: ")[-1]
    subprocess.run(["sh", "-c", command], check=True)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"PK\x03\x04rest", "a ZIP archive, as Excel workbooks"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x28\xb5\x2f\xfdrest", "packed with zstd"),
    ],
)
@pytest.mark.parametrize("format_", ["ndjson", "csv"])
def test_what_is_no_text_is_named(head: bytes, said: str, format_: str) -> None:
    (found,) = problems(head + b"\n" * 40, format_=format_)
    assert said in found.message
    assert found.fix


def test_a_mark_is_dropped_at_a_files_start_and_told_elsewhere() -> None:
    mark = "\ufeff".encode()
    for format_, text in (
        ("ndjson", SECOND),
        ("json", f"[{SECOND}]"),
        ("yaml", "- {account: a, id: '2', name: n}\n"),
        ("csv", "account,id,name\na,2,n\n"),
    ):
        assert read(mark + text.encode(), format_=format_)[0][0].id == "2"
    found = one(SECOND + "\n\ufeff" + R + "}\n")
    assert "byte order mark (U+FEFF) in the middle" in found.message
    assert (found.line, found.column) == (2, 1)


# ---------------------------------------------------------------- one format for another


PRETTY = json.dumps({"kind": "Inventory", "campaigns": [json.loads(SECOND)]}, indent=2)


@pytest.mark.parametrize(
    ("text", "read_as", "is_in"),
    [
        (PRETTY, "ndjson", "json"),
        (json.dumps([json.loads(SECOND)], indent=1), "ndjson", "json"),
        (f"[{SECOND}]", "ndjson", "json"),
        ('{"kind":"Inventory","campaigns":[]}', "ndjson", "json"),
        (SECOND + "\n" + R + "}\n", "json", "ndjson"),
        ('{"kind":"Inventory"}\n' + SECOND, "json", "ndjson"),
        ("account,id,name\na,1,n\n", "ndjson", "csv"),
        ("account;id;name\na;1;n\n", "json", "csv"),
        ("kind: Inventory\ncampaigns: []\n", "json", "yaml"),
        ("- {account: a, id: '2', name: n}\n", "ndjson", "yaml"),
        (f"[{SECOND}]", "csv", "json"),
        (SECOND + "\n" + R + "}\n", "csv", "ndjson"),
    ],
)
def test_another_format_is_named_once_and_is_read_as_the_fix_says(
    text: str, read_as: str, is_in: str
) -> None:
    found = one(text, read_as)
    assert f"--inventory-format {is_in}" in (found.fix or "")
    read(text.encode(), format_=is_in)


@pytest.mark.parametrize("format_", ["ndjson", "json"])
def test_records_over_several_lines_are_named_with_the_command_that_joins_them(
    format_: str,
) -> None:
    text = "\n".join(json.dumps(json.loads(one), indent=2) for one in (SECOND, R + "}"))
    assert "jq -c . inv > inv-new" in (one(text, format_).fix or "")


# ---------------------------------------------------------------- our words


@pytest.mark.parametrize(
    ("line", "said", "column"),
    [
        (R + ',"attributes":{"x":1e999}}', "the number `1e999` is too large", 54),
        (R + ',"attributes":{"x":01}}', "not a number as JSON writes them", 54),
        (R + ",}", "`}` where a key in quotes should follow", 36),
        (R + ",'status':\"draft\"}", "`'` is no quote of JSON", 36),
        (R + ',"attributes":{"x":True}}', "`True` is no word of JSON", 54),
        (R + ',"channel":"a\\x"}', "`\\x` is no escape of JSON", 48),
        (R + "} // why", "`/` follows the value", 37),
    ],
)
def test_syntax_is_told_in_our_words(line: str, said: str, column: int) -> None:
    found = one(line)
    assert said in found.message
    assert found.column == column
    assert found.fix


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            ["{", "}", "[", "]", ",", ":", '"a"', '"b"', "1", "-1.5", "null", "true", " ", "\\"]
            + ['"\\n"', "x", "1e5", '"', "'", "\ufeff", "NaN", "\t", '"\\ud800"']
        ),
        max_size=9,
    ).map("".join)
)
def test_what_the_scan_takes_for_good_the_decoder_takes_too(text: str) -> None:
    fault = only(text).fault
    try:
        msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, ValueError):
        assert fault is not None
    else:
        assert fault is None or "second time" in fault.what


# ---------------------------------------------------------------- ids


def test_blanks_around_an_id_are_kept_and_told() -> None:
    text = "".join(
        f'{{"account":"a","id":"{one}","name":"n"}}\n' for one in ("1", " 2", "3\\t", "a b")
    )
    records, facts = read(text.encode())
    assert [one.id for one in records] == ["1", " 2", "3\t", "a b"]
    (warning,) = facts.warnings
    assert warning.message == "2 ids begin or end with a blank, which is kept: `a/ 2` is the first"
    assert (warning.code, warning.line) == ("inventory-blank", 2)


# ---------------------------------------------------------------- fields, unknown


def heading(**said: Any) -> str:
    return json.dumps({"kind": "Inventory", "accounts": {"a": said}}) + "\n"


def facts_of(*files: str) -> AccountFacts:
    return read(*(one.encode() for one in files))[1].accounts["a"]


def test_fields_are_in_the_order_of_a_record() -> None:
    text = heading(fields=["labels.b", "createdAt", "labels.a", "id", "status"]) + SECOND
    assert facts_of(text).fields == ("status", "createdAt", "labels.a", "labels.b")
    assert facts_of(SECOND).fields is None
    assert facts_of(heading(fields=[]) + SECOND).fields == ()


def test_of_several_sources_only_what_each_knows_is_known() -> None:
    first = heading(fields=["labels", "createdAt"]) + SECOND
    second = heading(fields=["labels.team", "status", "createdAt"]) + R + "}"
    again = "\n" + heading(fields=["labels"]) + R + "}"
    assert facts_of(first, second).fields == ("createdAt", "labels.team")
    assert facts_of(first, R + "}").fields == ()
    assert facts_of(first + again).fields == ("labels",)


@pytest.mark.parametrize(
    ("fields", "said"),
    [(["label"], "labels"), (["created_at"], "createdAt"), ("labels", "not a list"), ([1], "[0]")],
)
def test_a_field_that_is_none_is_an_error(fields: Any, said: str) -> None:
    found = one(heading(fields=fields) + SECOND)
    assert said in f"{found.message} {found.fix}"


def test_a_misspelt_key_of_a_header_is_an_error_and_says_which_is_meant() -> None:
    found = one(heading(complet=False) + SECOND)
    assert found.fix == "did you mean `complete`?"
    assert found.column == heading(complet=False).index('"complet"') + 1


def test_a_record_says_what_is_unknown_of_it_in_every_format() -> None:
    for format_, text in (
        ("ndjson", R + ',"unknown":["createdAt","labels.tier"]}'),
        ("json", "[" + R + ',"unknown":["createdAt","labels.tier"]}]'),
        ("yaml", "- {account: a, id: '1', name: n, unknown: [createdAt, labels.tier]}\n"),
        ("csv", "account,id,name,unknown\na,1,n,createdAt;labels.tier\n"),
    ):
        (record,), _ = read(text.encode(), format_=format_)
        assert record.unknown == ("createdAt", "labels.tier")
    assert one(R + ',"unknown":["created"]}').fix == "did you mean `createdAt`?"


def test_in_csv_the_columns_are_the_fields() -> None:
    csv = b"account,id,name,status,label.team,Created At\na,1,n,,,\n"
    (record,), facts = read(csv, format_="csv")
    known = facts.accounts["a"]
    assert known.fields == ("name", "status", "createdAt", "labels.team")
    assert not unknown(record, known, "status")
    assert not unknown(record, known, "labels.team")
    assert unknown(record, known, "labels.tier")
    assert unknown(record, known, "channel")


def test_a_misspelt_key_makes_what_it_meant_unknown() -> None:
    text = heading(fields=["labels", "createdAt"]) + R + ',"lables":{"tier":"evergreen"}}\n'
    records, facts = read(text.encode())
    assert "did you mean `labels`" in (facts.warnings[0].fix or "")
    assert unknown(records[0], facts.accounts["a"], "labels.tier")
    assert not unknown(records[0], facts.accounts["a"], "createdAt")


# ---------------------------------------------------------------- capture times


def test_a_time_of_the_file_speaks_only_for_the_accounts_that_its_header_names() -> None:
    head = {"kind": "Inventory", "capturedAt": "2026-11-20T08:00:00Z", "accounts": {"a": {}}}
    text = json.dumps(head) + "\n" + SECOND + '\n{"account":"b","id":"1","name":"n"}\n'
    accounts = read(text.encode())[1].accounts
    assert accounts["a"].captured_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert accounts["b"].captured_at is None


@pytest.mark.parametrize("format_", ["ndjson", "json", "yaml"])
@pytest.mark.parametrize("named", [True, False])
def test_so_it_is_in_every_format_and_a_header_that_names_none_speaks_for_all(
    format_: str, named: bool
) -> None:
    head: dict[str, Any] = {"kind": "Inventory", "capturedAt": "2026-11-20T08:00:00Z"}
    head |= {"accounts": {"a": {}}} if named else {}
    records = [{"account": one, "id": "1", "name": "n"} for one in "ab"]
    text = json.dumps(head | {"campaigns": records})
    if format_ == "ndjson":
        text = "".join(json.dumps(one) + "\n" for one in (head, *records))
    accounts = read(text.encode(), format_=format_)[1].accounts
    assert accounts["a"].captured_at is not None
    assert (accounts["b"].captured_at is None) is named


def test_a_later_header_speaks_for_no_account_of_an_earlier_one() -> None:
    first = {"kind": "Inventory", "accounts": {"b": {"campaigns": 1}}}
    later = {"kind": "Inventory", "capturedAt": "2026-11-20T08:00:00Z", "accounts": {"a": {}}}
    other = '{"account":"b","id":"1","name":"n"}'
    text = "\n".join((json.dumps(first), other, json.dumps(later), SECOND))
    accounts = read(text.encode())[1].accounts
    assert accounts["a"].captured_at is not None
    assert accounts["b"].captured_at is None


def test_the_oldest_known_time_is_kept_though_other_parts_have_none() -> None:
    old = heading(capturedAt="2026-11-06T08:00:00Z") + SECOND
    facts = read(old.encode(), (R + "}").encode())[1]
    assert facts.accounts["a"].captured_at is None
    assert facts.oldest == {"a": datetime(2026, 11, 6, 8, tzinfo=UTC)}


def test_of_several_known_times_the_oldest_is_kept_wherever_it_stands() -> None:
    times = [f"2026-11-{day:02}T08:00:00Z" for day in (12, 6, 19)]
    parts = [heading(capturedAt=at) + R.replace('"1"', f'"{at}"') + "}" for at in times]
    for some in (parts, parts[::-1]):
        facts = read(*(one.encode() for one in some), (R + "}").encode())[1]
        assert facts.accounts["a"].captured_at is None
        assert facts.oldest == {"a": datetime(2026, 11, 6, 8, tzinfo=UTC)}
    (head, *rest) = parts
    facts = read(("\n".join((R + "}", head, *rest))).encode())[1]  # in one file, with none first
    assert facts.accounts["a"].captured_at is None
    assert facts.oldest == {"a": datetime(2026, 11, 6, 8, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("text", "format_", "said"),
    [
        ("", "ndjson", "holds no record and no header"),
        ('{"kind":"Inventory"}', "ndjson", "its header names no account"),
        ("account,id,name\n", "csv", "holds a header row and no record"),
    ],
)
def test_an_empty_file_is_told_as_what_it_is(text: str, format_: str, said: str) -> None:
    (warning,) = read(text.encode(), format_=format_)[1].warnings
    assert said in warning.message


def test_a_time_that_was_said_of_other_bytes_is_not_theirs() -> None:
    said = Reading(captured_at="2026-11-20T08:00:00Z", date_format="%d/%m/%Y")
    data = b"account,id,name,createdAt\na,1,n,01/02/2024\n"
    right = hashlib.sha256(data).hexdigest()
    for bytes_, captured in ((None, True), (right, True), ("0" * 64, False)):
        found = structs.replace(source(data, "csv", reading=said), bytes=bytes_)
        _, facts = read(found)
        assert (facts.accounts["a"].captured_at is not None) is captured
        kept = facts.files[0].reading
        assert kept is not None
        assert kept.date_format == "%d/%m/%Y"
        assert (kept.captured_at is not None) is captured
