"""Hits by the million, most of them outside of memory: none is lost, and they come in order."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Campaign
from reconciler.plan import hits as module
from reconciler.plan.hits import Hits
from reconciler.plan.lines import encode, harmless
from reconciler.plan.packing import Hit, head, packed, unpacked


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
            found.add(*(hit(*key) for key in keys[at : at + together]))
        assert len(found) == len(keys) == len(list(found.values()))
        assert [one.key for one in found.in_order()] == sorted(keys)
        assert all(found[key].key == key for key in keys)
        assert ("c", "") not in found


def test_what_is_out_of_memory_has_lost_its_attributes_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", 2)
    records = [
        Campaign(account="a", id=str(n), name="x", attributes={"n": 10**30}, unknown=("labels",))
        for n in range(3)
    ]
    found = Hits(Hit(one, (0, 2), (1,)) for one in records)
    plain = [Campaign(account="a", id=str(n), name="x", unknown=("labels",)) for n in range(3)]
    assert list(found.in_order()) == [Hit(one, (0, 2), (1,)) for one in plain]


@given(
    texts=st.lists(
        st.text(st.sampled_from('aé"\\#\n\x7f\u202e'), min_size=1, max_size=4), min_size=1
    ),
    account=st.sampled_from(["a", 'b"', "##"]),
)
def test_a_packed_hit_is_the_hit_that_it_was(texts: list[str], account: str) -> None:
    hits = [
        Hit(Campaign(account=account, id=text, name=text[::-1], labels={text: text}), (1,), (2,))
        for text in texts
    ]
    some = packed(hits, lambda _: True)
    assert unpacked(account, some) == hits
    for one, hit in zip(some, hits, strict=True):
        assert json.loads(b"{%b}" % one.own) == {"id": hit.campaign.id, "name": hit.campaign.name}
        assert head(account) + one.own + one.rest == harmless(encode(hit.campaign))
