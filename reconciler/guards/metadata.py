"""Does the manifest say what the project requires of it?"""

from reconciler.model import Guards, Manifest


def problems(manifest: Manifest, guards: Guards) -> tuple[str, ...]:
    """What *manifest* lacks of `require`, and whether its ticket fits `ticketPattern` (whole)."""
    values = {"owner": manifest.owner, "reason": manifest.reason, "ticket": manifest.ticket}
    found = [f"{key} is required" for key in guards.require if not (values.get(key) or "").strip()]
    pattern = guards.ticket_pattern
    if pattern is not None and manifest.ticket and not _fits(pattern, manifest.ticket):
        found.append(f"the ticket {manifest.ticket} does not fit {pattern}")
    return tuple(found)


def refusal(manifest: Manifest, guards: Guards) -> str | None:
    """Why no absence of *manifest* is carried out, or None."""
    found = problems(manifest, guards)
    return f"{manifest.name}: {'; '.join(found)}" if found else None


def _fits(pattern: str, ticket: str) -> bool:
    import re2

    return re2.fullmatch(pattern, ticket) is not None
