"""CloudEvents 1.0 in structured mode: one JSON object, at most 64 KiB."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from reconciler.safe import printable_json, visible
from reconciler.views.notices.notice import Notice

MOST: Final = 64 * 1024  # bytes that every intermediary must forward
_ACCOUNTS: Final = 16 * 1024  # of them, at most, for the counts by account
_TYPE: Final = "io.github.campaign-reconciler.apply"


def event(notice: Notice) -> dict[str, Any]:
    """*notice* as an event; `accountsLeftOut` and `targetsLeftOut` count what is not in it."""
    data: dict[str, Any] = {"title": notice.title, **notice.data}
    data["byAccount"], data["accountsLeftOut"] = within(notice.accounts, _ACCOUNTS)
    made = {
        "specversion": "1.0",
        "id": notice.id,
        "source": f"/reconciler/{quote(visible(notice.project), safe='')}",
        "type": f"{_TYPE}.{notice.moment}",
        "subject": notice.plan,
        "time": notice.at,
        "datacontenttype": "application/json",
        "data": data,
    }
    if notice.targets:
        data["notDeleted"], data["targetsLeftOut"] = [], len(notice.targets)
        room = MOST - len(dumps(made))
        data["notDeleted"], data["targetsLeftOut"] = within(notice.targets, room)
    return made


def within(rows: Sequence[Mapping[str, Any]], room: int) -> tuple[list[Mapping[str, Any]], int]:
    """The first of *rows* that take at most *room* bytes as JSON, and how many are left out."""
    shown: list[Mapping[str, Any]] = []
    for row in rows:
        room -= len(dumps(row)) + 1
        if room < 0:
            break
        shown.append(row)
    return shown, len(rows) - len(shown)


def dumps(value: object) -> str:
    """*value* as ASCII JSON without blanks."""
    return printable_json(json.dumps(value, separators=(",", ":"), allow_nan=False))
