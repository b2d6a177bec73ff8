"""One campaign, read: what most vendors' call for it can say."""

from collections.abc import Callable, Container

from reconciler.driver import Answer, Flow, Missing, Present, Request, Sighting, Unclear
from reconciler.drivers.answers import odd
from reconciler.drivers.pages import Record, Shown
from reconciler.drivers.strictjson import mapping
from reconciler.model import Campaign


def _nothing(_campaign: Campaign) -> str | None:
    return None


def look(
    request: Request,
    wanted: str,
    record: Record,
    *,
    missing: Container[int] = (404,),
    settled: Callable[[Campaign], str | None] = _nothing,
) -> Flow:
    """Ask *request* for the campaign *wanted*: the whole flow of a driver's `look`.

    *record* reads the JSON object of a 200; *missing*: the statuses that say there is none, each
    of which may mean a wrong address too; *settled*: why what is shown can no longer be deleted.
    """
    answer = yield request
    return sighted(answer, wanted, record, missing=missing, settled=settled)


def sighted(
    answer: Answer,
    wanted: str,
    record: Record,
    *,
    missing: Container[int] = (404,),
    settled: Callable[[Campaign], str | None] = _nothing,
) -> Sighting:
    """What one *answer* shows of *wanted*."""
    said = mapping(answer.body) if answer.status == 200 else None
    found = record(said, Shown(answer, said)) if said is not None else None
    if found is not None and found.id == wanted:
        return Present(found, settled(found))
    if answer.status in missing:
        return Missing(
            f"HTTP {answer.status}: unknown campaign, or a wrong address, key or version"
        )
    if answer.status == 403:
        return Unclear("HTTP 403: these credentials may not read campaigns", unavailable=True)
    return Unclear(odd(answer) if found is None else "the answer is about another campaign")
