"""Is this campaign being sent right now?"""

from reconciler.declare.project import Guards
from reconciler.model import Campaign, Status


def refusal(campaign: Campaign, guards: Guards) -> str | None:
    """Why *campaign* is not deleted, or None. An unknown status passes: see `unknown`."""
    if guards.running == "allow" or campaign.status is not Status.RUNNING:
        return None
    return "it is running"


def unknown(campaign: Campaign, guards: Guards) -> bool:
    """Whether the guard let *campaign* pass only because nobody knows its status."""
    return guards.running != "allow" and campaign.status in (None, Status.UNKNOWN)
