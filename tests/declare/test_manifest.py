"""Manifests: every form of the contract is read, ten mistakes are ten placed errors."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest

from reconciler.declare import manifests
from reconciler.declare.manifest import Manifest
from reconciler.declare.project import Account, Guards
from reconciler.errors import Diagnostic
from reconciler.model import Limits, Status
from reconciler.plan.guards.metadata import refusal
from tests.support.declared import project_of

PROJECT = project_of(
    {
        name: Account(
            name=name,
            driver=driver,
            limits=Limits(1, 1.0, 1),
            complete=True,
            guards=Guards(),
        )
        for name, driver in (("push", "acme"), ("calls", "phones"))
    }
)


def parts(account: str) -> str | None:
    return "phoneNumbers" if account == "calls" else None


def load(
    *texts: str, guards: Guards | None = None
) -> tuple[tuple[Manifest, ...], list[Diagnostic]]:
    project = PROJECT
    if guards is not None:
        account = PROJECT.accounts["push"].model_copy(update={"guards": guards})
        project = project_of({"push": account}, guards=guards)
    files = [(f"m/{index}.yaml", text.encode()) for index, text in enumerate(texts)]
    return manifests.load(files, project, parts=parts)


HEAD = "apiVersion: reconciler/v1\nkind: CampaignAbsence\nmetadata: {name: one}\n"


def spec(entries: str, account: str = "push") -> str:
    lines = "".join(f"    - {line}\n" for line in entries.splitlines())
    return f"{HEAD}spec:\n  account: {account}\n  absent:\n{lines}"


def read(text: str) -> Manifest:
    (found,), problems = load(text)
    assert problems == []
    return found


def refused(text: str) -> Diagnostic:
    found, problems = load(text)
    assert found == ()
    (one,) = problems
    return one


FULL = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata:
  name: retire-diwali-2024
  owner: lifecycle-marketing
  reason: The season is over
  ticket: CHG-10421
  until: 2027-01-31
spec:
  account: calls
  absent:
    - id: orchestration_06
    - name: Diwali 2024 teaser
    - match:
        name: "Diwali 2024 *"
        nameRegex: "(Test|QA) .*"
        status: [draft, stopped]
        channel: sms
        createdBefore: 2025-01-01
        notUpdatedFor: 90d
        labels: {team: growth, area: eu}
      expect: {min: 1, max: 20}
    - name: Lead refill 7
      phoneNumbers: ["918187867008"]
  keep:
    - id: orchestration_07
"""


def test_the_whole_form_is_read() -> None:
    found = read(FULL)
    assert (found.name, found.account, found.line) == ("retire-diwali-2024", "calls", 1)
    assert (found.owner, found.ticket, found.until) == (
        "lifecycle-marketing",
        "CHG-10421",
        date(2027, 1, 31),
    )
    assert found.digest == hashlib.sha256(FULL.encode()).hexdigest()
    by_id, by_name, by_match, numbers = found.absent
    assert (by_id.id, by_id.line, by_id.column) == ("orchestration_06", 12, 7)
    assert by_name.name == "Diwali 2024 teaser"
    match = by_match.match
    assert match is not None
    assert match.status == (Status.DRAFT, Status.STOPPED)
    assert match.channel == ("sms",)
    assert match.not_updated_for == timedelta(days=90)
    assert match.labels == {"area": "eu", "team": "growth"}
    assert match.text == (
        'name "Diwali 2024 *", name matches /(Test|QA) .*/, status draft or stopped, channel sms,'
        " created before 2025-01-01, not updated for 90d, label area=eu, label team=growth"
    )
    assert (by_match.expect_min, by_match.expect_max) == (1, 20)
    assert numbers.phone_numbers == ("918187867008",)
    assert [one.id for one in found.keep] == ["orchestration_07"]
    assert found.keep[0].manifest == "retire-diwali-2024"


@pytest.mark.parametrize("text", ["0123", "12:30:45", "1_000", "no", "1.10", "2024-01-01", "~"])
def test_an_id_is_exactly_its_text_and_the_quoted_form_is_shown(text: str) -> None:
    (found,), (warning,) = load(spec(f"id: {text}"))
    assert found.absent[0].id == text
    assert (warning.severity, warning.line, warning.column) == ("warning", 7, 11)
    assert warning.fix == f'write "{text}"'


def test_quoted_ids_dates_and_numbers_warn_of_nothing() -> None:
    read(spec('id: "0123"\nid: 123\nmatch: {createdBefore: 2024-01-01}\nmatch: {channel: sms}'))


def test_labels_that_yaml_reads_otherwise_are_told_key_and_value() -> None:
    _, found = load(spec("match: {labels: {no: 1.10}}\nmatch: {channel: [no]}"))
    assert [(one.line, one.column) for one in found] == [(7, 24), (7, 28), (8, 25)]


@pytest.mark.parametrize(
    ("entry", "place", "words"),
    [
        ("name: x\n", (7, 7), ""),
        ("{}", (7, 7), "exactly one of id, name, match"),
        ("{id: x, name: y}", (7, 7), "has id and name"),
        ("{id: x, expect: {max: 1}}", (7, 15), "only a match has expect"),
        ("match: {}", (7, 7), "at least one condition"),
        ("match: {name: }", (7, 15), "is empty"),
        ("match: {labels: {}}", (7, 15), "labels"),
        ("match: {status: []}", (7, 15), "status"),
        ("match: {status: [drafft]}", (7, 24), "cannot be `drafft`"),
        ("match: {status: drafft}", (7, 23), "cannot be `drafft`"),
        ("match: {name: 'a[b'}", (7, 21), "not closed"),
        ("match: {name: 'a[z-a]'}", (7, 21), "wrong way round"),
        ("match: {name: 'a[]'}", (7, 21), "not closed"),
        (r"match: {name: 'a\'}", (7, 21), "backslash"),
        ("match: {name: ''}", (7, 21), "is empty"),
        ("match: {nameRegex: '(?!x)'}", (7, 26), "look-ahead"),
        (r"match: {nameRegex: '(x)\1'}", (7, 26), "back-reference"),
        ("match: {olderThan: 3 weeks}", (7, 26), "not a duration"),
        ("match: {createdBefore: yesterday}", (7, 30), "not a date"),
        ("match: {newerThan: 7 days}", (7, 26), "not a duration"),
        ("match: {labelBefore: {}}", (7, 15), "labelBefore` is empty"),
        ("match: {labelBefore: {expiresAt: soon}}", (7, 40), "not a date"),
        ("match: {labelAfter: {expiresAt: }}", (7, 28), "is empty"),
        ("match: {labelAfter: now}", (7, 27), "must be a mapping"),
        ("{match: {channel: sms}, expect: {min: 3, max: 2}}", (7, 31), "min 3 is more than max 2"),
        ("{match: {channel: sms}, expect: {}}", (7, 31), "min or max"),
        ("{match: {channel: sms}, expect: {max: -1}}", (7, 45), "whole number"),
        ("{match: {channel: sms}, expect: {max: 010}}", (7, 45), "whole number"),
        ("{name: x, phoneNumbers: ['1']}", (7, 17), "not phone numbers"),
        ("id: [x]", (7, 7), "must be text, not a list"),
        ("x", (7, 7), "must be a mapping"),
    ],
)
def test_a_mistake_in_an_entry_is_placed(entry: str, place: tuple[int, int], words: str) -> None:
    if not words:
        read(spec(entry))
        return
    one = refused(spec(entry))
    assert words in one.message
    assert (one.line, one.column) == place
    assert one.fix


@pytest.mark.parametrize(
    "name", ["*", "a?c", "[a-z]*", "[!x]", "[!]]", "[]]", r"\[x", r"[\]]", "[a-]", "[-a]", "x]"]
)
def test_globs_of_the_contract_are_taken(name: str) -> None:
    read(spec(f"match: {{name: '{name}'}}"))


def test_conditions_on_labels_and_on_the_young_are_read() -> None:
    found = read(
        spec(
            "match: {newerThan: 7d, updatedWithin: 24h,"
            " labelBefore: {expiresAt: now, b: 2026-01-31},"
            " labelAfter: {a: '2026-01-31T12:00:00.1234567Z', b: 2026-01-31}}"
        )
    )
    match = found.absent[0].match
    assert match is not None
    assert (match.newer_than, match.updated_within) == (timedelta(days=7), timedelta(hours=24))
    assert match.label_before == {"expiresAt": "now", "b": datetime(2026, 1, 31, tzinfo=UTC)}
    assert match.label_after == {
        "a": datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC),  # cut, never rounded
        "b": datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC),
    }
    assert match.text == (
        "newer than 7d, updated within 24h, label b before 2026-01-31, label expiresAt before now,"
        " label a after 2026-01-31T12:00:00.1234567Z, label b after 2026-01-31"
    )


def test_a_manifest_does_not_end_before_it_begins() -> None:
    def days(first: str, last: str) -> str:
        return spec("id: x").replace("name: one", f"name: one, notBefore: {first}, until: {last}")

    one = refused(days("2026-12-02", "2026-12-01"))
    assert (one.line, one.message) == (3, "`until` is before `notBefore`")
    found = read(days("2026-12-01", "2026-12-01"))
    assert (found.not_before, found.until) == (date(2026, 12, 1), date(2026, 12, 1))


TEN = """\
apiVersion: reconciler/v2
kind: CampaignAbsence
metadata:
  name: Retire_X
  until: 2027-13-31
  tickit: CHG-1
spec:
  account: pusch
  absent:
    - {id: x, name: y}
    - match: {name: "Diwali [2024", nameRegex: "(?=x)", status: [drafft], olderThan: 90 days}
      expect: {min: 5, max: 2}
    - {name: z, expect: {min: 1}}
    - match: {}
  keep:
    - id: a
      id: b
"""


def test_every_mistake_of_a_manifest_is_told_at_once() -> None:
    found, problems = load(TEN)
    assert found == ()
    assert sorted(one.line for one in problems if one.line) == [
        *(1, 4, 5, 6, 8, 10, 11, 11, 11, 11, 12, 13, 14, 17)
    ]
    assert all(one.fix for one in problems)


def test_a_mistyped_required_key_is_one_mistake() -> None:
    one = refused(spec("id: x").replace("account:", "acount:"))
    assert (one.message, one.fix) == ("unknown key `acount`", "did you mean `account`?")


def test_names_are_unique_in_the_project() -> None:
    found, (one,) = load(spec("id: x"), spec("id: z"))
    assert [manifest.path for manifest in found] == ["m/0.yaml"]
    assert (one.path, one.line) == ("m/1.yaml", 3)
    assert "m/0.yaml:3" in one.message


def test_several_documents_of_a_file_are_several_manifests() -> None:
    text = spec("id: x") + "---\n" + spec("id: z").replace("one", "two") + "---\n"
    found, problems = load(text)
    assert problems == []
    assert [(one.name, one.line) for one in found] == [("one", 1), ("two", 8)]
    assert found[0].digest == found[1].digest


def test_a_file_of_another_kind_is_one_error() -> None:
    one = refused("apiVersion: reconciler/v1\nkind: Project\nspec: {accounts: {}}\n")
    assert (one.code, one.line) == ("kind", 2)


def test_without_a_project_accounts_are_not_judged() -> None:
    found, problems = manifests.load([("m", spec("id: x", "nobody").encode())], None)
    assert len(found) == 1
    assert problems == []


@pytest.mark.parametrize(
    ("metadata", "lines"),
    [
        ("owner: a, ticket: CHG-1234", []),
        ("owner: a, ticket: CHG-123", ["the ticket `CHG-123` does not match CHG-[0-9]{4}"]),
        ("owner: a, ticket: xCHG-1234x", ["the ticket `xCHG-1234x` does not match CHG-[0-9]{4}"]),
        ("ticket: CHG-1234", ["`owner` is required by this project"]),
        (
            "owner: ' '",
            ["`owner` is required by this project", "`ticket` is required by this project"],
        ),
    ],
)
def test_guards_on_metadata_are_errors_at_the_metadata(metadata: str, lines: list[str]) -> None:
    guards = Guards(require=("owner", "ticket"), ticket_pattern="CHG-[0-9]{4}")
    text = spec("id: x").replace("name: one", f"name: one, {metadata}")
    found, problems = load(text, guards=guards)
    assert [one.message for one in problems] == lines
    assert all((one.line, one.code) == (3, "metadata") for one in problems)
    (whole,), _ = load(text)
    assert (refusal(whole, guards) is None) == (not lines)  # what validate tells, plan refuses
    assert len(found) == 1  # its keeps hold, and the plan refuses its absences


def test_a_manifest_of_keeps_alone_needs_no_ticket() -> None:
    text = spec("id: x").replace("absent:", "keep:")
    assert load(text, guards=Guards(require=("ticket",)))[1] == []


@pytest.mark.parametrize("text", ["", "# x\n", "---\n---\n"])
def test_an_empty_file_declares_nothing_and_is_told(text: str) -> None:
    manifests, (found,) = load(text)
    assert manifests == ()
    assert (found.severity, found.code, found.line) == ("warning", "empty-manifest", 1)


def test_a_manifest_that_declares_nothing_is_told() -> None:
    assert "nothing is declared" in refused(f"{HEAD}spec: {{account: push}}\n").message


WRITTEN = """apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: one, owner: a, reason: b, ticket: CHG-1000}
spec:
  account: push
"""


@pytest.mark.parametrize(
    ("text", "place", "message", "fix"),
    [
        (
            f"{WRITTEN}  absent:\n    -id: a\n",
            (6, 3),
            "`spec.absent` must be a list, not a mapping",
            "put a blank behind each `-`",
        ),
        (
            f"{WRITTEN}  absent:\n    id: a\n",
            (6, 3),
            "`spec.absent` must be a list, not a mapping",
            "make it an item of a list: `- ` before it, or `[...]` around it",
        ),
        (
            f"{WRITTEN}  absent:\n    - id:a\n",
            (7, 7),
            "`spec.absent[0]` must be a mapping, not text",
            "put a blank behind the `:`",
        ),
        (
            f"{WRITTEN}  absent:\n    -\xa0id: a\n",
            (7, 6),
            "the character U+00A0, which only looks like a blank, is not allowed",
            "put a blank in its place",
        ),
        (
            f"{WRITTEN}  absent:\n    - id: a\n    -\n",
            (8, 6),
            "`spec.absent[1]` is empty",
            "give it a value, or take the item out",
        ),
        (
            f"{WRITTEN}  absent: *all\n",
            (6, 11),
            "an alias is not allowed",
            "put a text that begins so in quotes, else write the value out",
        ),
        (
            WRITTEN.replace("kind: CampaignAbsence\n", "") + "  absent: [{id: a}]\n",
            (1, 1),
            "`kind` is missing",
            "add `kind: CampaignAbsence`",
        ),
        (
            WRITTEN.replace("owner: a", "owner: [a]") + "  absent: [{id: a}]\n",
            (3, 23),
            "`metadata.owner` must be text, not a list",
            "write `a`, without brackets",
        ),
        (
            f"{WRITTEN}  absent: [{{id: a}}]\n  keep:\n    - {{id: b, expect: {{max: 1}}}}\n",
            (8, 15),
            "unknown key `expect`",
            "the keys here: id, name, match, phoneNumbers",
        ),
    ],
)
def test_a_slip_of_the_hand_is_told_once_with_a_fix_that_works(
    text: str, place: tuple[int, int], message: str, fix: str
) -> None:
    found = refused(text)
    assert (found.line, found.column) == place
    assert (found.message, found.fix) == (message, fix)
