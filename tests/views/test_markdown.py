import re

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from reconciler.model import Outcome, PlanDocument, Reason, Source
from reconciler.views import plan_parts, report_parts
from reconciler.views.fit import PartShape, Section, characters, choose, parts, utf8_bytes
from reconciler.views.frame import Frame, Platform
from reconciler.views.markdown import plan_within, report_within
from tests.support.render_samples import (
    DIGEST,
    FRAME,
    action,
    campaign,
    hostile_plan,
    many,
    plan_of,
    report_of,
    sample,
    sample_report,
    seen,
    target,
)

LIMITS: dict[Platform, int] = {
    "github": 65_536,
    "gitlab": 1_000_000,
    "azure": 150_000,
    "bitbucket": 32_768,
}


def rows(text: str) -> int:
    """How many actions or targets stand in *text*, as GitHub's parser reads it."""
    tables = [one for one in page(text).split("<table>") if "<th>line</th>" in one]
    return sum(one.count("<tr>") - 1 for one in tables)


def left_out(text: str) -> int:
    found = re.search(r"\*\*Left out: ([\d,]+) (?:actions?|targets?)\*\*", text)
    return int(found[1].replace(",", "")) if found else 0


def page(text: str) -> str:
    made: str = cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)
    return made


@pytest.mark.parametrize("limit", [2_000, 8_000, 32_768, 65_536])
@pytest.mark.parametrize("plan", [many(10_000), sample(), hostile_plan()])
def test_a_comment_keeps_its_limit_and_says_what_it_left_out(
    limit: int, plan: PlanDocument
) -> None:
    made = "".join(plan_within(plan, FRAME, limit, characters))
    assert characters(made) <= limit
    assert rows(made) + left_out(made) == len(plan.actions)


def test_a_comment_starts_with_its_marker_counts_alert_and_digest() -> None:
    made = seen("markdown", many(10_000))
    head = made[:600]
    assert made.startswith("<!-- reconciler plan acme-messaging -->\n")
    assert "10,000 to delete" in head
    assert "> [!CAUTION]\n> **This deletes 10,000 campaigns.**" in head
    assert "5e5e5e" in head


def test_what_deletes_nothing_is_no_alarm() -> None:
    record = campaign("voice-in", "1", "x")
    for plan in (plan_of([]), plan_of([action("refuse", Reason.RUNNING, record)])):
        assert "[!" not in seen("markdown", plan)


def test_no_marker_can_be_ended_by_the_projects_name() -> None:
    from msgspec import structs

    about = structs.replace(sample().metadata, project="a --> <b> --x\n")
    first = seen("markdown", structs.replace(sample(), metadata=about)).splitlines()[0]
    assert first == "<!-- reconciler plan a%20%2D%2D%3E%20%3Cb%3E%20%2D%2Dx%0A -->"


def test_the_next_command_and_the_run_are_told() -> None:
    run = "https://github.com/acme/messaging/actions/runs/7"
    frame = Frame(digest=DIGEST, saved="out/the plan.json", run=run)
    record = campaign("voice-in", "1", "x")
    one = [action("delete", Reason.DECLARED, record)]
    made = seen("markdown", plan_of(one, required=2), frame=frame)
    assert "Next: `reconciler approve 'out/the plan.json' --key FILE`, then `reconciler ap" in made
    assert f"[The run that made it]({run})" in made
    assert "Next: `reconciler apply 'out/the plan.json'`" in seen(
        "markdown", plan_of(one), frame=frame
    )
    assert "Next" not in seen("markdown", sample())  # it breaks a limit


@pytest.mark.parametrize("run", ["javascript:alert(1)", "https://x.example/a) [b](c", "x\ny"])
def test_an_address_that_is_none_is_not_linked(run: str) -> None:
    assert "](" not in seen("markdown", sample(), frame=Frame(digest=DIGEST, run=run))


def test_the_summary_by_manifest_line_stands_before_any_action() -> None:
    made = seen("markdown", sample())
    front = made[: made.index("<details>")]
    assert (
        "| `manifests/retire-2024.yaml:14` | `push-prod` | `lifecycle-marketing` | CHG-10421 |"
        " The season is over and the consent text is outdated | 1 | 4 | 0 |\n"
        "| `manifests/retire-2024.yaml:20` |  |  |  |  | 60 | 0 | 0 |\n"
    ) in front
    counted = [row.split("|")[-4:-1] for row in re.findall(r"\| `manifests/.*", front)]
    totals = [sum(int(row[at]) for row in counted) for at in range(3)]
    assert totals == [sample().summary.delete, sample().summary.refuse, sample().summary.none]


def test_each_manifests_part_says_who_why_and_under_which_ticket() -> None:
    made = seen("markdown", sample())
    part = made[made.index("<summary><code>lead-refills</code>: 5 to delete") :]
    assert part.splitlines()[2] == (
        "Asked for by `outbound-sales`, ticket LEGAL-77:"
        " Numbers bought from a list we may no longer call"
    )
    assert "_no owner, no reason, no ticket_" in made[made.index("<code>boxing-day</code>") :]


def test_a_large_comment_uses_most_of_its_room_for_every_manifest() -> None:
    made = seen("markdown", many(10_000))
    assert len(made) > 60_000
    assert made.count("<details>") == 2


def test_a_small_comment_leaves_nothing_out() -> None:
    made = seen("markdown", sample(), frame=Frame(digest=DIGEST, fit="azure"))
    assert "eft out" not in made
    assert "not shown" not in made


@pytest.mark.parametrize("limit", [2_000, 65_536])
def test_a_reports_comment_keeps_its_limit(limit: int) -> None:
    targets = [target("push-prod", f"id-{n}", Outcome.DELETED) for n in range(5_000)]
    targets.append(target("voice-in", "doubt", Outcome.IN_DOUBT))
    made = "".join(report_within(report_of(targets, 6), None, FRAME, limit, characters))
    assert characters(made) <= limit
    assert "| `doubt` |" in made  # the worst comes first
    assert rows(made) + left_out(made) == 5_001


def test_a_report_says_who_approved_and_which_driver_did_it_when() -> None:
    made = seen("markdown", sample_report(), sample())
    assert "Approved by `b@acme.example`, `c@acme.example`." in made
    assert "| `batch-cep` | `2026-11-20T09:00:01Z` (no answer) | 14 |" in made
    assert "> [!WARNING]\n> **1 target is in doubt: it may have happened.**" in made


def test_no_changes_is_said_in_a_comment() -> None:
    assert "No changes. Nothing to delete." in seen("markdown", plan_of([]))


def test_a_step_summary_stays_under_a_mebibyte_of_utf8() -> None:
    records = [campaign("voice-in", f"st-{n}", "音声" * 40) for n in range(10_000)]
    plan = plan_of([action("delete", Reason.DECLARED, one) for one in records])
    made = seen("github-summary", plan).encode()
    assert 900_000 < len(made) < 1_048_576
    assert b"Left out" in made


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize("platform", LIMITS)
@pytest.mark.parametrize("number", [0, 1, 50, 5_000])
def test_parts_hold_every_action_within_the_platforms_limit(
    platform: Platform, number: int
) -> None:
    frame = Frame(digest=DIGEST, fit=platform)
    texts = ["".join(one) for one in plan_parts("markdown", many(number), frame)]
    assert all(characters(text) <= LIMITS[platform] for text in texts)
    assert len(texts) <= 10
    told = sum(len(re.findall(r"^\| `id-", text, re.M)) for text in texts)
    assert told + left_out(texts[-1]) == number
    for at, text in enumerate(texts[1:], 2):
        assert f"It goes on in part {at}." in texts[at - 2]
        assert f"part {at}" in text
        assert text.count("<details>") == text.count("</details>")
        assert "5e5e5e" in text


def test_ten_parts_at_most_and_the_last_says_what_is_missing() -> None:
    frame = Frame(digest=DIGEST, fit="github")
    texts = ["".join(one) for one in plan_parts("markdown", many(20_000), frame)]
    assert len(texts) == 10
    assert left_out(texts[-1]) > 10_000


def test_a_report_goes_on_in_parts() -> None:
    targets = [target("push-prod", f"id-{n}", Outcome.DELETED) for n in range(1_000)]
    frame = Frame(digest=DIGEST, fit="github")
    texts = ["".join(one) for one in report_parts("markdown", report_of(targets), None, frame)]
    assert sum(text.count("| `id-") for text in texts) == 1_000
    assert texts[1].startswith("<!-- reconciler report  2 -->")


def test_a_platform_without_html_gets_none() -> None:
    texts = plan_parts("markdown", sample(), Frame(digest=DIGEST, fit="bitbucket"))
    whole = "".join("".join(one) for one in texts)
    assert not re.search(r"^<|<br>|</", whole, re.M)
    assert whole.startswith('[//]: # "reconciler plan acme-messaging"\n')
    assert "> **Caution**" in whole


def test_rows_that_no_part_takes_are_counted() -> None:
    section = Section("<", "<", [lambda: "x" * 300] * 3, ">", lambda number: f"({number})")
    shape = PartShape(
        limit=200,
        measure=characters,
        most=3,
        heading=str,
        goes_on=str,
        foot=lambda hidden: f"{hidden} hidden",
        spare=20,
    )
    chosen = choose([section], shape.room("top"), characters)
    assert list(parts("top", chosen, shape))[-1].endswith("3 hidden")


# ---------------------------------------------------------------- code spans, as GitHub reads them


@pytest.mark.parametrize(
    "name",
    [
        *("a@b.example", "mailto:a@b.example", "xmpp:a@b.example", "www.evil.example"),
        *("https://evil.example", "@org/team", "#1", "GH-1", "a|b", "a\\|b", "`", "``a`", " a "),
        *("<b>x</b>", "![](http://evil.example)", "[a](b)", "*a*", "&amp;", ":tada:", "a\\"),
    ],
)
def test_a_name_is_a_code_span_and_makes_no_node(name: str) -> None:
    record = campaign("voice-in", f"id{name}", name)
    source = Source(manifest="m", path=name, line=1)
    plan = plan_of([action("delete", Reason.DECLARED, record, sources=(source,))])
    made = page(seen("markdown", plan)).replace("<em>no owner, no reason, no ticket</em>", "")
    assert not re.search(r"<(?:a|b|img|em)\b", made)
    shown = name.replace("\\|", "\\\\|")  # told apart from a bar that we escaped
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<td><code>{escaped}</code></td>" in made
    rows = re.findall(r"<tr>(.*?)</tr>", made, re.S)
    assert {len(re.findall(r"<t[dh]", row)) for row in rows} == {8, 6}


def test_nothing_invisible_is_in_what_people_copy() -> None:
    made = seen("markdown", hostile_plan()) + seen("markdown", sample_report(), sample())
    assert not re.search("[\u200b\u00a0]|&#|&nbsp;", re.sub(r"<summary>.*?</summary>", "", made))


def test_a_step_summary_counts_bytes() -> None:
    made = "".join(plan_within(many(100), FRAME, 8_000, utf8_bytes))
    assert len(made.encode()) <= 8_000
