"""Whatever a vendor says, and wherever it says it: no exception leaves its account's lane.

20,000 of each with `make crash`; a sample here.
"""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from msgspec.structs import replace

from reconciler import drivers
from reconciler.driver import Answer, Driver, Request, Secret
from reconciler.lanes.run import execute, gates_of, take
from reconciler.lanes.send import Sender
from reconciler.lanes.wire import NoAnswer, NotSent
from reconciler.lanes.work import Fate
from reconciler.model import Outcome, Target
from reconciler.pull.listing import ListWork, list_all
from tests.lanes.test_twisted import NUMBERS, SETTINGS, SUCCESS
from tests.lanes.test_twisted import Vendor as Imitation
from tests.support.apply_world import (
    MemorySender,
    Vendor,
    campaigns,
    opened_as,
    run_on,
)
from tests.support.fuzz import Fuzz
from tests.support.fuzz_place import GOOD, Place, job_of
from tests.support.wire_server import Got, Wire, plain, raw, serving

BAD = ("t1", "t2", "t3")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How many answers in all are tried of a kind."""
    found: int = request.config.getoption("--fuzz")
    return found


def built_in(name: str) -> Driver:
    found = drivers.find(name)
    assert found is not None
    return found


def of_kind(kind: str) -> list[str]:
    """The drivers that make requests of *kind*."""
    has: dict[str, Callable[[Driver], Any]] = {
        "delete": lambda _: True,
        "look": lambda one: one.look,
        "list": lambda one: one.list,
        "token": lambda one: one.authenticate,
    }
    return [name for name in SETTINGS if has[kind](built_in(name))]


class FuzzSender:
    """In the place of the sender: a vendor that says anything, but for a token when that is well.

    What it would really say is what the answers are made from.
    """

    def __init__(self, name: str, kind: str, fuzz: Fuzz) -> None:
        self._vendor = Imitation(name, left={one: one for one in (*BAD, "witness")})
        self._kind = kind
        self._fuzz = fuzz
        self.asked = 0

    async def send(
        self,
        request: Request,
        leaves: Callable[[], None] = lambda: None,
        answered: Callable[[], None] = lambda: None,
        wire: object = None,
    ) -> Answer:
        leaves()
        token = request.path[-1] == "generateToken"
        model = self._model(request)
        answered()
        if token != (self._kind == "token"):
            return Answer(200, {}, json.dumps(model).encode())
        self.asked += 1
        failure: Any = {"status": "Error", "message": "No Record Found", "error_code": 20}
        return self._fuzz.answer(model, failure)

    def _model(self, request: Request) -> Any:
        path = [one.reveal() if isinstance(one, Secret) else one for one in request.path]
        body = json.dumps(request.body).encode()
        bulk = path[-1] == "DeleteBulkData"  # several names
        if bulk or self._vendor.wanted(request.method, path, body) is not None:
            return SUCCESS[self._vendor.name][1]
        query = {key: [str(value)] for key, value in request.query}
        said = self._vendor.read(path, parse_qs("") | query, body)
        return json.loads(said.partition(b"\r\n\r\n")[2])


class OddPlace(Place):
    """A place whose bad account is a built-in driver's; its vendor is no network away."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder, built_in(name), apply_settings(name))

    def apply(self, kind: str, fuzz: Fuzz) -> tuple[dict[str, Fate], int]:
        """One run of both accounts: fates by id, and how many odd answers there were."""
        driver = self.driver
        if kind == "look":
            driver = replace(driver, list=None)
        if kind == "list":
            driver = replace(driver, look=None)
        odd = FuzzSender(driver.name, kind, fuzz)
        well = MemorySender(Vendor(campaigns(*GOOD)))
        run, (bad, good), ledgers = self.begin(driver)
        look = "before: look" if kind in ("look", "list") else None
        part = NUMBERS["t"] if driver.name == "ozonetel" else None
        works = [
            self.work(bad, [job_of(bad, one, part, look) for one in BAD]),
            self.good_work(good),
        ]

        async def main() -> dict[Target, Fate]:
            return await execute(
                works,
                self.context(run),
                ledgers,
                send=True,
                sender=lambda work: odd if work.open is bad else well,  # type: ignore[arg-type,return-value]
            )

        fates = run_on(self.loop, main())
        self.end(run)
        return {target.id: fate for target, fate in fates.items()}, odd.asked

    def listing(self, fuzz: Fuzz) -> tuple[Any, int]:
        """One pull of the bad account."""
        odd = FuzzSender(self.driver.name, "list", fuzz)
        run = self.journal.begin(None, "pull", "{}", [], {})
        opened = opened_as(self.bad, self.driver, "bad")
        ledgers = take([opened], self.journal, run)
        work = ListWork(opened, self.session(self.bad), ["k3y"])

        async def main() -> Any:
            context = self.context(run)
            gates = gates_of([work.open], context, ledgers)
            return await list_all(
                [work], context, lambda: gates, free=lambda _: None, sender=lambda _: odd
            )

        return run_on(self.loop, main()), odd.asked


def apply_settings(name: str) -> Any:
    from reconciler.testing import settings

    plain_ = settings(built_in(name), SETTINGS[name])
    return plain_.resolved(dict.fromkeys(plain_.credentials(), "k3y"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[[str], OddPlace]]:
    made: list[OddPlace] = []

    def make(name: str) -> OddPlace:
        made.append(OddPlace(tmp_path, name))
        return made[-1]

    yield make
    for one in made:
        one.close()


CASES = [(kind, name) for kind in ("delete", "look", "list", "token") for name in of_kind(kind)]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_whatever_a_vendor_says_every_account_is_told_and_the_others_finish(
    kind: str, name: str, place: Callable[[str], OddPlace], rounds: int
) -> None:
    here, asked, seed = place(name), 0, 0
    while asked < rounds // len(of_kind(kind)):
        seed += 1
        fates, odd = here.apply(kind, Fuzz((kind, name, seed)))
        assert odd, "nothing was asked"
        asked += odd
        assert {one: fates[one].outcome for one in GOOD} == dict.fromkeys(GOOD, Outcome.DELETED)
        assert set(fates) == {*GOOD, *BAD}, f"seed {seed}"
        for one in BAD:
            detail = fates[one].detail or ""
            assert "which nobody expected" not in detail, f"seed {seed}: {detail}"


@pytest.mark.parametrize("name", of_kind("list"))
def test_whatever_a_vendor_lists_the_pull_ends(
    name: str, place: Callable[[str], OddPlace], rounds: int
) -> None:
    here, asked, seed = place(name), 0, 0
    while asked < rounds // len(of_kind("list")):
        seed += 1
        heard, odd = here.listing(Fuzz(("pull", name, seed)))
        asked += max(1, odd)
        listing = heard["bad"].listing
        assert listing.complete or listing.why, f"seed {seed}"
        assert "which nobody expected" not in (listing.why or ""), f"seed {seed}: {listing.why}"


ANSWERS = (
    plain("200 OK", b'{"status":true}', "Retry-After: 5"),
    plain("200 OK", gzip.compress(b'{"status":true}', mtime=0), "Content-Encoding: gzip"),
    raw("204 No Content", b"", "X-Request-Id: 7"),
    raw("200 OK", b"2\r\n{}\r\n0\r\nA: b\r\n\r\n", "Transfer-Encoding: chunked"),
    raw("100 Continue") + plain("404 Not Found", b"{}"),
    raw("200 OK", b"{}", version="1.0"),
)  # fmt: skip


def test_whatever_comes_on_a_connection_is_an_answer_or_none(rounds: int) -> None:
    now = [0]

    async def serve(wire: Wire, got: Got) -> None:
        wire.write(Fuzz(("wire", now[0])).wire(*ANSWERS))

    async def main() -> dict[str, int]:
        counts = {"Answer": 0, "NoAnswer": 0}
        async with serving(serve) as server:
            sender = Sender(deadline=5)
            for seed in range(rounds):
                now[0] = seed
                try:
                    found: Any = await sender.send(Request("GET", server.url, ("x",)))
                except (NoAnswer, NotSent) as error:
                    found = error
                counts[type(found).__name__] += 1
                assert "nobody expected" not in str(found), f"seed {seed}: {found}"
        return counts

    counts = asyncio.run(main())
    assert min(counts.values()) > 0
