"""What the sandbox answers to listings and looks, held against each driver cut and repeated."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from reconciler.driver import Answer, Listing, Present
from reconciler.testing import Example, conformance
from tests.support import cookbook, second_ring
from tests.support.driver_examples import CEP, KORE, MEP, item
from tests.support.sandbox_wire import Wire, record, session_at

CLAUSES = (
    "a documented listing is read whole",
    "a torn listing is never complete",
    "a look shows the target it was asked for",
)


@dataclass(frozen=True)
class Case:
    """A driver, where its vendor is in the sandbox, and what ids look like there."""

    example: Example
    prefix: str
    vendor: str
    id: str = "{}"
    channel: str | None = None
    status: str = "draft"


ORCHESTRATION, TOKEN, CD = "orchestration_{:03}", "{:032x}", "cd-{:08x}-1111-4111-8111-111111111111"
CASES = {
    "batch-cep": Case(CEP, "batch", "batch-cep", ORCHESTRATION, "push"),
    "batch-mep": Case(MEP, "batch", "batch-mep", TOKEN),
    "in-app": Case(second_ring.IN_APP, "batch", "batch-mep", TOKEN, "in-app"),
    "kore": Case(KORE, "kore", "kore", CD, "sms", "ready"),
    "sendgrid": Case(second_ring.SENDGRID, "sendgrid", "sendgrid", "s{}"),
    "klaviyo": Case(second_ring.KLAVIYO, "klaviyo", "klaviyo", "K{}", "email"),
    "mailchimp": Case(second_ring.MAILCHIMP, "mailchimp", "mailchimp", "{:010x}"),
    "hubspot": Case(second_ring.HUBSPOT, "hubspot", "hubspot"),
    "brevo": Case(second_ring.BREVO, "brevo", "brevo"),
    "listmonk": Case(second_ring.LISTMONK, "listmonk", "listmonk"),
    "push in YAML": Case(cookbook.EXAMPLES["push"], "batch", "batch-cep", ORCHESTRATION, "push"),
    "app in YAML": Case(cookbook.EXAMPLES["app"], "batch", "batch-mep", TOKEN),
    "contact-centre in YAML": Case(
        cookbook.EXAMPLES["contact-centre"], "kore", "kore", CD, "sms", "ready"
    ),
    "single-sends in YAML": Case(cookbook.EXAMPLES["single-sends"], "sendgrid", "sendgrid", "s{}"),
    "lists in YAML": Case(cookbook.EXAMPLES["lists"], "listmonk", "listmonk"),
}


def taped(wire: Wire, flow: Any) -> tuple[Any, tuple[Answer, ...]]:
    """What *flow* returns, and the answers that it got."""
    tape = []
    try:
        request = next(flow)
        while True:
            tape.append(wire.send(request))
            request = flow.send(tape[-1])
    except StopIteration as end:
        return end.value, tuple(tape)


def met(case: Case) -> Example:
    """*case*'s example, with what the sandbox answers to a listing of 130 and to a look."""
    rows = [
        record(case.id.format(n), status=case.status, channel=case.channel) for n in range(1, 131)
    ]
    kore = case.vendor == "kore"
    example = case.example
    if kore and example.driver.name == "kore":
        app = {"clientId": "sandbox-client", "streamId": "st-1", "accountId": "acc"}
        example = replace(example, settings={**example.settings, **app})
    here = session_at(example, case.prefix, "sandbox-secret" if kore else "sandbox-key")
    wire = Wire(rows, accounts={"acc": (case.vendor, {})})
    driver = example.driver
    assert driver.list is not None
    listing, pages = taped(wire, driver.list(here))
    assert isinstance(listing, Listing)
    assert len(listing.campaigns) == 130, listing.why
    first = item("acc", case.id.format(1), channel=case.channel)
    shown = None
    if driver.look is not None:
        seen, answers = taped(wire, driver.look(here, first))
        assert isinstance(seen, Present)
        (shown,) = answers
    return At(
        **{one: getattr(example, one) for one in ("driver", "settings", "absences", "base")},
        successes=example.successes,
        documented=example.documented,
        items=(first,),
        listing=pages,
        shown=shown,
        here=here,
    )


@dataclass(frozen=True, kw_only=True)
class At(Example):
    """An example in the session that it was recorded in."""

    here: Any

    @property
    def session(self) -> Any:
        return msgspec.structs.replace(self.here, account="acc")


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_the_sandbox_lists_is_read_whole_and_never_believed_when_torn(case: Case) -> None:
    example = met(case)
    held = [one for one in conformance(example) if one.name in CLAUSES]
    assert len(held) == len(CLAUSES)
    for check in held:
        check()
