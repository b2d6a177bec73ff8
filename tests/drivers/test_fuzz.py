"""Answers by chance: nothing raises, and nothing is deleted that nobody documents.

`make crash` asks 20,000 of each driver; in `make test` it is a sample.
"""

import json
import random

import pytest

from reconciler.driver import Answer, Deleted, Listing, Unproven
from tests.support import cookbook, driver_examples, second_ring

EXAMPLES = {
    **{f"{one.driver.name} {n}": one for n, one in enumerate(driver_examples.EXAMPLES)},
    **{f"{one.driver.name} {n}": one for n, one in enumerate(second_ring.EXAMPLES)},
    **{f"http as {name}": one for name, one in cookbook.EXAMPLES.items()},
}
STATUSES = (
    200,
    200,
    200,
    201,
    202,
    204,
    204,
    207,
    301,
    400,
    401,
    403,
    404,
    409,
    410,
    422,
    429,
    500,
    503,
)
KEYS = (
    *("status", "success", "data", "_id", "id", "message", "error", "errors", "error_code", "code"),
    *("result", "_metadata", "next", "links", "paging", "after", "campaigns", "count", "total"),
    *("results", "hasMore", "totalResults", "items", "orchestrations", "has_more", "next_from"),
    *("messages", "next_page_uri", "notifications", "total_count", "campaign_token", "sid", "name"),
    *("attributes", "properties", "canceled", "completed_at", "send_after", "state", "token"),
)
WORDS = (
    *("success", "Success", "SUCCESS", "failure", "error", "true", "false", "canceled", "deleted"),
    *("Token Expired", "Max limit exceeded", "No Record Found", "message not found", "draft"),
    *("sent", "https://evil.example/x?page_token=1&page%5Bcursor%5D=2", "", " ", "2026-01-01", "é"),
)


class Chance:
    """Answers made of what vendors say, of what nobody says, and of noise."""

    def __init__(self, example, seed):
        self.dice = random.Random(f"{example.driver.name} {seed}")
        item = example.batch[0]
        self.words = (*WORDS, item.target.id, item.target.part or "x", item.name)
        self.bodies = [one.body for one in example.successes]

    def value(self, depth=0):
        kinds = ["word", "word", "number", "flag", "nothing", "object", "object", "list"]
        match self.dice.choice(kinds if depth < 4 else kinds[:5]):
            case "word":
                return self.dice.choice(self.words)
            case "number":
                return self.dice.choice((0, 1, -1, 10, 20, 31, 60, 200, 404, 1.5, 10**30, 30409))
            case "flag":
                return self.dice.random() < 0.5
            case "object":
                keys = self.dice.sample(KEYS, self.dice.randint(0, 4))
                return {key: self.value(depth + 1) for key in keys}
            case "list":
                return [self.value(depth + 1) for _ in range(self.dice.randint(0, 3))]
        return None

    def body(self):
        kind = self.dice.random()
        if kind < 0.1:
            return b""
        if kind < 0.3:
            body = bytearray(self.dice.choice(self.bodies) or b"{}")
            for _ in range(self.dice.randint(0, 3)):
                body[self.dice.randrange(len(body))] = self.dice.randrange(256)
            return bytes(body)
        if kind < 0.4:
            return self.dice.randbytes(self.dice.randint(1, 60))
        if kind < 0.5:
            return b"<html>" + json.dumps(self.value()).encode() + b"</html>"
        return json.dumps(self.value()).encode()

    def answer(self):
        headers = {"date": self.dice.choice(("Fri, 15 Jan 2027 08:00:00 GMT", "", "soon", "\x00"))}
        for name in ("x-ratelimit-reset", "x-sib-ratelimit-reset", "retry-after"):
            headers[name] = self.dice.choice(("1", "1800000003", "-5", "x" * 50, "9" * 40, ""))
        return Answer(
            self.dice.choice(STATUSES), headers, self.body(), announced=self.dice.random() < 0.9
        )


def run(flow, chance):
    """What a flow comes to; it must end soon, whatever is answered."""
    try:
        next(flow)
        for _ in range(200):
            flow.send(chance.answer())
    except StopIteration as end:
        return end.value
    flow.close()
    return None


@pytest.mark.parametrize("name", EXAMPLES)
def test_chance_answers_raise_nothing_and_delete_nothing_undocumented(name, request):
    example = EXAMPLES[name]
    driver, here, batch = example.driver, example.session, example.batch
    for seed in range(request.config.getoption("--fuzz")):
        chance = Chance(example, seed)
        answer = chance.answer()
        driver.gate(answer)
        verdict = driver.judge(here, batch, answer)
        if isinstance(verdict, Deleted | Unproven):
            assert example.documented(answer), (answer, verdict)
        if seed % 4 == 0 and driver.look is not None:
            run(driver.look(here, batch[0]), chance)
        if seed % 8 == 0 and driver.list is not None:
            found = run(driver.list(here), chance)
            assert found is None or isinstance(found, Listing)
        if seed % 8 == 4 and driver.authenticate is not None:
            run(driver.authenticate(here), chance)
