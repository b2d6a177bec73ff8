"""The requests that an apply would send now. No credential is read, and nothing here can send."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from textwrap import indent
from typing import Any

from reconciler.apply.judging import judged, plan_anew, witnesses_of
from reconciler.apply.limits import refusal
from reconciler.apply.merge import PlanTarget
from reconciler.apply.task import Task
from reconciler.declare.project import Account
from reconciler.driver import Driver, Item, Request, growth, shown
from reconciler.lanes.session import session_of
from reconciler.lanes.work import Fate
from reconciler.model import API_VERSION, Target
from reconciler.plan.spool import LineSink
from reconciler.plan.today import FreshPlan


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an apply would do. *requests* are as in the document, with secrets as `***`.

    They can be gone through again and again, and none is held. *left*: the targets for which
    nothing would be sent, each with what becomes of it and why.
    """

    requests: Sequence[Mapping[str, Any]]
    left: Mapping[Target, Fate]

    def pieces(self) -> Iterator[str]:
        """`document` as JSON in ASCII, piece by piece, a line a value."""
        head = {"apiVersion": API_VERSION, "kind": "DryRun"}
        yield json.dumps(head, indent=1)[:-2] + ',\n "requests": ['
        between = "\n"
        for one in self.requests:
            yield between + indent(json.dumps(one, indent=1), "  ")
            between = ",\n"
        yield "\n ]\n}\n" if self.requests else "]\n}\n"

    @property
    def document(self) -> dict[str, Any]:
        """The JSON of `apply --dry-run`."""
        return {"apiVersion": API_VERSION, "kind": "DryRun", "requests": list(self.requests)}


def dry_run(task: Task) -> DryRun:
    """The requests for what is left of the plan; `NotAllowed` if the plan breaks a limit."""
    plan = task.saved.plan
    fresh = plan_anew(task)
    if not plan.applicable:
        raise refusal(plan.violations)
    left: dict[Target, Fate] = {}
    sink = LineSink[Mapping[str, Any]](_lines, _read)
    for name, mine in groupby(_going(task, fresh, left), lambda one: one.target.account):
        account = task.project.accounts[name]
        for one in _requests(account, fresh.drivers[account.name], mine):
            sink.add(one)
    return DryRun(sink.done(), left)


def _going(task: Task, fresh: FreshPlan, left: dict[Target, Fate]) -> Iterator[PlanTarget]:
    """The targets that may be sent, account by account; the fates of the others go to *left*."""
    for targets in judged(
        task, fresh, None, witnesses_of(task, fresh)
    ):  # a dry run opens no journal
        left.update({one.target: fate for one in targets if (fate := one.fate_now) is not None})
        yield from (one for one in targets if one.fate_now is None)


def _lines(requests: Iterable[Mapping[str, Any]]) -> list[bytes]:
    return [json.dumps(one, separators=(",", ":")).encode() + b",\n" for one in requests]


def _read(lines: bytes) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = json.loads(b"[%b]" % lines.rstrip(b",\n"))
    return found


def _requests(
    account: Account, driver: Driver, going: Iterable[PlanTarget]
) -> Iterator[dict[str, Any]]:
    session = session_of(account, driver, account.settings, lambda: "***")
    if driver.authenticate is not None:
        flow = driver.authenticate(session)
        with suppress(StopIteration):  # these settings may need no token
            yield {**_shown(account.name, next(flow), ()), "ifNeeded": True}
        flow.close()
    for batch in growth.requests(driver, account.settings, map(_item, going), account.max_batch):
        targets = tuple(str(item.target) for item in batch)
        yield _shown(account.name, driver.delete(session, batch), targets)


def _item(one: PlanTarget) -> Item:
    record = one.action.campaign or one.campaign
    name = record.name if record is not None else one.action.name or one.target.id
    return Item(one.target, name, record.channel if record is not None else None)


def _shown(account: str, request: Request, targets: Collection[str]) -> dict[str, Any]:
    return {
        "account": account,
        "method": request.method,
        "url": request.shown_url,
        "headers": {name: shown(value) for name, value in request.headers},
        "body": request.shown_body,
        "targets": list(targets),
    }
