"""Does the project protect this campaign from everybody?"""

from collections.abc import Sequence

from reconciler.declare.project import Protect


def refusal(protects: Sequence[Protect]) -> str | None:
    """Why a campaign that *protects* name or match is not deleted, or None if there are none."""
    if not protects:
        return None
    return "; ".join(f"{one.because} ({one.path}:{one.line})" for one in protects)


def unseen(protects: Sequence[Protect], *, looks: bool) -> str | None:
    """Why a campaign that nobody lists is not deleted, or None.

    *protects* are all of its account. One with a `match` may hold for a campaign that the
    inventory does not show; where the driver cannot look (*looks* false) nobody will ever know.
    """
    matching = [one for one in protects if one.match is not None]
    if looks or not matching:
        return None
    places = ", ".join(f"{one.path}:{one.line}" for one in matching)
    return f"nobody can see whether it is protected ({places}): it is not listed and not looked at"
