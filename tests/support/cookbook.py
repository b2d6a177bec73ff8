"""The vendors of docs/cookbook.md, as the page describes them."""

import re
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

from reconciler import drivers
from reconciler.declare.strict import parse
from reconciler.driver import Driver, Plain
from reconciler.testing import Example, settings
from tests.support import driver_examples, second_ring

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"
HTTP = drivers.find("http")
# Account of the page -> the example of the driver that is its twin.
TWINS: dict[str, Example] = {
    "push": driver_examples.CEP,
    "app": driver_examples.MEP,
    "contact-centre": driver_examples.KORE,
    "dialer": driver_examples.OZONETEL,
    "texts": driver_examples.CELLCAST,
    "news": second_ring.MAILCHIMP,
    "single-sends": second_ring.SENDGRID_BULK,
    "lists": second_ring.LISTMONK,
    "folders": second_ring.HUBSPOT_CAMPAIGNS,
}
CHANGED = {  # where the page's vendor answers otherwise than its twin's
    "folders": (driver_examples.answer(207, {"status": "COMPLETE"}),),
}


@cache
def accounts() -> dict[str, dict[str, Any]]:
    """Account -> what the page writes of it."""
    found = {}
    for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        (document,), problems = parse(textwrap.dedent(block).encode(), "cookbook.md")
        assert not problems
        found |= typed(document.as_written())
    return found


def typed(value: Any) -> Any:
    """*value* as JSON has it: what is written without quotes is what it says."""
    match value:
        case Plain("true"):
            return True
        case Plain("null"):
            return None
        case Plain("false"):
            return False
        case Plain() if re.fullmatch(r"-?[0-9]+", value):
            return int(value)
        case str():
            return str(value)
        case dict():
            return {key: typed(one) for key, one in value.items()}
        case list():
            return [typed(one) for one in value]
    return value


def configured(written: dict[str, Any]) -> Driver:
    """The driver that the settings *written* make of `http`."""
    return HTTP.of(settings(HTTP, written))


def example(name: str) -> Example:
    """The account *name* of the page, for the conformance suite."""
    one = accounts()[name]
    twin = TWINS.get(name)
    items = twin.items if twin else tuple(driver_examples.item("crm", str(n)) for n in (1, 2, 3))
    if name == "dialer":  # one number of one campaign: its twin takes a hundred
        items = items[:3]
    success = (
        driver_examples.answer(204),
        driver_examples.answer(200, {"status": "success", "data": {"id": 1}}),
    )
    successes = CHANGED.get(name, twin.successes if twin else success)
    return Example(
        driver=configured(one["settings"]),
        settings=one["settings"],
        items=items,
        successes=successes,
        documented=lambda answer: (
            any(_same(answer, like) for like in successes)
            or (twin is not None and name not in CHANGED and twin.documented(answer))
        ),
        absences=(400,) if name == "lists" else (404, 410),
        base=one["baseUrl"],
    )


def _same(answer: Any, like: Any) -> bool:
    from tests.support.strict_json import said

    if answer.status != like.status:
        return False
    wanted = said(like.body)
    found = said(answer.body)
    if not isinstance(wanted, dict):
        return not answer.body.strip()
    return isinstance(found, dict) and wanted.items() <= found.items()


EXAMPLES = {name: example(name) for name in accounts()}
