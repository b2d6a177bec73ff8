"""Plans and reports of any size in which every name is hostile."""

from functools import cache

from reconciler.model import Action, Outcome, PlanDocument, Reason, ReportDocument, Source
from tests.support.render_samples import (
    DRIVERS,
    HOSTILE,
    HOSTILE_MANIFESTS,
    action,
    campaign,
    plan_of,
    report_of,
    target,
)

_KINDS = (
    ("delete", Reason.DECLARED),
    ("refuse", Reason.UNSAFE_ID),
    ("none", Reason.KEPT),
    ("delete", Reason.MATCHED),
)
# A name is at most what vendors let it be; what is longer is cut alike.
NAMES = tuple(text[:200] for text in HOSTILE)
ACCOUNTS = tuple(DRIVERS)


@cache
def plan(number: int) -> PlanDocument:
    """*number* actions: two deletions to a refusal and an action that changes nothing."""
    return plan_of([_action(at) for at in range(number)], manifests=HOSTILE_MANIFESTS)


def _action(at: int) -> Action:
    text = NAMES[at % len(NAMES)]
    kind, reason = _KINDS[at % len(_KINDS)]
    record = campaign(ACCOUNTS[at % 5], f"{text}{at}", text, channel=text, labels={text: text})
    return action(
        kind,
        reason,
        record,
        message=text if kind == "refuse" else None,
        sources=(Source(manifest=HOSTILE[at % len(NAMES)], path=text, line=at % 97 + 1),),
    )


@cache
def report(number: int) -> ReportDocument:
    """What became of *number* targets, every outcome alike."""
    outcomes = tuple(Outcome)
    return report_of(
        [
            target(
                ACCOUNTS[at % 5],
                f"{NAMES[at % len(NAMES)]}{at}",
                outcomes[at % len(outcomes)],
                name=NAMES[at % len(NAMES)],
                detail=NAMES[(at + 1) % len(NAMES)],
                sources=(Source(manifest="m", path=NAMES[at % len(NAMES)], line=at % 97 + 1),),
            )
            for at in range(number)
        ],
        exit_code=6,
    )
