"""A driver's `list` in one call: pages asked for by a cursor, an offset or a number.

*request* is the driver's own, called as `request(session, "GET", *path, query=…)`. *records* says
of a session what makes records of its items: `Shape.records`, or more. *query* is what is asked for
beside the page, or makes that of the account's settings. All else is as in `pages`.
"""

from collections.abc import Callable, Mapping
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

    return _lister(pages.cursors, request, records, at, path, query, where)


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

    return _lister(pages.offsets, request, records, at, path, query, where)


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

    return _lister(pages.numbers, request, records, at, path, query, where)


def _lister(
    paged: Callable[..., Flow],
    request: Callable[..., Request],
    records: shapes.Records,
    at: str,
    path: tuple[str, ...],
    query: Pairs | Callable[[Any], Pairs],
    where: Mapping[str, Any],
) -> Lister:
    """All pages as *paged* counts them; the first may have nothing to be asked for by (None)."""

    def flow(session: Session) -> Flow:
        asked = query(session.settings) if callable(query) else query

        def ask(page: str | int | None) -> Request:
            further = () if page is None else ((at, str(page)),)
            return request(session, "GET", *path, query=(*asked, *further))

        return paged(ask, records(session), **where)

    return flow
