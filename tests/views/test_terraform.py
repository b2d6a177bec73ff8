"""A plan in Terraform's shape: what policies written for that say of ours."""

import json
from typing import Any

import pytest
from regopy import Interpreter

from reconciler.model import PlanDocument
from tests.support import policies
from tests.support.render_samples import DIGEST, many, plan_of, sample, seen


def judged(policy: str, query: str, plan: PlanDocument) -> Any:
    """What *query*, a number or a truth about *policy*, gives for *plan*."""
    rego = Interpreter()
    rego.add_module("policy", policy)
    rego.set_input(json.loads(seen("terraform-json", plan)))
    return json.loads(str(rego.query(f"found := {query}")))["bindings"]["found"]


def test_terraform_policies_can_read_the_deletions() -> None:
    read = json.loads(seen("terraform-json", sample()))
    gone = [one for one in read["resource_changes"] if "delete" in one["change"]["actions"]]
    assert len(gone) == 137
    change = gone[0]
    assert change["change"]["actions"] == ["delete"]
    assert change["change"]["after"] is None
    assert change["change"]["before"]["owner"] == "outbound-sales"
    assert change["provider_name"] == "reconciler/ozonetel"
    assert read["reconciler"]["plan"] == DIGEST


def test_what_is_refused_changes_nothing_and_says_why() -> None:
    read = json.loads(seen("terraform-json", sample()))
    kept = [one for one in read["resource_changes"] if one["change"]["actions"] == ["no-op"]]
    assert len(kept) == 6
    assert {one["action_reason"] for one in kept} == {
        "refused: ambiguous",
        "refused: protected",
        "refused: running",
    }
    assert all(one["change"]["after"] == one["change"]["before"] for one in kept)


def test_a_plan_is_applyable_if_it_deletes_and_no_guard_forbids_it() -> None:
    said = [json.loads(seen("terraform-json", one)) for one in (sample(), many(1), plan_of([]))]
    assert [one["applyable"] for one in said] == [False, True, False]
    assert [one["errored"] for one in said] == [True, False, False]
    assert said[0]["reconciler"]["violations"][0]["guard"] == "max-deletions"


# ---------------------------------------------------------------- policies that know nothing of us


def test_a_policy_against_deletions_names_every_one() -> None:
    policy, denied = policies.NO_DELETIONS, "data.main.deny"
    assert judged(policy, f"count({denied})", sample()) == sample().summary.delete
    assert (
        judged(policy, f'count([one | {denied}[one]; contains(one, "st-00000")])', sample()) == 10
    )
    assert judged(policy, f"count({denied})", plan_of([])) == 0


@pytest.mark.parametrize(
    ("plan", "score", "allow"), [(many(20), 100, True), (many(21), 105, False)]
)
def test_a_policy_that_scores_changes_counts_ours(
    plan: PlanDocument, score: int, allow: bool
) -> None:
    assert judged(policies.SCORE, "data.terraform.score.score", plan) == score
    assert judged(policies.SCORE, "data.terraform.score.allow", plan) == allow


def test_a_policy_sees_records_tickets_and_what_is_left_alone() -> None:
    policy, of = policies.WITH_A_TICKET, "data.compliance"
    without = f'count([one | {of}.violation[one]; one.msg == "no ticket"])'
    assert judged(policy, without, sample()) == 6  # LEGAL-77 is none, and one has no ticket
    running = f'count([one | {of}.violation[one]; one.msg == "it is running"])'
    assert judged(policy, running, sample()) == 1  # it goes by a waiver
    assert judged(policy, f"count({of}.warn)", sample()) == sample().summary.refuse
    assert judged(policy, f"count({of}.left)", sample()) == 0


@pytest.mark.parametrize(
    ("plan", "allow"), [(sample(), False), (many(1), True), (plan_of([]), False)]
)
def test_a_policy_can_ask_whether_the_plan_may_be_applied(plan: PlanDocument, allow: bool) -> None:
    assert judged(policies.APPLYABLE, "data.gate.allow", plan) == allow
