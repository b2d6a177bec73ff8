"""How long to wait, by a vendor's own rate headers: functions of the answer alone, no clock.

A time is compared with the answer's own `Date`, so a clock that is wrong here or there changes
nothing. `Retry-After` needs no driver: whoever sends reads it.
"""

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

from reconciler.driver import Answer
from reconciler.drivers import answers

_MOST: Final = 86_400.0  # seconds; what is beyond is no wait but a mistake


def gate(
    read: Callable[[Answer, str, float], float], header: str, otherwise: float
) -> Callable[[Answer], answers.Gate | None]:
    """`gate` of a vendor that says in a *header* how long to wait; see `seconds_left`, `until`."""
    return lambda answer: answers.gate(answer, read(answer, header, otherwise))


def seconds_left(answer: Answer, header: str, otherwise: float) -> float:
    """The wait in a *header* (lower-case) that holds seconds; *otherwise* if it holds none."""
    number = _number(answer.headers.get(header))
    return otherwise if number is None or number > _MOST else max(number, 1.0)


def until(answer: Answer, header: str, otherwise: float) -> float:
    """The wait in a *header* (lower-case) that holds a Unix time; *otherwise* if it holds none."""
    number, now = _number(answer.headers.get(header)), date(answer)
    if number is None or now is None or not 0 <= number - now <= _MOST:
        return otherwise
    return max(number - now, 1.0)


def _number(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text.strip()):
        return None
    return float(text)


def date(answer: Answer) -> float | None:
    """When the vendor gave *answer*, in Unix time, by its own word."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return None
