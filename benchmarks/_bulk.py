"""A project whose every campaign goes, a hundred a request, and a vendor on loopback that says yes.

python benchmarks/_bulk.py vendor      # prints its port, and serves until it is stopped
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from _side import PYTHON

CAPTURED = "2026-11-20T08:00:00Z"
ACCOUNTS = ("crm-eu", "crm-us", "crm-in", "crm-au")
A_REQUEST = 100

_ACCOUNT = """\
    {name}:
      driver: http
      baseUrl: http://127.0.0.1:{port}/{name}
      scope: {name}
      inventory: complete
      limits: {{requests: 100000, per: 1s, concurrency: 4}}
      settings:
        secrets: {{key: {{env: BENCHMARK_KEY}}}}
        headers: {{Authorization: "Bearer ${{secret.key}}"}}
        delete: {{method: POST, path: /delete, json: {{ids: ["${{id}}"]}}, many: {{max: {most}}}}}
        answers: [{{status: 204, body: empty, means: deleted}}]
"""
_MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {{name: retire-{name}, owner: bench, reason: Bench, ticket: CHG-1}}
spec: {{account: {name}, absent: [{{match: {{createdBefore: 2026-01-01}}}}]}}
"""


def made(
    folder: Path,
    count: int,
    port: int,
    *,
    state: str = "sqlite:///.reconciler/state.db",
    names: Sequence[str] = ACCOUNTS,
) -> Path:
    """A project of *count* campaigns that should all not exist, at a vendor on *port*.

    They are spread over the accounts *names*, each a lane of its own.
    """
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    head = (
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: bulk}\nspec:\n"
        f"  state: {state}\n"
        "  guards: {maxDeletions: {count: 1000000}, inventoryMaxAge: 36500d}\n  accounts:\n"
    )
    accounts = (_ACCOUNT.format(name=one, port=port, most=A_REQUEST) for one in names)
    (folder / "reconciler.yaml").write_text(head + "".join(accounts), "utf-8")
    for one in names:
        (folder / "manifests" / f"{one}.yaml").write_text(_MANIFEST.format(name=one), "utf-8")
    if not (folder / "inventory.ndjson").exists():
        with (folder / "inventory.ndjson").open("w", encoding="utf-8") as file:
            file.writelines(_lines(count, names))
    return folder


def _lines(count: int, names: Sequence[str]) -> Iterator[str]:
    share = {one: len(range(i, count, len(names))) for i, one in enumerate(names)}
    claims = ",".join(
        f'"{one}":{{"complete":true,"campaigns":{number},"capturedAt":"{CAPTURED}"}}'
        for one, number in share.items()
    )
    yield (
        '{"apiVersion":"reconciler/v1","kind":"Inventory",'
        f'"capturedAt":"{CAPTURED}","accounts":{{{claims}}}}}\n'
    )
    for number in range(count):
        yield (
            f'{{"account":"{names[number % len(names)]}","id":"cmp-{number * 7919:024x}",'
            f'"name":"Winter reminder 2024 growth {number}","status":"completed",'
            '"channel":"sms","createdAt":"2024-10-01T09:00:00Z",'
            '"updatedAt":"2024-11-05T10:00:00Z","labels":{"team":"growth"}}\n'
        )


@contextmanager
def vendor() -> Iterator[int]:
    """The vendor in a process of its own, meanwhile; its port."""
    child = subprocess.Popen([PYTHON, __file__, "vendor"], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait()


class _Vendor(asyncio.Protocol):
    """Answers every whole request with what is documented for success, and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._seen = b""

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, found, body = self._seen.partition(b"\r\n\r\n")
        if not found:
            return
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        if len(body) >= int(fields.get(b"content-length", b"0")):
            self._transport.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            self._transport.close()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Vendor, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__" and sys.argv[1:] == ["vendor"]:
    asyncio.run(_serve())
