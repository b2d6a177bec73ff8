"""A driver's `list` in one call: pages asked for by a cursor, an offset or a number.

*request* is the driver's own, called as `request(session, "GET", *path, query=…)`. *records* says
of a session what makes records of its items: `Shape.records`, or more. *query* is what is asked for
beside the page, or makes that of the account's settings. All else is as in `pages`.
"""

from collections.abc import Callable
from typing import Any

from reconciler.driver import Flow, Request, Session
from reconciler.drivers import pages, shapes

Pairs = tuple[tuple[str, str], ...]
Lister = Callable[[Session], Flow]


def by_cursor(
    request: Callable[..., Request],
    records: shapes.Records,
    *,
    at: str,
    path: tuple[str, ...] = (),
    query: Pairs | Callable[[Any], Pairs] = (),
    **where: Any,
) -> Lister:
    """`list` of a vendor whose pages name the next one, which is asked for by the parameter *at*.

    *where*: as for `pages.cursors`.
    """

    def flow(session: Session) -> Flow:
        def ask(cursor: str | None) -> Request:
            further = () if cursor is None else ((at, cursor),)
            return request(session, "GET", *path, query=(*_of(query, session), *further))

        return pages.cursors(ask, records(session), **where)

    return flow


def by_offset(
    request: Callable[..., Request],
    records: shapes.Records,
    *,
    at: str = "offset",
    path: tuple[str, ...] = (),
    query: Pairs | Callable[[Any], Pairs] = (),
    **where: Any,
) -> Lister:
    """`list` of a vendor that counts campaigns, by the parameter *at*.

    *where*: as for `pages.offsets`.
    """

    def flow(session: Session) -> Flow:
        def ask(offset: int) -> Request:
            return request(session, "GET", *path, query=(*_of(query, session), (at, str(offset))))

        return pages.offsets(ask, records(session), **where)

    return flow


def by_number(
    request: Callable[..., Request],
    records: shapes.Records,
    *,
    at: str = "page",
    path: tuple[str, ...] = (),
    query: Pairs | Callable[[Any], Pairs] = (),
    **where: Any,
) -> Lister:
    """`list` of a vendor that counts pages, by the parameter *at*.

    *where*: as for `pages.numbers`.
    """

    def flow(session: Session) -> Flow:
        def ask(number: int) -> Request:
            return request(session, "GET", *path, query=(*_of(query, session), (at, str(number))))

        return pages.numbers(ask, records(session), **where)

    return flow


def _of(query: Pairs | Callable[[Any], Pairs], session: Session) -> Pairs:
    return query(session.settings) if callable(query) else query
