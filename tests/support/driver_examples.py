"""Each built-in driver as the conformance suite needs to know it: from the vendors' pages alone."""

import json
from typing import Any

from reconciler import drivers
from reconciler.driver import Answer, Item, Session
from reconciler.model import Target
from reconciler.testing import Example
from tests.support.strict_json import said

ORCHESTRATION = "orchestration_0664hyh918hr1gnzka9py5t62nrc0e1f"
TOKEN = "a0082dc6860938a26280bd3ba927303b"
KORE_ID = "cd-213cc43a-a340-5b89-a256-ff8da28xxxxx"
MESSAGE = "675161d8a000000000000000"


def answer(status: int, body: Any = b"", **headers: str) -> Answer:
    """An answer; *body* is bytes, or a JSON value."""
    return Answer(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def item(
    account: str, id_: str, part: str | None = None, *, name: str = "A", channel: str | None = None
) -> Item:
    return Item(Target(account, id_, part), name, channel)


def _state(one: Answer) -> Any:
    value = said(one.body)
    return value.get("status") if isinstance(value, dict) else None


def _batch_success(one: Answer) -> bool:
    value = said(one.body)
    empty = not one.body.strip()
    return one.status == 200 and (empty or (isinstance(value, dict) and "error_code" not in value))


CEP = Example(
    driver=drivers.find("batch-cep"),
    settings={"project": "project_0664", "restApiKey": {"env": "BATCH_KEY"}},
    items=tuple(item("push", f"{ORCHESTRATION}{i}") for i in range(3)),
    successes=(answer(204), answer(200), answer(200, {}), answer(200, {"id": f"{ORCHESTRATION}0"})),
    documented=lambda one: (one.status == 204 and not one.body) or _batch_success(one),
)
MEP = Example(
    driver=drivers.find("batch-mep"),
    settings={"apiKey": {"env": "APP_KEY"}, "restApiKey": {"file": "/run/key"}},
    items=tuple(item("app", f"{TOKEN}{i}") for i in range(3)),
    successes=(answer(200), answer(200, {}), answer(200, {"campaign_token": f"{TOKEN}0"})),
    documented=_batch_success,
)
KORE = Example(
    driver=drivers.find("kore"),
    settings={
        "host": "https://platform.kore.ai",
        "streamId": "st-0603182c",
        "accountId": "67777ce93e25326494",
        "clientId": "cs-1",
        "clientSecret": {"env": "KORE_SECRET"},
    },
    items=(
        item("kore", KORE_ID, channel="sms"),
        item("kore", KORE_ID, channel="voice"),
        item("kore", f"{KORE_ID}2"),
    ),
    successes=(
        answer(200, {"status": "success", "message": "deleted", "data": {"_id": KORE_ID}}),
        answer(200, {"status": "success"}),
        answer(200, {"status": "success", "data": {"_id": KORE_ID, "status": "Stopped"}}),
    ),
    documented=lambda one: 200 <= one.status < 300 and _state(one) == "success",
)
CELLCAST = Example(
    driver=drivers.find("cellcast"),
    settings={"apiKey": {"env": "CELLCAST_KEY"}},
    items=(
        item("cell", MESSAGE, channel="sms"),
        item("cell", MESSAGE, channel="mms"),
        item("cell", "summer", f"{MESSAGE}1"),
        item("cell", "summer", f"{MESSAGE}2"),
    ),
    successes=(
        answer(
            200,
            {
                "app_type": "web", "maintainence": 0, "invalid_token": 0, "status": True,
                "message": "Job Removed successfully", "data": {"message": "x"}, "error": {},
            },
        ),
        answer(200, {"status": True, "message": "Job removed successfully"}),
        answer(200, {"status": True, "data": {"messageId": MESSAGE}}),
    ),
    documented=lambda one: one.status == 200 and _state(one) is True,
)  # fmt: skip


def _ozonetel(**settings: Any) -> Example:
    return Example(
        driver=drivers.find("ozonetel"),
        settings={"userName": "acme", "apiKey": {"env": "OZONETEL_KEY"}, **settings},
        items=tuple(
            item("calls", f"id-{name}", f"91818786700{n}", name=name)
            for name, numbers in (("A", "123"), ("A ", "12"), ("Ünïcode", "9"))
            for n in numbers
        ),
        successes=(
            answer(200, {"status": "Success", "message": "Deleted Successfully"}),
            answer(200, {"status": "success", "message": "4 Records Deleted Successfully"}),
            answer(201, {"status": "SUCCESS"}),
        ),
        documented=lambda one: 200 <= one.status < 300 and str(_state(one)).lower() == "success",
    )


OZONETEL = _ozonetel()
OZONETEL_BASIC = _ozonetel(authentication="basic")
OZONETEL_SINGLE = _ozonetel(bulk="false")
EXAMPLES = (CEP, MEP, KORE, CELLCAST, OZONETEL, OZONETEL_BASIC, OZONETEL_SINGLE)


def session(example: Example, **settings: Any) -> Session:
    """The example's session; *settings* in place of or beside its own."""
    changed = Example(
        driver=example.driver,
        settings={**example.settings, **settings},
        items=example.items,
        successes=example.successes,
        documented=example.documented,
    )
    return changed.session


def verdict(example: Example, one: Answer) -> Any:
    """What the driver makes of *one* for the example's first request."""
    return example.driver.judge(example.session, example.batch, one)


def run(flow: Any, *answers: Answer) -> Any:
    """What *flow* returns for *answers*, which must be as many as it asks for."""
    left = list(answers)
    try:
        next(flow)
        while True:
            flow.send(left.pop(0))
    except StopIteration as end:
        assert not left, f"{len(left)} answers were not asked for"
        return end.value
