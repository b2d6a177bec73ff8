"""What stands in a project, again and again until no lane is open."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.lanes.handed import OPEN

if TYPE_CHECKING:
    from reconciler.apply.settle.status import Standing

_POLL = 2.0  # seconds between two looks
_PATIENCE = 60.0  # seconds for which a database that is away is waited for


def followed(
    first: "Standing",
    look: Callable[[], "Standing"],
    tell: Callable[["Standing"], None],
    note: Callable[[str], None],
) -> "Standing":
    """The last of *first* and what *look* finds after it; *tell* hears each with an open lane.

    A state that is away for less than a minute is told to *note*; then its error is raised.
    """
    found, away = first, None
    while any(one.state in OPEN for one in found.lanes):
        tell(found)
        time.sleep(_POLL)
        try:
            found, away = look(), None
        except ReconcilerError:
            if away is None:
                away = time.monotonic()
                note("the state is not reached; trying again for a minute")
            elif time.monotonic() - away > _PATIENCE:
                raise
    return found
