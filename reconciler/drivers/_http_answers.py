"""What an answer means to the driver `http`: the first row that fits, and nothing else."""

from collections.abc import Mapping
from typing import Any, Final

from reconciler.driver import (
    Absent,
    Answer,
    Deleted,
    Doubt,
    Item,
    Refused,
    Session,
    Throttled,
    Unauthorised,
    Unconfirmed,
    Unproven,
    Verdict,
)
from reconciler.drivers import _http_templates as templates
from reconciler.drivers import answers, beside, shapes
from reconciler.drivers._http_models import AnswerRow, HttpSettings, MissingRow
from reconciler.drivers._http_requests import filling
from reconciler.drivers._http_templates import Filling, Hole
from reconciler.drivers.strictjson import NotJson, mapping, parse, words

_NONE: Final = object()  # nothing is there, not even null
_ABSENT: Final = Hole("absent")


def judge(session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
    """The first of the account's own rows that fits, then the defaults, then a doubt."""
    settings: HttpSettings = session.settings
    filled = filling(session, items[0])
    row = next((one for one in settings.answers if fits(one, answer, filled)), None)
    if row is not None:
        if row.means == "deleted" and _taken_back(settings, row, items, answer):
            return Doubt(answers.odd(answer))
        return _meant(row, answer, renew=settings.token is not None)
    limited = answers.gate(answer, _WAIT)
    if limited is not None:
        return _renewed(limited, renew=settings.token is not None)
    if answer.status == 403:
        return Unauthorised("HTTP 403: these credentials may not do this")
    return Doubt(answers.odd(answer))


def _taken_back(
    settings: HttpSettings, row: AnswerRow, items: tuple[Item, ...], answer: Answer
) -> bool:
    """Whether what stands beside what *row* asks for says that not all of *items* are gone."""
    said, many = _json(answer), settings.delete.many is not None
    if row.said is not None and beside.denied(said, row.said, each=many):
        return True
    return many and beside.names_some(said, [item.target.id for item in items])


_WAIT: Final = 60.0  # "too many requests", where no row says for how long


def gate(settings: HttpSettings, answer: Answer) -> answers.Gate | None:
    """Throttling and credentials, whatever was asked: the first row that fits any target.

    A row that only fits some targets decides nothing here; `judge` knows the target.
    """
    renew = settings.token is not None
    for row in settings.answers:
        if fits(row, answer, None):
            if row.means in ("throttled", "unauthorised") and not _targeted(row):
                found = _meant(row, answer, renew=renew)
                assert isinstance(found, Throttled | Unauthorised)
                return found
            return None
    limited = answers.gate(answer, _WAIT)
    return None if limited is None else _renewed(limited, renew=renew)


def _renewed(found: answers.Gate, *, renew: bool) -> answers.Gate:
    if isinstance(found, Unauthorised):
        return Unauthorised(found.detail, renew=renew)
    return found


def _targeted(row: AnswerRow) -> bool:
    texts = (text for _, text in templates.every_text(row.said or {}))
    return any(hole.word != "absent" for text in texts for hole in templates.holes(text))


def _meant(row: AnswerRow, answer: Answer, *, renew: bool) -> Verdict:
    detail = _detail(row, answer)
    match row.means:
        case "deleted":
            doubt = None if _tells_its_end(row) else answers.endless(answer)
            return Deleted() if doubt is None else doubt
        case "already-gone":
            return Absent(detail)
        case "unconfirmed":
            return Unconfirmed(detail)
        case "refused":
            return Refused(detail)
        case "throttled":
            assert row.wait is not None
            return Throttled(detail, row.wait.total_seconds())
        case "unauthorised":
            return Unauthorised(detail, renew=renew)
    # "Accepted" (RFC 9110 §15.3.3) is what that vendor says when all is well: no failure.
    return Unproven(detail) if answer.status == 202 else Doubt(detail)


def _tells_its_end(row: AnswerRow) -> bool:
    """Whether what fits *row* is whole for certain: JSON that says something, as it is written."""
    said = (row.said or {}).values()
    return row.body is None and any(one != "${absent}" for one in said)


def _detail(row: AnswerRow, answer: Answer) -> str:
    if row.detail is None:
        return answers.told(answer)
    said = words(shapes.at(_json(answer), row.detail))
    return f"HTTP {answer.status}: {said}" if said else answers.told(answer)


# ---------------------------------------------------------------- whether a row fits


def fits(row: AnswerRow | MissingRow, answer: Answer, filled: Filling | None) -> bool:
    """Whether *answer* is as *row* says; without *filled*, whether it is so for some target."""
    if answer.status not in row.status:
        return False
    if isinstance(row, AnswerRow) and not _body_fits(row.body, answer):
        return False
    if row.said is None:
        return True
    said = _json(answer)
    return isinstance(said, dict) and all(
        _equal(wanted, _found(said, path), filled) for path, wanted in row.said.items()
    )


def missed(row: MissingRow, answer: Answer, filled: Filling) -> bool:
    """Whether *answer* to a look is as *row* says. An empty place is none where it says why."""
    if not fits(row, answer, filled):
        return False
    silent = row.said is not None and all(one in _SILENT for one in row.said.values())
    return not (silent and answers.ok(answer) and beside.denied(_json(answer), row.said or ()))


_SILENT: Final[tuple[Any, ...]] = (None, (), [], {}, "", "${absent}")


def _body_fits(wanted: str | None, answer: Answer) -> bool:
    if wanted == "empty":
        # Blanks are nothing, but not in an answer that must not have a body.
        return not (answer.body if answer.status in (204, 205) else answer.body.strip())
    if wanted == "object":
        said = mapping(answer.body)
        return said is not None and not answers.speaks_of_failure(said)
    return True


def _json(answer: Answer) -> Any:
    try:
        return parse(answer.body)
    except NotJson:
        return None


def _found(value: Any, path: str) -> Any:
    """What is in *value* at *path*, or `_NONE`."""
    if path == ".":
        return value
    for key in path.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return _NONE
    return value


def _equal(wanted: Any, found: Any, filled: Filling | None) -> bool:
    """By type and value; a whole placeholder also equals a number of its digits."""
    match wanted:
        case str():
            return _text_equal(wanted, found, filled)
        case Mapping():
            same = isinstance(found, dict) and found.keys() == wanted.keys()
            return same and all(_equal(one, found[key], filled) for key, one in wanted.items())
        case list() | tuple():
            long = isinstance(found, list) and len(found) == len(wanted)
            return long and all(map(_equal, wanted, found, [filled] * len(wanted)))
        case bool() | None:
            return found is wanted
    number = isinstance(found, int | float) and not isinstance(found, bool)
    return number and bool(found == wanted)


def _text_equal(wanted: str, found: Any, filled: Filling | None) -> bool:
    parts = templates.parts(wanted)
    if parts == (_ABSENT,):
        return found is _NONE
    holes = [one for one in parts if isinstance(one, Hole)]
    if filled is None and holes:
        return isinstance(found, str) or _digits(found) is not None
    text = wanted if not holes else templates.plain(wanted, filled or Filling({}, {}))
    return (
        found == text
        if isinstance(found, str)
        else len(parts) == 1 == len(holes) and (_digits(found) == text)
    )


def _digits(found: Any) -> str | None:
    whole = isinstance(found, int) and not isinstance(found, bool)
    return str(found) if whole else None
