"""`drivers try`: what a file of answers would mean to an account's driver; nothing is sent."""

from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from reconciler import disk
from reconciler.declare.project import Account
from reconciler.driver import (
    Answer,
    Driver,
    Flow,
    Item,
    Listing,
    Missing,
    Present,
    Secret,
    Session,
    Token,
    Unclear,
)
from reconciler.errors import Diagnostic, InputError, Usage
from reconciler.model import Target
from reconciler.site import Site

To = Literal["delete", "list", "look", "token"]
_MOST: Final = 1024 * 1024
_KEYS: Final = ("status", "body", "headers", "to", "id", "name", "channel", "part")


class _Given(msgspec.Struct, forbid_unknown_fields=True):
    """One answer of the file, and what it is an answer to."""

    status: int
    body: Any = ""
    headers: dict[str, str] = {}
    to: To = "delete"
    id: str = "1"
    name: str = "Campaign"
    channel: str | None = None
    part: str | None = None


def answers_tried(
    site: Site, account: str, path: str, data: bytes | None = None
) -> list[dict[str, Any]]:
    """What each answer of *path* (one JSON object a line) means to the driver of *account*.

    *data* is what the file holds, where that has been read already.

    Each as the JSON view shows it: its line in the file, what was asked, what it says and means.
    """
    project = site.load_project()
    if account not in project.accounts:
        raise Usage(f"there is no account {account!r}; there are {', '.join(project.accounts)}")
    found, driver = project.accounts[account], site.drivers_of(project)[account]
    if data is None:
        data = disk.read_file(Path(path), what="the answers")
    return [_tried(found, driver, line, given) for line, given in _given(data, path)]


def _given(data: bytes, path: str) -> list[tuple[int, _Given]]:
    if len(data) > _MOST:
        said = "the file of answers is over 1 MiB"
        raise InputError([Diagnostic("error", "answers", said, path, 1, 1, "try fewer at once")])
    read: list[tuple[int, _Given]] = []
    wrong: list[Diagnostic] = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            read.append((number, msgspec.json.decode(line, type=_Given)))
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = "not an answer: a JSON object with a `status`"
            fix = 'write {"status": 200, "body": {...}}; keys: ' + ", ".join(_KEYS)
            wrong.append(Diagnostic("error", "answers", said, path, number, 1, fix))
    if wrong or not read:
        nothing = Diagnostic(
            "error", "answers", "no answer in it", path, 1, 1, 'write {"status": 204} on a line'
        )
        raise InputError(wrong or [nothing])
    return read


def _tried(account: Account, driver: Driver, line: int, given: _Given) -> dict[str, Any]:
    body = given.body if isinstance(given.body, str) else msgspec.json.encode(given.body).decode()
    headers = {name.lower(): value for name, value in given.headers.items()}
    answer = Answer(given.status, headers, body.encode("utf-8", "replace"))
    session = Session(
        account=account.name,
        settings=account.settings,
        base=(account.base_url or driver.base_url(account.settings)).rstrip("/"),
        token=Secret.of("***"),
        nonce=lambda: "nonce",
    )
    item = Item(Target(account.name, given.id, given.part), given.name, given.channel)
    means, detail = _meaning(driver, session, item, given.to, answer)
    return {
        "line": line,
        "to": given.to,
        "status": given.status,
        "body": body,
        "means": means,
        "detail": detail,
    }


def _meaning(
    driver: Driver, session: Session, item: Item, to: To, answer: Answer
) -> tuple[str, str | None]:
    if to == "delete":
        verdict = driver.judge(session, (item,), answer)
        return _WORDS.get(type(verdict).__name__, "in-doubt"), verdict.detail
    if (limited := driver.gate(answer)) is not None:
        return _WORDS[type(limited).__name__], limited.detail
    flows: dict[str, Flow | None] = {
        "list": driver.list(session) if driver.list else None,
        "look": driver.look(session, item) if driver.look else None,
        "token": driver.authenticate(session) if driver.authenticate else None,
    }
    flow = flows[to]
    if flow is None:
        return "nothing", f"this account's driver has no request to {_TO[to]}"
    return _told(_first(flow, answer))


def _first(flow: Flow, answer: Answer) -> Any:
    """What *flow* returns after this one answer, or the request it would go on with."""
    try:
        next(flow)
        further = flow.send(answer)
    except StopIteration as end:
        return end.value
    flow.close()
    return further


def _told(found: Any) -> tuple[str, str | None]:
    match found:
        case Listing(campaigns=campaigns, complete=complete, why=why):
            shown = ", ".join(one.id for one in campaigns[:3]) + (
                " …" if len(campaigns) > 3 else ""
            )
            count = f"{len(campaigns)} campaign{_S[len(campaigns) == 1]}" + (
                f": {shown}" if shown else ""
            )
            return ("complete" if complete else "not complete"), f"{count}" + (
                f" ({why})" if why else ""
            )
        case Present(campaign=campaign, settled=settled):
            state = campaign.status.value if campaign.status else "unknown"
            return "there", f"{campaign.name or campaign.id}, {state}" + (
                f"; {settled}" if settled else ""
            )
        case Missing(detail=detail, sure=sure):
            return ("gone" if sure else "not there"), detail
        case Unclear(detail=detail):
            return "unclear", detail
        case Token():
            return "a token", None
    return "goes on", f"asks further: {found.shown_url}" if hasattr(found, "shown_url") else str(
        getattr(found, "detail", "")
    )


_TO: Final = {"list": "list", "look": "look at one campaign", "token": "ask for a token"}
_WORDS: Final = {
    "Deleted": "deleted",
    "Unproven": "a look decides",
    "Absent": "already-gone",
    "Unconfirmed": "unconfirmed",
    "Refused": "refused",
    "Throttled": "throttled",
    "Unauthorised": "unauthorised",
    "Split": "asked by halves",
    "Doubt": "in-doubt",
}
_S: Final = {True: "", False: "s"}
