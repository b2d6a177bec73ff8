"""The requests that an apply would send now. No credential is read, and nothing here can send."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from reconciler.apply.judging import judge, plan_anew
from reconciler.apply.limits import refusal
from reconciler.apply.merge import PlanTarget
from reconciler.apply.task import Task
from reconciler.declare.project import Account
from reconciler.driver import Driver, Item, Request, growth, shown
from reconciler.lanes.session import session_of
from reconciler.lanes.work import Fate
from reconciler.model import API_VERSION, Target


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an apply would do. *requests* are as in the document, with secrets as `***`.

    *left*: the targets for which nothing would be sent, each with what becomes of it and why.
    """

    requests: tuple[Mapping[str, Any], ...]
    left: Mapping[Target, Fate]

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
    agenda = judge(task, fresh, None)  # a dry run opens no journal
    requests: list[Mapping[str, Any]] = []
    for name in sorted({one.target.account for one in agenda.left}):
        account = task.project.accounts[name]
        mine = [one for one in agenda.left if one.target.account == name]
        requests += _requests(account, fresh.drivers[account.name], mine)
    return DryRun(tuple(requests), agenda.fates)


def _requests(
    account: Account, driver: Driver, going: Sequence[PlanTarget]
) -> Iterator[dict[str, Any]]:
    session = session_of(account, driver, account.settings, lambda: "***")
    if driver.authenticate is not None:
        flow = driver.authenticate(session)
        with suppress(StopIteration):  # these settings may need no token
            yield {**_shown(account.name, next(flow), ()), "ifNeeded": True}
        flow.close()
    items = [_item(one) for one in going]
    for batch in growth.requests(driver, account.settings, items, account.max_batch):
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
