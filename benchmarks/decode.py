"""The baseline: a bare typed msgspec decode of an NDJSON inventory, and nothing else.

    python benchmarks/decode.py FILE [--how lines|blocks]

`lines` decodes one line at a time, `blocks` a block of whole lines at a time. Prints seconds and
the peak of memory as JSON.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec


class Record(msgspec.Struct, rename="camel"):
    """An inventory record with its types, as anybody would write it down."""

    account: str
    id: str
    name: str
    status: (
        Literal[
            "draft",
            "scheduled",
            "ready",
            "running",
            "paused",
            "stopped",
            "completed",
            "sent",
            "unknown",
        ]
        | None
    ) = None
    channel: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    labels: dict[str, str] | None = None
    phone_numbers: list[str] | None = None
    message_ids: list[str] | None = None
    attributes: dict[str, Any] | None = None


def lines(path: str) -> int:
    """Decode line by line; returns how many records there were."""
    decode = msgspec.json.Decoder(Record).decode
    number = 0
    with open(path, "rb") as file:
        if b'"kind"' not in file.readline():
            file.seek(0)
        for line in file:
            decode(line)
            number += 1
    return number


def blocks(path: str, size: int = 1 << 18) -> int:
    """Decode block by block; returns how many records there were."""
    decode = msgspec.json.Decoder(Record).decode_lines
    number = 0
    with open(path, "rb") as file:
        if b'"kind"' not in file.readline():
            file.seek(0)
        rest = b""
        while block := file.read(size):
            end = block.rfind(b"\n") + 1
            number += len(decode(rest + block[:end]))
            rest = block[end:]
        number += len(decode(rest))
    return number


WAYS: Mapping[str, Callable[[str], int]] = {"lines": lines, "blocks": blocks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--how", choices=list(WAYS), default="lines")
    arguments = parser.parse_args()
    start = time.perf_counter()
    number = WAYS[arguments.how](arguments.file)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"records": number, "seconds": round(seconds, 3), "peakMiB": round(peak, 1)}))


if __name__ == "__main__":
    main()
