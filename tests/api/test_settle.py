"""`settle` and `status` from Python, at the sandbox."""

import pytest

import reconciler
from tests.support.leaps import leaping


@pytest.fixture
def faults() -> tuple[str, ...]:
    return ("batch-cep:drop-after=2",)  # the listing, then the first deletion, which takes effect


def doubtful(here: reconciler.Project) -> reconciler.Plan:
    """A plan of which one deletion got no answer."""
    plan = here.plan()
    assert here.apply(plan, limit=1, max_wait="0s").exit_code == 6
    return plan


def test_a_status_is_a_value(here: reconciler.Project, capfd: pytest.CaptureFixture[str]) -> None:
    before = here.status()
    assert (before.runs, before.in_doubt, before.exit_code) == ((), (), 0)
    plan = doubtful(here)
    after = here.status(plan)
    assert after.plan == plan.digest
    assert [str(one.target) for one in after.in_doubt] == ["push/c1"]
    assert (after.outcomes["in-doubt"], after.outcomes["pending"]) == (1, 2)
    assert (after.exit_code, after.runs[0].exit_code) == (6, 6)
    assert capfd.readouterr() == ("", "")


def test_a_person_settles_a_doubt(
    here: reconciler.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = doubtful(here)
    settled = here.settle(targets="push/c1", as_="deleted", because="seen in the dashboard")
    assert (settled.exit_code, settled.in_doubt) == (0, 0)
    (one,) = settled.targets
    assert (one.outcome, one.evidence) == ("deleted", "person")
    leaping(monkeypatch.setattr)  # the vendor drops the next deletion as well
    assert here.apply(plan).exit_code == 0


def test_a_look_that_must_wait_leaves_the_doubt(here: reconciler.Project) -> None:
    doubtful(here)
    settled = here.settle(max_wait="0s")
    assert (settled.exit_code, settled.in_doubt, len(settled.targets)) == (6, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": ["push/c1"]},
        {"as_": "deleted"},
        {"as_": "deleted", "because": "x"},
        {"as_": "deleted", "because": "x", "request": 1, "account": "push"},
        {"as_": "deleted", "because": "x", "targets": "no target"},
        {"account": "pusch"},
        {"max_wait": "soon"},
    ],
)
def test_what_cannot_be_meant_is_refused(
    here: reconciler.Project, wrong: dict[str, object]
) -> None:
    with pytest.raises(reconciler.Usage):
        here.settle(**wrong)  # type: ignore[arg-type]
