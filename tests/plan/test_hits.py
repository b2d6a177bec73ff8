"""Hits by the million, most of them outside of memory: none is lost, and they come in order."""

import json
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from msgspec.json import Encoder

from reconciler.model import Campaign, Campaigns
from reconciler.plan import hits as module
from reconciler.plan.hits import Hits, Keys
from reconciler.plan.lines import encode, harmless
from reconciler.plan.packing import Hit, HitKinds, head, packed, unpacked


def all_plain(_account: str, records: Sequence[Campaign]) -> list[bool]:
    return [True] * len(records)


def hit(account: str, id_: str) -> Hit:
    return Hit(Campaign(account=account, id=id_, name=id_), (0,))


@given(
    keys=st.lists(st.tuples(st.sampled_from("ab"), st.text("xyz", max_size=4)), unique=True),
    together=st.integers(1, 5),
)
def test_hits_in_many_runs_come_by_account_and_id(
    keys: list[tuple[str, str]], together: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_IN_MEMORY", 4)
        patched.setattr(module, "_PACKED", 9)
        patched.setattr(module, "_BLOCK", 2)
        found = Hits()
        for at in range(0, len(keys), together):
            some = [hit(*key).campaign for key in keys[at : at + together]]
            found.add(Campaigns(some), [(0,)] * len(some), [()] * len(some))
        assert len(found) == len(keys) == len(list(found.values()))
        assert [one.key for one in found.in_order()] == sorted(keys)
        assert all(found[key].key == key for key in keys)
        assert ("c", "") not in found


def test_of_a_hit_that_comes_again_the_last_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", 0)
    found = Hits([hit("a", "1"), hit("a", "2")])
    again = Campaign(account="a", id="1", name="new")
    found.add(Campaigns([again]), [(1,)], [()])
    assert len(found) == 2
    assert list(found.in_order()) == [Hit(again, (1,)), hit("a", "2")]
    assert found["a", "1"] == Hit(again, (1,))


@pytest.mark.parametrize("attributes", [True, False], ids=["shown", "not-shown"])
def test_what_is_out_of_memory_has_lost_nothing(
    attributes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", 2)
    records = [
        Campaign(account="a", id=str(n), name="x", attributes={"n": 2**62}, unknown=("labels",))
        for n in range(3)
    ]
    hits = [Hit(one, (0, 2), (1,)) for one in records]
    assert list(Hits(hits, attributes=attributes).in_order()) == hits


def test_numbers_larger_than_any_file_of_ours_holds_are_kept_where_they_are_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", 2)
    records = [
        Campaign(account="a", id=str(n), name="x", attributes={"n": 10**30}) for n in range(3)
    ]
    hits = [Hit(one, (0,)) for one in records]
    assert list(Hits(hits).in_order()) == hits


@given(
    texts=st.lists(
        st.text(st.sampled_from('aé"\\#\n\x7f\u202e'), min_size=1, max_size=4), min_size=1
    ),
    account=st.sampled_from(["a", 'b"', "##"]),
    shown=st.booleans(),
    read=st.booleans(),
    told=st.booleans(),
)
def test_a_packed_hit_is_the_hit_that_it_was(
    texts: list[str], account: str, shown: bool, read: bool, told: bool
) -> None:
    records = [
        Campaign(
            account=account,
            id=text,
            name=text[::-1],
            labels={text: text, "a": text} if n % 3 else {text: text},
            attributes={"said": texts, "a": n} if told and n % 2 else None,
        )
        for n, text in enumerate(texts)
    ]
    hits = [Hit(one, (1,), (2,)) for one in records]
    kinds = HitKinds()
    text = Encoder().encode_lines(records) if read else None
    columns = Campaigns(records, text), [(1,)] * len(hits), [(2,)] * len(hits)
    ((_, some),) = packed(*columns, all_plain, kinds, attributes=shown)
    assert unpacked(some, kinds) == hits
    for own, line, hit in zip(some.owns(account), some.lines, hits, strict=True):
        assert json.loads(b"{%b}" % own) == {"id": hit.campaign.id, "name": hit.campaign.name}
        record = hit.campaign if shown else structs.replace(hit.campaign, attributes=None)
        assert line == harmless(encode(record))
        assert line.startswith(head(account) + own)


@given(
    keys=st.lists(st.integers(-(2**60), 2**60) | st.text(max_size=3)),
    others=st.lists(st.integers(-(2**60), 2**60) | st.text(max_size=3)),
)
def test_keys_know_their_own_and_no_others(keys: list[int | str], others: list[int | str]) -> None:
    found, hashes = Keys(keys), set(map(hash, keys))
    assert found.places(keys) == list(range(len(keys)))
    assert found.places(others) == [n for n, one in enumerate(others) if hash(one) in hashes]


def test_keys_that_come_twice_take_the_room_of_one_while_they_are_sorted_too() -> None:
    number = 50_000
    tracemalloc.start()
    try:
        found = Keys(str(n) for _ in range(2) for n in range(number))
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "7" in found
    assert left < 10 * number
    assert peak < 25 * number  # 16 as they come; as objects, all of them would take 96
