import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import (
    API_VERSION,
    Outcome,
    PlanDocument,
    PlanWarning,
    Reason,
    ReportDocument,
    Source,
    Status,
    Violation,
    WaiverUse,
)
from reconciler.views import layout, text
from reconciler.views.layout import cells, elide
from reconciler.views.text import groups
from reconciler.views.words import LIFTS, duration
from tests.support import sizes
from tests.support.render_samples import (
    DIGEST,
    NOW,
    action,
    campaign,
    many,
    plan_of,
    report_of,
    sample,
    sample_report,
    target,
)


def shown(plan: object = None, **options: object) -> str:
    known: dict[str, object] = {"color": False, "width": 80}
    return "".join(text.plan(plan or sample(), **{**known, **options}))  # type: ignore[arg-type]


def told(report: ReportDocument, plan: PlanDocument | None = None, **options: object) -> str:
    known: dict[str, object] = {"color": False}
    return "".join(text.report(report, plan, **{**known, **options}))  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_plan_fits_its_width(width: int) -> None:
    assert max(map(cells, shown(width=width).splitlines())) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_a_report_fits_its_width(width: int) -> None:
    lines = told(sample_report(), sample(), width=width).splitlines()
    assert max(map(cells, lines)) <= width


@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_id_and_its_source_stand_whole(width: int) -> None:
    seen = shown(width=width)
    for one in sample().actions:
        if one.action != "none":
            assert f" {one.id}" in seen
    assert "voice-tests (manifests/retire-2024.yaml)" in seen
    assert "  line 31" in seen


def test_what_is_waived_for_an_account_is_said_once() -> None:
    use = WaiverUse(guard="max-deletions", because="Clean-up", ticket="CHG-1", until="2026-12-01")
    gone = [
        action("delete", Reason.DECLARED, campaign("push-prod", f"i{n}", "x"), waivers=(use,))
        for n in range(3)
    ]
    seen = shown(plan_of(gone))
    assert seen.count('max-deletions is waived until 2026-12-01: "Clean-up" (CHG-1)') == 1


def test_a_long_id_is_not_cut_and_only_a_word_without_end_loses_its_middle() -> None:
    record = campaign("voice-in", "i" * 200, "Start " + "x" * 300 + " end")
    seen = shown(plan_of([action("delete", Reason.DECLARED, record)]))
    assert "i" * 200 in seen
    assert re.search(r'"Start\n +x+…x+\n +end"', seen)


def test_a_long_name_is_folded_at_its_blanks_and_keeps_its_words() -> None:
    name = " ".join(f"word{n}" for n in range(14))
    record = campaign("voice-in", "st-1", name)
    seen = shown(plan_of([action("delete", Reason.DECLARED, record)]), width=100)
    assert f'"{name}"' in " ".join(seen.split()).replace("stopped updated 2025-11-05 line 14 ", "")
    endless = campaign("voice-in", "st-1", name * 20)
    seen = shown(plan_of([action("delete", Reason.DECLARED, endless)]), width=100)
    assert re.search(r"^ +… (?:word\d+ ?)+", seen, re.M)


def test_each_manifests_part_says_who_why_and_under_which_ticket() -> None:
    seen = " ".join(shown().split())
    assert (
        "retire-2024 (manifests/retire-2024.yaml) Asked for by lifecycle-marketing,"
        ' ticket CHG-10421, until 2027-01-31: "The season is over and the consent text is outdated"'
    ) in seen
    assert "boxing-day (manifests/sms.yaml) No owner, no reason, no ticket." in seen


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_summary_counts_by_line_account_reason_and_age(width: int) -> None:
    seen = "".join(text.plan_summary(sample(), color=False, width=width))
    assert max(map(cells, seen.splitlines())) <= max(width, 60)
    assert re.search(r"line 20 +60 +- +-\n", seen)
    assert re.search(r"push-legacy +40 +- +-", seen)
    assert re.search(r"delete/matched +90", seen)
    assert re.search(r"1 to 2 years\W+137 +6 +25", seen)
    assert re.search(r"lifecycle-marketing +61 +4", seen) or width == 40
    assert "This plan cannot be applied: 1 violation" in seen


def test_a_violation_says_how_to_lift_it() -> None:
    assert "To lift it: ask for fewer" in shown()


def test_what_goes_says_its_status_last_change_and_source() -> None:
    record = campaign("voice-in", "st-1", "Old one", status=Status.DRAFT)
    seen = shown(plan_of([action("delete", Reason.DECLARED, record)]), width=120)
    row = next(line for line in seen.splitlines() if "st-1" in line)
    assert row.startswith('  - st-1  "Old one"  draft  updated 2025-11-05')
    assert row.endswith("  line 14")


@pytest.mark.parametrize("reason", LIFTS)
def test_a_refusal_gives_the_guards_words_and_the_way_out(reason: Reason) -> None:
    record = campaign("voice-in", "st-1", "Old one")
    refused = action("refuse", reason, record, message="Words of the guard")
    seen = " ".join(shown(plan_of([refused])).split())
    assert f"Refused, {reason}: Words of the guard" in seen
    assert f"To lift it: {LIFTS[reason]}." in seen
    assert '! st-1 "Old one"' in seen


def test_every_refusal_has_a_way_out() -> None:
    seen = {Reason.ABSENT, Reason.EXPIRED, Reason.NOT_YET}
    deletes = {Reason.DECLARED, Reason.MATCHED, Reason.UNLISTED}
    assert set(LIFTS) == set(Reason) - seen - deletes


def test_each_account_shows_its_driver_estimate_and_inventory() -> None:
    seen = shown(now=NOW + timedelta(days=2))
    assert "push-prod (batch-cep)" in seen
    assert "61 to delete; 4 refused; 61 requests, about 1 min 1 s." in seen
    assert "40 campaigns, 2 d 1 h old, complete" in seen
    assert "40 campaigns, age unknown, partial" in seen


def test_what_is_untouched_is_counted_by_reason_and_listed_on_request() -> None:
    assert "26 untouched (1 absent, 25 kept)" in shown(width=100)
    assert "st-900003" not in shown()
    assert "st-900003" in shown(everything=True)
    assert "st-gone" in shown(everything=True)


def test_the_end_tells_violations_totals_and_approvals() -> None:
    seen = " ".join(shown().split())
    assert "This plan cannot be applied: 1 violation max-deletions (push-prod): 61" in seen
    assert "Plan: 137 to delete (283 targets), 6 refused, 26 untouched. 283 requests" in seen
    assert "Approvals needed: 2 (above 10)." in seen


def test_warnings_say_where() -> None:
    assert "matches-nothing (manifests/easter.yaml:9): the match found no" in shown()


def test_nothing_to_do_is_no_changes() -> None:
    kept = action("none", Reason.KEPT, campaign("voice-in", "st-1", "x"))
    assert "\nNo changes. Nothing to delete." in shown(plan_of([kept]))


@pytest.mark.parametrize("kind", ["delete", "violation"])
def test_anything_else_is_never_no_changes(kind: str) -> None:
    record = campaign("voice-in", "st-1", "x")
    violation = Violation(guard="inventory-age", account="voice-in", message="too old")
    plan = {
        "delete": plan_of([action("delete", Reason.DECLARED, record)]),
        "violation": plan_of([], violations=(violation,)),
    }[kind]
    assert "No changes" not in shown(plan)


def test_what_is_only_refused_changes_nothing_and_is_counted() -> None:
    record = campaign("voice-in", "st-1", "x")
    plan = plan_of([action("refuse", Reason.RUNNING, record)])
    assert "\nNo changes. Nothing to delete. 1 refused." in shown(plan)


def test_colour_changes_no_letter() -> None:
    bare = re.sub(r"\x1b\[[0-9;]*m", "", shown(color=True))
    assert [line.rstrip() for line in bare.splitlines()] == shown().splitlines()
    assert "\x1b[31m-\x1b[0m" in shown(color=True)
    assert "\x1b" not in shown()


def test_wide_letters_keep_the_columns() -> None:
    records = [campaign("voice-in", f"st-{n}", name) for n, name in enumerate(("ab", "音声", "é"))]
    seen = shown(plan_of([action("delete", Reason.DECLARED, one) for one in records]), width=120)
    rows = [line for line in seen.splitlines() if line.startswith("  - ")]
    assert len({cells(row[: row.index("stopped")]) for row in rows}) == 1


def test_a_target_without_an_id_says_so() -> None:
    record = campaign("voice-in", "x", "Nobody")
    gone = action("none", Reason.ABSENT, record, id=None, campaign=None)
    assert '= (no id)  "Nobody"' in shown(plan_of([gone]), everything=True)


def test_several_absences_are_counted() -> None:
    sources = tuple(Source(manifest="m", path="manifests/a.yaml", line=n) for n in (3, 9))
    record = campaign("voice-in", "st-1", "x")
    seen = shown(plan_of([action("delete", Reason.DECLARED, record, sources=sources)]))
    assert "line 3 +1" in seen


def test_a_long_list_of_numbers_says_how_many_are_not_shown() -> None:
    assert re.search(r"30 numbers: (91••••••\d{4}, )+91••••••\d{4} and 2\d more", shown())


def test_ten_thousand_actions_are_all_shown() -> None:
    seen = shown(many(10_000))
    assert seen.count("  - id-") == 10_000


def test_a_warning_about_a_name_stays_one_paragraph() -> None:
    warning = PlanWarning(code="x", message="a\nNo changes. Nothing", path=None, line=None)
    assert "\nNo changes" not in shown(plan_of([], warnings=(warning,))).replace(
        "\nNo changes. Nothing to delete.", ""
    )


# ---------------------------------------------------------------- report


def test_a_report_lists_what_is_not_gone_and_counts_what_is() -> None:
    seen = told(sample_report(), sample())
    assert "40 deleted, 1 already-absent, 1 in-doubt." in seen
    assert "In-doubt: no answer within 30 s" in seen
    assert "Refused: CAMPAIGN_NOT_DELETABLE: the vendor keeps it" in seen
    assert "no answer" in seen
    assert "and 5 more (--format json lists every target)" in seen
    assert "Run settle" in seen


def test_a_report_lists_everything_on_request() -> None:
    seen = told(sample_report(), everything=True)
    assert seen.count("  - ") == 40
    assert " more (" not in seen


def test_a_run_with_nothing_left_says_so() -> None:
    seen = told(report_of([]))
    assert seen.startswith(f"Report\nPlan {DIGEST}\n")
    assert "Result: nothing was left to do." in seen


def test_a_report_without_a_plan_keeps_ids_that_are_no_numbers() -> None:
    seen = told(report_of([target("sms-au", "b", Outcome.REFUSED, part="6F1C-1")], 5))
    assert "b  #6F1C-1" in seen


# ---------------------------------------------------------------- dry run


def test_a_dry_run_shows_each_request() -> None:
    document = {
        "apiVersion": API_VERSION,
        "kind": "DryRun",
        "requests": [
            {
                "account": "dialer",
                "method": "POST",
                "url": "http://127.0.0.1/token",
                "headers": {"apiKey": "***"},
                "body": None,
                "targets": [],
                "ifNeeded": True,
            },
            {
                "account": "dialer",
                "method": "DELETE",
                "url": "http://127.0.0.1/ca_apis/DeleteBulkData",
                "headers": {"Authorization": "Bearer ***"},
                "body": {"campaignName": ["x\x1b[2J"], "phoneNumber": [918187867008]},
                "targets": ["dialer/700#918187867008"],
            },
        ],
    }
    seen = "".join(text.dry_run(document, color=False, width=80))
    assert "1. POST http://127.0.0.1/token  (if needed)" in seen
    assert "2. DELETE http://127.0.0.1/ca_apis/DeleteBulkData" in seen
    assert '"phoneNumber": [918187867008]' in seen
    assert "for dialer/700#918187867008" in seen
    assert seen.endswith("Dry run: 1 request and 1 token request if needed. Nothing was sent.\n")
    assert "\x1b" not in seen


# ---------------------------------------------------------------- layout


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (95, "1 min 35 s"),
        (7500, "2 h 5 min"),
        (273600, "3 d 4 h"),
    ],
)
def test_times_have_two_units_at_most(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize("name", ["short", "x" * 90, "音" * 60, "e\u0301" * 80, "a音" * 50])
@pytest.mark.parametrize("width", [1, 2, 9, 40])
def test_an_elided_text_fits(name: str, width: int) -> None:
    assert cells(elide(name, width)) <= width


@given(name=st.text("ab -é", max_size=60), width=st.integers(1, 20), most=st.integers(1, 4))
def test_a_plain_name_is_folded_as_any_other(name: str, width: int, most: int) -> None:
    folded = layout.fold(name, width, most)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(layout, "_broken", lambda *_: [])
        assert layout.fold(name, width, most) == folded


@pytest.mark.parametrize("width", [60, 100, 200])
def test_a_long_list_is_drawn_as_if_in_one_piece(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = sizes.plan(400)
    whole = "".join(text.plan(plan, color=True, width=width, everything=True))
    monkeypatch.setattr(groups, "TOGETHER", 7)
    monkeypatch.setattr(groups, "_WAITING", 40)
    assert "".join(text.plan(plan, color=True, width=width, everything=True)) == whole
