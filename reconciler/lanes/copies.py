"""Copies: what the vendor itself says of a campaign, kept before it is deleted (spec §5.2)."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from reconciler.driver import Answer
from reconciler.lanes.lane import Lane
from reconciler.lanes.line import Line
from reconciler.lanes.work import Job
from reconciler.model import API_VERSION, Campaign


def keep(lane: Lane, job: Job, seen: Campaign, tape: Sequence[Answer], *, listed: bool) -> None:
    """Store what *tape* says of the job's campaign, durably; the journal names it before an intent.

    *listed*: the answers are pages of a listing, of which only this campaign's record is kept.
    """
    line = lane.line
    store = line.context.keep
    if store is None:
        return
    document = {
        "apiVersion": API_VERSION,
        "kind": "Copy",
        "account": job.target.account,
        "scope": line.scope,
        "id": job.target.id,
        "part": job.target.part,
        "at": line.context.wall().isoformat(),
        "driver": line.driver.name,
        "campaign": msgspec.to_builtins(seen),
        "answers": [
            {"status": one.status, "body": body}
            for one in tape
            for body in (_records(line, one, seen.id) if listed else [line.cleaned(one.body)])
        ],
    }
    data = json.dumps(document, ensure_ascii=True, sort_keys=True, indent=1) + "\n"
    lane.note(job, copy=store(data.encode()))


def _records(line: Line, answer: Answer, id_: str) -> Iterator[str]:
    """The JSON objects of a page that hold *id_* as the value of a key."""
    try:
        page = json.loads(line.cleaned(answer.body))
    except (ValueError, RecursionError):
        return
    todo: list[Any] = [page]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if any(str(one) == id_ for one in value.values() if isinstance(one, str | int)):
                yield json.dumps(value, ensure_ascii=True)
                continue
            todo += value.values()
        elif isinstance(value, list):
            todo += value
