import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Stale
from reconciler.model import Campaign, PlanDocument, Reason, Source
from reconciler.plan import planfile
from tests.support.planner_world import campaign, manifest, plan


def sample() -> PlanDocument:
    m = manifest(absent=[{"id": "x"}, {"id": "kept"}, {"id": "z"}], keep=[{"id": "kept"}])
    records = [
        campaign(
            "x", "Diwali ₹ “2024”", labels={"b": "1", "a": "2"}, attributes={"n": [1.5, None]}
        ),
        campaign("kept"),
    ]
    return plan([m], records, attributes=True)


DATA = planfile.dumps(sample())


def test_a_plan_is_one_object_with_one_action_a_line() -> None:
    lines = DATA.decode().splitlines()
    assert lines[0] == '{"apiVersion":"reconciler/v1","kind":"Plan",'
    assert [line.split(":")[0].strip(' "') for line in lines[1:11]] == [
        "metadata",
        "inputs",
        "accounts",
        "applicable",
        "violations",
        "approvals",
        "warnings",
        "summary",
        "estimate",
        "actions",
    ]
    assert len([line for line in lines if line.startswith(' {"action":')]) == 3
    assert lines[-1] == " ]}"
    assert DATA.endswith(b"}\n")
    assert b"\r" not in DATA


def test_every_action_has_every_key_in_the_fixed_order() -> None:
    for action in json.loads(DATA)["actions"]:
        assert list(action) == [
            "action",
            "reason",
            "account",
            "driver",
            "id",
            "name",
            "parts",
            "message",
            "lookFirst",
            "sources",
            "waivers",
            "campaign",
        ]


def test_an_empty_plan_is_valid_json_too() -> None:
    data = planfile.dumps(plan([]))
    assert json.loads(data)["actions"] == []
    assert planfile.loads(data) == plan([])


def test_what_was_written_is_read_back_equal() -> None:
    assert planfile.loads(DATA) == sample()
    assert planfile.dumps(planfile.loads(DATA)) == DATA


def test_the_digest_is_that_of_the_bytes() -> None:
    assert planfile.digest(b"") == (
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def changed(path: str, value: Any) -> bytes:
    """The plan's JSON with one value replaced, written as a plan is."""
    tree = json.loads(DATA)
    node = tree
    *way, last = path.split(".")
    for key in way:
        node = node[int(key)] if isinstance(node, list) else node[key]
    node[int(last) if isinstance(node, list) else last] = value
    try:
        return planfile.dumps(msgspec.json.decode(json.dumps(tree), type=PlanDocument))
    except msgspec.MsgspecError:
        return json.dumps(tree).encode()


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("apiVersion", "reconciler/v2", "version"),
        ("kind", "Report", "kind"),
        ("applicable", False, "contradicts"),
        ("applicable", "yes", "cannot be read"),
        ("actions.0.action", "none", "contradicts"),
        ("actions.0.reason", "because", "cannot be read"),
        ("actions.0.id", None, "contradicts"),
        ("actions.0.id", "other", "contradicts"),
        ("actions.0.account", "other", "contradicts"),
        ("actions.0.sources", [], "contradicts"),
        ("actions.0.parts", [], "contradicts"),
        ("actions.0.parts", ["1", "1"], "contradicts"),
        ("summary.delete", 7, "contradicts"),
        ("metadata.expiresAt", "tomorrow", "contradicts"),
        ("metadata.createdAt", "2026-11-20T09:00:00", "contradicts"),
    ],
)
def test_what_nobody_planned_is_refused(path: str, value: object, word: str) -> None:
    with pytest.raises(Stale, match=word):
        planfile.loads(changed(path, value))


@pytest.mark.parametrize(
    "data",
    [
        DATA.replace(b'"applicable":true', b'"applicable":true,"more":1'),
        DATA.replace(b'"applicable":true', b'"applicable":false,\n "applicable":true'),
        b"\xef\xbb\xbf" + DATA,
    ],
)
def test_bytes_that_say_more_than_a_plan_are_refused(data: bytes) -> None:
    with pytest.raises(Stale):
        planfile.loads(data)


@pytest.mark.parametrize(
    "data",
    [
        DATA + b"\n",
        DATA.replace(b'"applicable":true', b'"applicable": true'),
        DATA.replace("₹".encode(), b"\\u20b9"),
        json.dumps(json.loads(DATA), indent=2).encode(),
    ],
)
def test_a_plan_formatted_anew_reads_the_same_and_is_another_plan(data: bytes) -> None:
    assert planfile.loads(data) == planfile.loads(DATA)
    assert planfile.digest(data) != planfile.digest(DATA)


@pytest.mark.parametrize(
    "name", ["a\x7fb", "a\x9b2Jb", "a\u202eb", "a\u200bb", "##[add-mask]e", "###", "\U000e0041"]
)
def test_a_plan_can_be_printed_in_a_terminal_or_a_log(name: str) -> None:
    plan = planfile.loads(DATA)
    renamed = msgspec.structs.replace(plan.actions[0], name=name)
    named = msgspec.structs.replace(plan, actions=(renamed, *plan.actions[1:]))
    data = planfile.dumps(named)
    assert planfile.loads(data) == named
    assert name not in data.decode()
    assert "##" not in data.decode()


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"kind":1}', b'{"a":NaN}']
)
def test_what_is_no_plan_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(Stale, match="not a plan"):
        planfile.loads(data)


@given(st.binary())
def test_arbitrary_bytes_are_stale(data: bytes) -> None:
    with pytest.raises(Stale):
        planfile.loads(data)


@given(at=st.integers(0, len(DATA) - 1), to=st.integers(0, 255))
def test_a_changed_byte_is_another_plan_or_none(at: int, to: int) -> None:
    data = DATA[:at] + bytes([to]) + DATA[at + 1 :]
    try:
        read = planfile.loads(data)
    except Stale:
        return
    if data != DATA and read == sample():  # JSON lets one blank stand for another
        assert bytes([to]).isspace()
        assert DATA[at : at + 1].isspace()
    assert planfile.digest(data) != planfile.digest(DATA) or data == DATA


@given(st.text().map(lambda t: t.encode("utf-8", "replace").decode()))
def test_any_name_survives_on_one_line(name: str) -> None:
    data = planfile.dumps(plan([manifest(absent=[{"id": "x"}])], [campaign("x", name or "n")]))
    assert planfile.loads(data).actions[0].name == (name or "n")
    assert data.count(b"\n") == 13


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (lambda text: text.encode("utf-16"), "is in UTF-16, not in UTF-8"),
        (lambda text: text.encode("utf-16-le"), "is in UTF-16LE, not in UTF-8"),
        (lambda text: text.encode("utf-8-sig"), "begins with a byte order mark"),
    ],
)
def test_a_plan_that_another_program_saved_anew_is_named_as_such(saved, said):
    with pytest.raises(Stale, match=said):
        planfile.loads(saved('{"apiVersion":"reconciler/v1","kind":"Plan"}'))


@given(
    given_=st.lists(
        st.tuples(
            st.sampled_from(["a", "a", "b", ""]),
            st.sampled_from(["1", "1", "2", "3", None]),
            st.sampled_from(["delete", "delete", "delete", "refuse"]),
            st.sampled_from([Reason.DECLARED, Reason.MATCHED, Reason.RUNNING, Reason.KEPT]),
            st.sampled_from([None, None, ("1",), ("2",), ()]),
            st.sampled_from([(), (Source(manifest="m", path="p", line=1),)]),
            st.sampled_from([None, "1", "2"]),
        ),
        max_size=5,
    ),
    at=st.integers(0, 5),
)
def test_a_contradiction_is_found_among_many_as_alone(given_: list[Any], at: int) -> None:
    model = planfile.loads(DATA)
    accounts = dict.fromkeys("ab", next(iter(model.accounts.values())))
    actions = [
        msgspec.structs.replace(
            model.actions[0],
            account=account,
            id=id_,
            action=action,
            reason=reason,
            parts=parts,
            sources=sources,
            campaign=None if own is None else Campaign(account=account, id=own, name="n"),
        )
        for account, id_, action, reason, parts, sources, own in given_
    ]

    def said() -> object:
        check = planfile._Contradictions(msgspec.structs.replace(model, accounts=accounts))
        try:
            check.feed(actions[:at])
            check.feed(actions[at:])
        except Stale as error:
            return str(error)
        return check._counts, check._targets, check._last, check._deleted

    quick = said()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(planfile, "_DELETES", ())
        assert said() == quick
