"""The chain: what is appended holds, and the first bad link is named."""

import io
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ReconcilerError
from reconciler.prove import chain, records
from reconciler.prove.proofs import Verified

AT = "2026-11-20T09:00:00Z"


def record(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "intent", "at": AT, "run": "r1", "plan": "sha256:aa", "request": number, **more}


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def check(*content: bytes) -> Verified:
    return chain.verify(io.BytesIO(b"".join(content)))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.ndjson"
    for number in range(5):
        chain.append(path, [record(number), record(number, name='ä\u2028\x01"\\')])
    return path


def test_a_log_that_grew_by_appends_holds_and_starts_with_zeros(log: Path) -> None:
    whole = lines(log)
    last = json.loads(whole[-1])
    assert check(*whole) == Verified(10, 1, 10, last["hash"])
    assert json.loads(whole[0])["prev"] == "0" * 64
    assert chain.append(log, []) == last["hash"]
    assert check() == Verified(0, None, None, "0" * 64)
    assert (log.stat().st_mode & 0o077) == 0


def test_the_hash_is_that_of_the_canonical_record_without_it(log: Path) -> None:
    import hashlib

    for line in lines(log):
        read = json.loads(line)
        given_hash = read.pop("hash")
        text = json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == given_hash


@pytest.mark.parametrize("index", range(10))
def test_deleting_editing_or_moving_any_record_names_it(log: Path, index: int) -> None:
    whole = lines(log)
    edited = whole[index].replace(b'"request":', b'"request":1')
    with pytest.raises(chain.BadLink) as told:
        check(*whole[:index], edited, *whole[index + 1 :])
    assert (told.value.line, told.value.seq) == (index + 1, index + 1)
    if index < 9:
        with pytest.raises(chain.BadLink) as told:
            check(*whole[:index], *whole[index + 1 :])
        assert told.value.seq == index + 1
        with pytest.raises(chain.BadLink) as told:
            check(*whole[:index], whole[index + 1], whole[index], *whole[index + 2 :])
        assert told.value.seq == index + 1
    with pytest.raises(chain.BadLink) as told:
        check(*whole[: index + 1], whole[index], *whole[index + 1 :])
    assert told.value.line == index + 2


def test_any_changed_byte_is_found_at_its_line(log: Path) -> None:
    whole = lines(log)
    content = bytearray(b"".join(whole))
    ends = [sum(map(len, whole[: i + 1])) for i in range(len(whole))]
    for place in range(len(content)):
        content[place] ^= 1
        with pytest.raises(chain.BadLink) as told:
            check(bytes(content))
        assert told.value.line == next(i for i, end in enumerate(ends, 1) if place < end)
        content[place] ^= 1


def test_a_record_sealed_anew_does_not_fit_its_neighbours(log: Path) -> None:
    whole = lines(log)
    forged, _ = chain.seal(record(99), seq=4, prev=json.loads(whole[3])["prev"])
    with pytest.raises(chain.BadLink) as told:
        check(*whole[:3], forged, *whole[4:])
    assert told.value.seq == 5


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{}\n", b"[]\n", b"null\n", b"x" * 2_000_000, b"[" * 100_000 + b"\n", b"\xff\n"]
    + [b'{"hash":"a","prev":"b","seq":1}\n', b'{"hash":1,"prev":2,"seq":3}\n'],
)
def test_what_is_no_record_is_named_by_its_line(log: Path, line: bytes) -> None:
    with pytest.raises(chain.BadLink) as told:
        check(*lines(log), line)
    assert told.value.line == 11


def test_a_stub_has_no_place_in_a_log(log: Path) -> None:
    whole = lines(log)
    with pytest.raises(chain.BadLink) as told:
        check(*whole[:4], chain.stub(json.loads(whole[4])), *whole[5:])
    assert told.value.seq == 5


def test_a_torn_last_line_is_cut_and_said_to_be(log: Path) -> None:
    whole = lines(log)
    for kept in (1, 30, len(whole[-1]) - 1):
        log.write_bytes(b"".join(whole[:-1]) + whole[-1][:kept])
        with pytest.raises(chain.BadLink, match="torn"):
            check(log.read_bytes())
        chain.append(log, [record(7)])
        assert check(log.read_bytes()).records == 11
        cut, after = (json.loads(line) for line in lines(log)[-2:])
        assert (cut["type"], cut["bytes"], cut["at"]) == ("cut", kept, AT)
        assert after["request"] == 7


def test_a_log_that_is_nothing_but_torn_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    for torn in (b"{", b"\0" * 5000):
        path.write_bytes(torn)
        chain.append(path, [record()])
        assert check(path.read_bytes()).records == 2


@pytest.mark.parametrize("damage", ["edit", "drop", "junk"])
def test_an_append_to_a_damaged_end_is_refused_and_changes_nothing(log: Path, damage: str) -> None:
    whole = lines(log)
    if damage == "edit":
        whole[8] = whole[8].replace(b'"r1"', b'"r2"')
    elif damage == "drop":
        del whole[8]
    else:
        whole.append(b"junk\n")
    log.write_bytes(before := b"".join(whole))
    with pytest.raises(chain.BrokenLog):
        chain.append(log, [record()])
    assert log.read_bytes() == before


def test_records_of_any_length_up_to_the_limit_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    for size in (10, 70_000, 900_000, 1_040_000, 10, 200_000, 10):
        chain.append(path, [record(text="x" * size)])
    assert check(path.read_bytes()).records == 7
    before = path.read_bytes()
    with pytest.raises(ValueError, match="longer"):
        chain.append(path, [record(), record(text="x" * 1_048_576)])
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_log_as_it_was(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = log.read_bytes()

    def full(descriptor: int, data: bytes, place: int) -> int:
        if place > len(before):
            raise OSError(28, "No space left on device")
        return real(descriptor, bytes(data)[:9], place)

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ReconcilerError, match=r"audit\.ndjson cannot be written \(\d+ bytes\): No"):
        chain.append(log, [record()])
    assert log.read_bytes() == before


def test_a_failed_fsync_is_told(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(ReconcilerError, match="Input/output error"):
        chain.append(log, [record()])


def test_a_log_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audit.ndjson").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReconcilerError):
        chain.append(tmp_path / "audit.ndjson", [record()])
    assert not (tmp_path / "elsewhere").exists()


def test_records_of_a_journal_are_appended_once_whoever_appends_them(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    journal = [record(number, entry=number, journal="j") for number in range(1, 8)]

    def after(entry: int) -> list[dict[str, Any]]:
        return [one for one in journal if one["entry"] > entry]

    chain.append_after(path, "j", lambda _: journal[:3])
    path.write_bytes(path.read_bytes()[:-5])  # the third is torn
    for _ in range(3):
        chain.append_after(path, "j", after)
    read = [json.loads(line) for line in lines(path)]
    assert [one.get("entry") for one in read] == [1, 2, None, 3, 4, 5, 6, 7]
    chain.append(path, [record()])
    assert chain.append_after(path, "j", after) == json.loads(lines(path)[-1])["hash"]


def test_journals_that_share_a_log_number_their_records_for_themselves(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    made = {
        name: [record(n, entry=n, journal=name) for n in range(1, last + 1)]
        for name, last in (("a", 40), ("b", 3), ("c", 7))
    }

    def append(name: str, upto: int) -> None:
        mine = made[name][:upto]
        chain.append_after(path, name, lambda entry: [o for o in mine if o["entry"] > entry])

    append("a", 40)
    append("b", 2)
    append("c", 7)
    append("a", 40)
    append("b", 3)
    read = [json.loads(line) for line in lines(path)]
    for name, its in made.items():
        mine = [one["entry"] for one in read if one["journal"] == name]
        assert mine == [one["entry"] for one in its]
        assert chain.newest(path, name) == len(its)
    assert chain.newest(path, "d") == 0
    assert chain.newest(tmp_path / "none", "a") == 0


def test_the_newest_record_of_a_journal_is_found_however_far_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "_BLOCK", 100)  # blocks shorter than a record
    path = tmp_path / "audit.ndjson"
    chain.append(path, [record(1, entry=5, journal="a", note="x" * 300)])
    # A text that only looks like the mark is none.
    chain.append(path, [record(2, entry=9, journal="b", note='"journal":"a"') for _ in range(50)])
    assert chain.newest(path, "a") == 5


def _many(path: Path, name: str) -> None:
    for number in range(50):
        chain.append(path, [record(number, run=name), record(number, run=name)])


def test_processes_that_append_together_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_many, args=(path, f"r{i}")) for i in range(3)]
    for one in others:
        one.start()
    for one in others:
        one.join(60)
    assert [one.exitcode for one in others] == [0, 0, 0]
    assert check(path.read_bytes()).records == 300
    runs = [json.loads(line)["run"] for line in lines(path)]
    assert all(runs[i] == runs[i + 1] for i in range(0, 300, 2))  # a call's records stay together


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_whatever_is_recorded_reads_the_same_to_every_json_reader(fields: dict[str, Any]) -> None:
    more = {key: value for key, value in fields.items() if key not in ("seq", "prev", "hash")}
    line, digest = chain.seal(record(fields=more), seq=1, prev=chain.GENESIS)
    again = json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again.encode() + b"\n" == line
    assert check(line).hash == digest


def test_lone_surrogates_and_fractions_become_text() -> None:
    line, _ = chain.seal(record(name="a\ud800", size=0.1, big=2**60), seq=1, prev=chain.GENESIS)
    read = json.loads(line)
    assert (read["name"], read["size"], read["big"]) == ("a\\ud800", "0.1", str(2**60))


@pytest.mark.parametrize("number", [0.5, -1e300, 2**53, -(2**60)])
def test_such_a_number_becomes_text_wherever_it_stands(number: float) -> None:
    fields = {"alone": number, "first": [number, 1], "last": [1, number], "deep": {"one": number}}
    line, _ = chain.seal(record(**fields), seq=1, prev=chain.GENESIS)
    read, said = json.loads(line), str(number)
    assert [read[key] for key in fields] == [said, [said, 1], [1, said], {"one": said}]


def test_a_member_called_hash_inside_of_a_record_is_like_any_other() -> None:
    inner = {"hash": "0" * 64, "prev": 1, "seq": 2}
    line, digest = chain.seal(record(campaign=inner, targets=[inner]), seq=1, prev=chain.GENESIS)
    assert check(line).hash == digest
    assert json.loads(line)["campaign"] == inner


@pytest.mark.parametrize(
    "bad", [{"type": "x"}, {"at": AT}, {"type": 1, "at": AT}, record(hash="x"), [1], "x"]
)
def test_what_cannot_be_a_record_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="record"):
        chain.seal(bad, seq=1, prev=chain.GENESIS)


def test_structs_are_recorded_with_their_type(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    seen = records.Seen(
        at=AT, run="r1", plan="sha256:aa", request=1, account="a", status=200, verdict="deleted"
    )
    chain.append(path, [seen])
    read = json.loads(path.read_bytes())
    assert (read["type"], read["vendorRequestId"], read["status"]) == ("outcome", None, 200)


def test_the_vendors_request_id_is_found_and_made_harmless() -> None:
    assert records.vendor_request_id({"x-request-id": "ab\x1b[2J\n" + "x" * 500}) == (
        "ab[2J" + "x" * 195
    )
    assert records.vendor_request_id({"cf-ray": "1", "content-type": "x"}) == "1"
    assert records.vendor_request_id({"x-request-id": "\x00"}) is None
    assert records.vendor_request_id({}) is None
