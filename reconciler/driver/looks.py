"""Whether a vendor can be asked what it has, and which way of asking takes fewer requests."""

from reconciler.driver import Driver


def can_look(driver: Driver) -> bool:
    """Whether the vendor can be asked at all."""
    return driver.list is not None or driver.look is not None


def by_listing(driver: Driver, targets: int, campaigns: int) -> bool:
    """Whether one listing of *campaigns* serves better than a look at each of *targets*."""
    if driver.list is None or driver.look is None:
        return driver.list is not None
    return driver.complete and pages(driver, campaigns) <= targets


def pages(driver: Driver, campaigns: int) -> int:
    """How many requests a listing of *campaigns* takes at least, as far as the inventory knows."""
    return max(1, -(-campaigns // driver.page))
