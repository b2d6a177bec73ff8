"""What a GitHub runner takes for an order in the lines that a step prints.

Written after the runner's documented grammar: `::name key=value,key=value::data` where a line,
blanks aside, begins with it; `##[name key=value;key=value]data` wherever it stands in one.
"""

import re
from typing import NamedTuple

NAMES = (
    *("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group"),
    *("internal-set-repo-path", "notice", "remove-matcher", "save-state", "set-env"),
    *("set-output", "stop-commands", "warning"),
)


class Order(NamedTuple):
    name: str
    properties: dict[str, str]
    data: str


def orders(text: str) -> list[Order]:
    """Every order in *text*, as the runner would carry it out."""
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        one = _second(line) or _first(line)
        if one is not None:
            found.append(one)
    return found


def _second(line: str) -> Order | None:
    line = line.lstrip()
    head, end, data = line[2:].partition("::")
    if not line.startswith("::") or not end:
        return None
    name, _, told = head.partition(" ")
    if name.lower() not in NAMES:
        return None
    return Order(name.lower(), _properties(told, ",", _ESCAPES), _unescaped(data, _ESCAPES[:3]))


def _first(line: str) -> Order | None:
    at = line.find("##[")
    end = line.find("]", at)
    if at < 0 or end < 0:
        return None
    name, _, told = line[at + 3 : end].partition(" ")
    if name.lower() not in NAMES:
        return None
    return Order(name.lower(), _properties(told, ";", ()), line[end + 1 :])


_ESCAPES = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"), ("%3A", ":"), ("%2C", ","))


def _unescaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for written, meant in sorted(escapes, key=lambda pair: pair[0] == "%25"):
        text = text.replace(written, meant)
    return text


def _properties(text: str, between: str, escapes: tuple[tuple[str, str], ...]) -> dict[str, str]:
    pairs = (one.partition("=") for one in text.split(between) if "=" in one)
    return {key.strip(): _unescaped(value, escapes) for key, _, value in pairs}
