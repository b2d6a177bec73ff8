"""Copies: what the vendor itself says of a campaign, kept before it is deleted (spec §5.2)."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from reconciler.driver import Answer
from reconciler.lanes import rim
from reconciler.lanes.lane import Lane
from reconciler.lanes.line import Line
from reconciler.lanes.work import Job
from reconciler.model import API_VERSION, Campaign

Said = tuple[int, str]  # the status of an answer, and what of its body speaks of the campaign


def keep(lane: Lane, job: Job, seen: Campaign, tape: Sequence[Answer]) -> None:
    """Store what *tape*, the answers to a look at the job's campaign, says of it."""
    _store(lane, job, seen, [(one.status, lane.line.cleaned(one.body)) for one in tape])


def keep_listed(
    lane: Lane,
    jobs: Sequence[Job],
    shown: Mapping[str, Campaign],
    said: Mapping[str, Sequence[Said]],
) -> None:
    """Store of each of *jobs* what the pages of a listing *said* of it (`records`)."""
    for job in jobs:
        if job.copies and job.target.id in shown:
            _store(lane, job, shown[job.target.id], said[job.target.id])


def _store(lane: Lane, job: Job, seen: Campaign, said: Sequence[Said]) -> None:
    """Durably; the journal names it before an intent."""
    line = lane.line
    if line.context.keep is None:
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
        "answers": [{"status": status, "body": body} for status, body in said],
    }
    data = json.dumps(document, ensure_ascii=True, sort_keys=True, indent=1) + "\n"
    lane.note(job, copy=line.context.keep(data.encode()))


def records(line: Line, tape: Sequence[Answer], wanted: Collection[str]) -> dict[str, list[Said]]:
    """The JSON objects of *tape*'s pages that hold an id that is *wanted* as the value of a key."""
    found: dict[str, list[Said]] = {one: [] for one in wanted}
    for answer in tape:
        try:
            page = json.loads(answer.body)
        except (ValueError, RecursionError):
            continue
        todo: list[tuple[Any, frozenset[str]]] = [(page, frozenset())]
        while todo:
            value, outer = todo.pop()  # *outer*: the ids whose object this is a part of
            if isinstance(value, dict):
                held = {str(one) for one in value.values() if isinstance(one, str | int)}
                mine = (held & found.keys()) - outer
                for one in mine:
                    body = json.dumps(rim.inside(value, line.hidden), ensure_ascii=True)
                    found[one].append((answer.status, body))
                todo += [(one, outer | mine) for one in value.values()]
            elif isinstance(value, list):
                todo += [(one, outer) for one in value]
    return found
