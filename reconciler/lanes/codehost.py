"""Asks a code host's REST interface, one request at a time.

No vendor: what goes wrong here is an error that is told, never a doubt. Requests that read, or that
may be made twice, are made again after a fault of the host's; a creation is not.
"""

import asyncio
import json
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal

from reconciler.declare.urls import base_url
from reconciler.driver import Answer, Request, Secret
from reconciler.errors import ReconcilerError
from reconciler.lanes.resolver import Resolver
from reconciler.lanes.scrub import scrubbed
from reconciler.lanes.send import Sender
from reconciler.lanes.wire import NoAnswer, NotSent
from reconciler.safe import cap, visible

_GITHUB: Final = "application/vnd.github+json"
_TRIES: Final = 3
_LONGEST: Final = 60.0  # seconds that it may ask us to wait
_PAGES: Final = 500
_PAGE: Final = 20  # entries: that many comments are under a mebibyte, but for those made not to be

Method = Literal["GET", "POST", "PATCH", "DELETE"]


class NotThere(ReconcilerError):
    """There is no such thing at the code host, or this token may not see it."""


class CodeHost:
    """A code host at *address* (`https://api.github.com`), asked with *token*.

    *accept*: the form of answers that it is asked for, GitHub's by default.
    """

    def __init__(self, address: str, token: Secret, *, accept: str = _GITHUB) -> None:
        try:
            self._address = base_url(address)
        except ValueError as error:
            raise ReconcilerError(f"the code host's address {error}") from error
        self._token = token
        self._accept = accept
        self._sender = Sender()

    def ask(
        self,
        method: Method,
        path: Sequence[str],
        *,
        query: Sequence[tuple[str, str]] = (),
        body: object = None,
    ) -> Any:
        """The JSON that it answers with, None if there is none; `NotThere` for a 404."""
        request = Request(
            method,
            self._address,
            tuple(path),
            query=tuple(query),
            headers=(
                ("Accept", self._accept),
                *((("X-GitHub-Api-Version", "2022-11-28"),) if self._accept == _GITHUB else ()),
                ("Authorization", ("Bearer ", self._token)),
            ),
            body=body,
        )
        with ThreadPoolExecutor(1) as own:  # the caller may have an event loop of its own
            answer = own.submit(asyncio.run, self._asked(request)).result()
        return self._read(request, answer)

    def every(self, path: Sequence[str], query: Sequence[tuple[str, str]] = ()) -> Iterator[Any]:
        """All entries of a list, over its pages."""
        for size in (_PAGE, 1):
            try:
                found = list(self._entries(path, query, size))
            except NoAnswer:
                if size == 1:
                    raise
            else:
                yield from found
                return

    def _entries(
        self, path: Sequence[str], query: Sequence[tuple[str, str]], size: int
    ) -> Iterator[Any]:
        for page in range(1, _PAGES + 1):
            asked = (*query, ("per_page", str(size)), ("page", str(page)))
            found = self.ask("GET", path, query=asked)
            if not isinstance(found, list):
                raise ReconcilerError("the code host answered with something that is no list")
            yield from found
            if len(found) < size:
                return
        raise ReconcilerError(f"the code host lists more than {_PAGES} pages of {'/'.join(path)}")

    async def _asked(self, request: Request) -> Answer:
        asyncio.get_running_loop().set_default_executor(Resolver())
        for attempt in range(1, _TRIES + 1):
            try:
                answer = await self._sender.send(request)
            except NotSent:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(attempt)
                continue
            wait = _wait(answer, again=request.method != "POST")
            if wait is None or attempt == _TRIES:
                return answer
            await asyncio.sleep(wait)
        raise AssertionError

    def _read(self, request: Request, answer: Answer) -> Any:
        if answer.status == 404:
            raise NotThere(f"the code host shows this token nothing at {request.shown_url}")
        if not 200 <= answer.status < 300:
            raise ReconcilerError(
                f"the code host answered HTTP {answer.status} to {request.method} "
                f"{request.shown_url}{self._words(answer)}"
            )
        if not answer.body:
            return None
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise ReconcilerError("the code host's answer is not JSON") from error

    def _words(self, answer: Answer) -> str:
        """What it says of a failure."""
        try:
            said = json.loads(answer.body)["message"]
        except (ValueError, KeyError, TypeError):
            return ""
        text = scrubbed(visible(str(said)), [self._token.reveal()])
        return f": {cap(text, 300)}"


def _wait(answer: Answer, *, again: bool) -> float | None:
    """For how long to wait before the same is asked once more; None: it is not."""
    limited = answer.status in (403, 429) and "retry-after" in answer.headers
    if limited:
        try:
            seconds = float(answer.headers["retry-after"])
        except ValueError:
            seconds = 1.0
        return seconds if math.isfinite(seconds) and 0 <= seconds <= _LONGEST else None
    return 1.0 if again and answer.status >= 500 else None
