"""How much of a bare HTTP loop's pace a durable apply keeps, on this machine, in this run.

    python benchmarks/durable.py [--quick] [--targets N] [--rounds R]

A vendor in a process of its own answers at once and has no limit. Each round sends the same
deletions twice, 8 in flight and one target a request: by a bare `httpx.AsyncClient` loop that
remembers nothing, and by `reconciler apply`, which has every intent on disk before its request
leaves and every outcome before it counts. The vendor measures both from the first deletion to the
last.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from _side import at_least, finish

IN_FLIGHT = 8
KEY = "benchmark-key"
PROJECT = "project_benchmark"

# ---------------------------------------------------------------- the vendor


class Vendor(asyncio.Protocol):
    """Batch CEP, as far as it is needed: 204 for a deletion, one page for the listing."""

    names: tuple[str, ...] = ()
    count, first, last = 0, 0.0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._bytes = b""

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        head, end, body = self._bytes.partition(b"\r\n\r\n")
        if not end:
            return
        length = 0
        if head.startswith(b"POST"):
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._bytes = body[length:]
        self._transport.write(self._answer(head))
        if b"\r\nconnection: close" in head.lower():
            self._transport.close()

    def _answer(self, head: bytes) -> bytes:
        if head.startswith(b"POST"):
            now = time.perf_counter()
            Vendor.first = Vendor.first if Vendor.count else now
            Vendor.last, Vendor.count = now, Vendor.count + 1
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        said: Any = {"seconds": Vendor.last - Vendor.first, "requests": Vendor.count}
        if head.startswith(b"GET /measured"):
            Vendor.count = 0
        else:
            listed = [{"id": name, "name": name, "status": "stopped"} for name in Vendor.names]
            said = {"orchestrations": listed, "has_more": False}
        body = json.dumps(said).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return head % len(body) + body


async def serve(targets: int) -> None:
    """Answer until killed; the port is told on stdout."""
    Vendor.names = ids(targets)
    server = await asyncio.get_running_loop().create_server(Vendor, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def ids(targets: int) -> tuple[str, ...]:
    """The campaigns to delete, and one that stays: it is the witness."""
    return (*(f"old{n}" for n in range(targets)), "kept")


def measured(url: str, targets: int) -> float:
    """Requests per second since the last call."""
    with urllib.request.urlopen(f"{url}/measured") as answer:
        found = json.load(answer)
    if found["requests"] != targets:
        sys.exit(f"{found['requests']} deletions arrived instead of {targets}")
    return float((targets - 1) / found["seconds"])


# ---------------------------------------------------------------- the two contestants


async def bare(url: str, targets: int) -> None:
    """The loop anybody would write."""
    import httpx

    waiting = iter(ids(targets)[:-1])
    headers = {"Authorization": f"Bearer {KEY}", "X-Batch-Project": PROJECT}
    async with httpx.AsyncClient(
        headers=headers, limits=httpx.Limits(max_connections=IN_FLIGHT), trust_env=False
    ) as client:

        async def work() -> None:
            for name in waiting:
                answer = await client.post(f"{url}/2.8/campaigns/delete", json={"id": name})
                answer.raise_for_status()

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def prepare(folder: Path, url: str, targets: int) -> None:
    """A project whose plan deletes everything but one campaign."""
    (folder / "manifests").mkdir()
    (folder / "reconciler.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: benchmark}\nspec:\n"
        f"  accounts:\n    push:\n      driver: batch-cep\n      baseUrl: {url}\n"
        f"      settings: {{project: {PROJECT}, restApiKey: {{env: BENCHMARK_KEY}}}}\n"
        f"      limits: {{requests: 1000000, per: 1s, concurrency: {IN_FLIGHT}}}\n"
        "  guards: {maxDeletions: {count: 1000000}}\n"
    )
    (folder / "manifests" / "all.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: CampaignAbsence\n"
        "metadata: {name: all, owner: qa, reason: benchmark, ticket: CHG-1}\n"
        'spec: {account: push, absent: [{match: {name: "old*"}}]}\n'
    )
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    facts = {"push": {"complete": True, "campaigns": targets + 1, "capturedAt": now}}
    lines: list[dict[str, Any]] = [{"kind": "Inventory", "capturedAt": now, "accounts": facts}]
    lines[0]["apiVersion"] = "reconciler/v1"
    for name in ids(targets):
        lines.append({"account": "push", "id": name, "name": name, "status": "stopped"})
    (folder / "inventory.ndjson").write_text("".join(json.dumps(one) + "\n" for one in lines))
    reconciler(folder, "plan", "--out", "plan.json")


def reconciler(folder: Path, *arguments: str) -> None:
    """Run the real command line; what it says is shown only if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "--no-color", *arguments],
        cwd=folder,
        env={**os.environ, "BENCHMARK_KEY": KEY, "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"reconciler {arguments[0]}: {done.returncode}\n{done.stderr.decode()}")


# ---------------------------------------------------------------- the race


def race(url: str, targets: int, rounds: int) -> list[tuple[float, float]]:
    """(bare, durable) in requests per second, round by round, who goes first alternating."""
    found = []
    for number in range(rounds):
        pace = {}
        for one in ("bare", "durable") if number % 2 else ("durable", "bare"):
            if one == "bare":
                arguments = [sys.executable, __file__, "--bare", url, "--targets", str(targets)]
                subprocess.run(arguments, check=True)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    prepare(Path(folder), url, targets)
                    reconciler(Path(folder), "apply", "plan.json")
            pace[one] = measured(url, targets)
        found.append((pace["bare"], pace["durable"]))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Race, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="smaller, and no result is kept")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--bare", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        asyncio.run(serve(given.targets))
    if given.bare:
        asyncio.run(bare(given.bare, given.targets))
        return 0
    targets, rounds = (200, 1) if given.quick else (given.targets, given.rounds)
    command = [sys.executable, __file__, "--serve", "--targets", str(targets)]
    vendor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert vendor.stdout is not None
    try:
        url = f"http://127.0.0.1:{int(vendor.stdout.readline())}"
        found = race(url, targets, rounds)
    finally:
        vendor.kill()
        vendor.wait()
    bare_, durable_ = (statistics.median(paces) for paces in zip(*found, strict=True))
    figure = at_least(
        0.5,
        "durable apply, 8 in flight, a connection a request / a bare keep-alive httpx loop",
        statistics.median(durable / bare for bare, durable in found),
        note=f"{durable_:.0f} to {bare_:.0f} requests a second; aim 0.65",
    )
    runs = f"{rounds} rounds of {targets:,} targets"
    return finish("durable", "What durability costs", [figure], runs=runs, quick=given.quick)


if __name__ == "__main__":
    sys.exit(main())
