"""Ask a mock made from a vendor's own OpenAPI document whether it accepts what our driver asks.

    .venv/bin/python scripts/prism.py FOLDER

FOLDER holds the documents, which are the vendors' and not part of this repository, each called
after the example that it is for: sendgrid.json, hubspot-emails.json, mailchimp.yaml … The mock is
Prism (`prism` in the PATH, or PRISM=command), which with `--errors` answers a request that its
document does not allow with what is wrong. What the driver makes of the answers is not judged:
they are made up. Exit code 1 if a request was not accepted.
"""

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402
import yaml  # noqa: E402

from reconciler.driver import Answer, Flow, Request, Secret, revealed  # noqa: E402
from reconciler.testing import Example  # noqa: E402
from tests.support import second_ring  # noqa: E402

# What a document does not say, or says otherwise than the vendor does; each with the reason.
PREFIX = {"mailchimp": "/3.0"}  # cut out of a whole whose servers had it
SETTINGS = {"hubspot-campaigns": {"version": "2026-03"}}  # the version that has a document
SCHEME = {"onesignal": "Bearer"}  # its pages, younger than its document, say Key
BESIDE = {("listmonk", "query.order")}  # its source takes asc and desc, its document ASC and DESC
PAGES = 3  # of a listing that a mock makes up: it may never end
PATIENCE = 300.0  # seconds until a mock of a large document listens


def examples() -> dict[str, tuple[Example, ...]]:
    """The examples that a document of each name is for."""
    found: dict[str, tuple[Example, ...]] = {}
    for one in second_ring.EXAMPLES:
        kind = one.settings.get("kind")
        for name in {one.driver.name, f"{one.driver.name}-{kind or 'emails'}"}:
            found[name] = (*found.get(name, ()), one)
    return found


def requests(example: Example) -> Iterator[tuple[str, Request | Flow]]:
    """Everything that the driver asks for: a deletion of each batch, a listing, a look."""
    driver, here = example.driver, example.session
    for batch in driver.batches(example.checked, example.items, None)[:1]:
        yield "delete", driver.delete(here, batch)
    if driver.list is not None:
        yield "list", driver.list(here)
    if driver.look is not None:
        yield "look", driver.look(here, example.items[0])


class Mock:
    """Prism on a port of its own, for as long as the block lasts."""

    def __init__(self, document: Path) -> None:
        text = yaml.safe_load(document.read_text("utf-8"))
        servers = text.get("servers") or [{"url": "/"}]
        own = urlsplit(str(servers[0]["url"])).path.rstrip("/")
        self._prefix = PREFIX.get(document.stem, own)
        self._document = document

    def __enter__(self) -> "Mock":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        command = shlex.split(os.environ.get("PRISM", "prism"))
        self._mock = subprocess.Popen(
            [*command, "mock", "--errors", "-p", str(self._port), str(self._document)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._mock.poll() is None:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self._port)) == 0:
                    return self
            time.sleep(0.2)
        self.__exit__()
        raise SystemExit(f"no mock of {self._document.name}: no Prism, or no sound document")

    def __exit__(self, *_: object) -> None:
        self._mock.terminate()
        self._mock.wait()

    def ask(self, request: Request) -> httpx.Response:
        """The mock's answer to *request*, whose address begins where the document's does."""
        path = "/" + "/".join(_text(one) for one in request.path)
        return httpx.request(
            request.method,
            f"http://127.0.0.1:{self._port}{path.removeprefix(self._prefix)}",
            params=[(key, revealed(value)) for key, value in request.query],
            headers={key: self._header(revealed(value)) for key, value in request.headers},
            json=request.body,
            data=None if request.form is None else {k: revealed(v) for k, v in request.form},
            timeout=30.0,
        )

    def _header(self, value: str) -> str:
        scheme = SCHEME.get(self._document.stem)
        first, blank, rest = value.partition(" ")
        return value if scheme is None or not blank else f"{scheme} {rest}"


def _text(segment: str | Secret) -> str:
    return segment.reveal() if isinstance(segment, Secret) else segment


def refused(name: str, found: httpx.Response) -> str | None:
    """Why the mock of *name* did not accept a request, or None.

    An answer that the mock made up and then finds wrong is no fault of the request's.
    """
    try:
        said = found.json()
    except ValueError:
        return None
    kind = said.get("type") if isinstance(said, dict) else None
    if not (isinstance(kind, str) and "prism" in kind):
        return None
    wrong = [
        (".".join(map(str, one.get("location", ()))), one["message"])
        for one in said.get("validation") or [{"message": said.get("detail") or said["title"]}]
    ]
    ours = [(place, why) for place, why in wrong if not place.startswith("response")]
    known = [place for place, _ in ours if (name, place) in BESIDE]
    left = "; ".join(f"{place} {why}".strip() for place, why in ours if place not in known)
    if known and not left:
        print(f"{name}: not as its document has it, on purpose: {', '.join(known)}")
    return left or None


def walked(mock: Mock, asked: Request | Flow) -> Iterator[tuple[Request, httpx.Response]]:
    """What is asked, and answered; a flow goes on with the answers that the mock makes up."""
    if isinstance(asked, Request):
        yield asked, mock.ask(asked)
        return
    request = next(asked)
    for _ in range(PAGES):
        found = mock.ask(request)
        yield request, found
        try:
            request = asked.send(Answer(found.status_code, dict(found.headers), found.content))
        except StopIteration:
            return
    asked.close()


def main(folder: Path) -> int:
    bad = asked = 0
    for document in sorted(folder.iterdir()):
        name = document.stem
        for one in examples().get(name, ()):
            example = replace(one, settings={**one.settings, **SETTINGS.get(name, {})})
            with Mock(document) as mock:
                for kind, wanted in requests(example):
                    for request, found in walked(mock, wanted):
                        asked += 1
                        why = refused(name, found)
                        bad += why is not None
                        said = "accepted" if why is None else f"REFUSED: {why}"
                        url = urlsplit(request.shown_url)
                        print(f"{name}: {kind}: {request.method} {url.path}: {said}")
    print(f"{asked} requests, {bad} not accepted")
    return 1 if bad or not asked else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
