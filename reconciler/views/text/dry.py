"""A dry run as text."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.safe import terminal
from reconciler.views import words
from reconciler.views.layout import Ink, wrap

_ALIKE = 10  # targets of which the same is said that are named one by one


def lines(document: Mapping[str, Any], *, color: bool, width: int) -> Iterator[str]:
    """Every line with its end."""
    for line in _lines(document, color=color, width=width):
        yield f"{line}\n"


def left(fates: Iterable[tuple[str, str, str | None]]) -> Iterator[str]:
    """What is not sent, and why: target by target, or counted where it is the same of many.

    *fates*: target, outcome and detail of each.
    """
    alike: dict[tuple[str, str | None], list[str]] = {}
    for target, outcome, detail in fates:
        alike.setdefault((outcome, detail), []).append(target)
    for (outcome, detail), targets in alike.items():
        several = len(targets) > _ALIKE
        for one in [f"{len(targets)} targets ({targets[0]} …)"] if several else targets:
            yield terminal(f"not sent: {one}: {outcome}, {detail}")


def _lines(document: Mapping[str, Any], *, color: bool, width: int) -> Iterator[str]:
    ink = Ink(color)
    requests: Sequence[Mapping[str, Any]] = document.get("requests", ())
    account: object = None
    for number, request in enumerate(requests, 1):
        if request.get("account") != account:
            if account is not None:
                yield ""
            account = request.get("account")
            yield ink(terminal(str(account)), "bold", "cyan")
        yield from _request(number, request, ink, width)
    deletions = sum(not request.get("ifNeeded") for request in requests)
    said = f"Dry run: {words.count(deletions, 'request')}"
    if deletions != len(requests):
        said += f" and {words.count(len(requests) - deletions, 'token request')} if needed"
    if requests:
        yield ""
    yield f"{said}. Nothing was sent."


def _request(number: int, request: Mapping[str, Any], ink: Ink, width: int) -> list[str]:
    needed = ink("  (if needed)", "dim") if request.get("ifNeeded") else ""
    method, url = terminal(str(request.get("method"))), terminal(str(request.get("url")))
    lines = [f"  {number}. {ink(method, 'bold')} {url}{needed}"]
    headers: Mapping[str, Any] = request.get("headers") or {}
    for name, value in headers.items():
        lines.append(ink(f"       {terminal(str(name))}: {terminal(str(value))}", "dim"))
    if request.get("body") is not None:
        body = terminal(json.dumps(request["body"], ensure_ascii=False))
        lines += wrap(body, width, "       ")
    targets = [terminal(str(one)) for one in request.get("targets") or ()]
    if targets:
        lines += wrap(f"for {', '.join(targets)}", width, "       ", "         ")
    return lines
