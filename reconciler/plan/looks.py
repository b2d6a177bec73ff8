"""How many requests an apply of a plan looks with, as far as files tell."""

from reconciler.declare.project import Account
from reconciler.driver import Driver
from reconciler.driver.looks import by_listing, can_look, pages
from reconciler.model import Action, Reason, Status


def looked_at_first(account: Account, action: Action) -> bool:
    """Whether the targets of *action* are looked at before their request, whatever a journal knows.

    A journal may add to that: after an interruption, and where it has no trace of the account.
    """
    if action.look_first or account.before_look or account.keep_copy:
        return True
    record = action.campaign
    if action.reason is Reason.UNLISTED or record is None:
        return action.reason is Reason.UNLISTED
    return record.status in (None, Status.UNKNOWN) and account.guards.running != "allow"


def requests(driver: Driver, looks: int, campaigns: int) -> int:
    """The requests at the start that look at *looks* targets of an account of *campaigns*."""
    if not looks or not can_look(driver):
        return 0
    return pages(driver, campaigns) if by_listing(driver, looks, campaigns) else looks
