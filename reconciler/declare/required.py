"""Does the metadata of a manifest say what the project requires of it?"""

from collections.abc import Iterator, Mapping

from reconciler.declare.guards import AccountGuards


def missed(
    metadata: Mapping[str, object], guards: AccountGuards
) -> Iterator[tuple[str, str | None]]:
    """The keys of *metadata* that the guards ask for in vain, each once.

    With None: `require` asks for it, and it is not there. With a pattern: it is the ticket, and
    does not fit that `ticketPattern` whole.
    """
    for key in guards.require:
        if not _said(metadata.get(key)):
            yield key, None
    ticket, pattern = metadata.get("ticket"), guards.ticket_pattern
    if pattern is None or not isinstance(ticket, str) or not ticket:
        return
    if "ticket" in guards.require and not _said(ticket):
        return  # one mistake, told once
    import re2

    if re2.fullmatch(pattern, ticket) is None:
        yield "ticket", pattern


def _said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
