import json

from tests.support.render_samples import DIGEST, many, plan_of, sample, seen


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
