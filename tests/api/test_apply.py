"""`apply` and `dry_run` from Python, at the sandbox."""

import asyncio
from pathlib import Path

import pytest

import reconciler


def outcomes(report: reconciler.Report) -> dict[str, str]:
    return {one.id: one.outcome.value for one in report.targets}


def test_a_plan_is_carried_out_and_nothing_is_printed(
    here: reconciler.Project, capfd: pytest.CaptureFixture[str]
) -> None:
    events: list[reconciler.Event] = []
    report = here.apply(here.plan(), on_event=events.append)
    assert report.exit_code == 0
    assert outcomes(report) == {"c1": "deleted", "c2": "deleted", "c3": "deleted"}
    kinds = [one.kind for one in events]
    assert (kinds[0], kinds[-1], kinds.count("outcome")) == ("run-started", "run-ended", 3)
    assert capfd.readouterr() == ("", "")


def test_it_works_where_an_event_loop_runs(here: reconciler.Project) -> None:
    async def caller() -> reconciler.Report:
        return here.apply(here.plan())

    assert asyncio.run(caller()).exit_code == 0


def test_a_plan_file_is_carried_out_step_by_step(here: reconciler.Project, tmp_path: Path) -> None:
    here.plan().write(tmp_path / "plan.json")
    first = here.apply(tmp_path / "plan.json", limit=1)
    assert first.exit_code == 5
    assert outcomes(first) == {"c1": "deleted", "c2": "pending", "c3": "pending"}
    then = here.apply(str(tmp_path / "plan.json"), update_inventory=True)
    assert then.exit_code == 0
    assert not here.plan().summary.delete
    then.write(tmp_path / "report.md", "markdown")
    assert "deleted" in (tmp_path / "report.md").read_text()


def test_a_stop_that_is_set_leaves_the_rest_for_later(here: reconciler.Project) -> None:
    stop = reconciler.Stop()
    stop.set(reconciler.Exit.TERM)
    plan = here.plan()
    events: list[reconciler.Event] = []
    report = here.apply(plan, stop=stop, on_event=events.append)
    assert report.exit_code == 143
    assert set(outcomes(report).values()) == {"pending"}
    assert (events[-1].kind, events[-1].done) == ("run-ended", 0)
    assert here.apply(plan).exit_code == 0


def test_what_happened_is_told_when_something_after_it_fails(
    here: reconciler.Project, root: Path
) -> None:
    plan = here.plan()

    def spoil(event: reconciler.Event) -> None:
        if event.kind == "run-ended":
            (root / "inventory.ndjson").unlink()

    with pytest.raises(reconciler.Unfinished, match="inventory") as caught:
        here.apply(plan, update_inventory=True, on_event=spoil)
    assert caught.value.exit == 1
    assert set(outcomes(caught.value.report).values()) == {"deleted"}


def test_a_listener_that_fails_ends_the_run(here: reconciler.Project) -> None:
    def fail(event: reconciler.Event) -> None:
        if event.kind == "request":
            raise LookupError("mine")

    plan = here.plan()
    with pytest.raises(LookupError, match="mine"):
        here.apply(plan, on_event=fail)
    assert here.apply(plan).exit_code == 0


def test_a_dry_run_reads_no_credential_and_sends_nothing(
    here: reconciler.Project, root: Path
) -> None:
    blind = reconciler.open_project(root, environ={})
    found = blind.dry_run(blind.plan(), limit=2)
    assert [one["targets"] for one in found.requests] == [["push/c1"], ["push/c2"]]
    assert found.document["kind"] == "DryRun"
    assert [str(one) for one in found.left] == ["push/c3"]
    assert set(outcomes(here.apply(here.plan())).values()) == {"deleted"}


def test_single_targets_are_chosen_by_text_or_value(here: reconciler.Project) -> None:
    plan = here.plan()
    targets = ("push/c1", reconciler.Target("push", "c2"))
    found = here.dry_run(plan, targets=targets, exclude="push/c1")
    assert [one["targets"] for one in found.requests] == [["push/c2"]]
    report = here.apply(plan, targets=targets, exclude="push/c1")
    assert outcomes(report) == {"c1": "pending", "c2": "deleted", "c3": "pending"}
    assert outcomes(here.apply(plan, targets="push/c1"))["c1"] == "deleted"
    with pytest.raises(reconciler.Usage, match="--target push/c4: not in the plan"):
        here.apply(plan, targets="push/c4")


def test_what_cannot_be_meant_is_refused_before_anything_is_read(
    here: reconciler.Project, root: Path
) -> None:
    (root / "inventory.ndjson").unlink()
    for wrong in (
        {"waive": "windows"},
        {"because": "x"},
        {"max_wait": "soon"},
        {"update_inventory": True, "inventory": "-"},
        {"accounts": ["pusch"]},
    ):
        with pytest.raises(reconciler.Usage):
            here.apply(root / "no-plan.json", **wrong)  # type: ignore[arg-type]
