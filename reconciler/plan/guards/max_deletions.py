"""Are these more deletions than the account allows?"""

from reconciler.declare.project import MaxDeletions


def violation(limit: MaxDeletions, *, targets: int, deleted: int, campaigns: int) -> str | None:
    """By how much *limit* is broken, or None.

    *targets*: what is deleted, each number and message for itself (judged by `count`).
    *deleted*: the campaigns they belong to, of the account's *campaigns* (judged by `percent`).
    Integers only: exactly the limit is allowed.
    """
    found: list[str] = []
    if limit.count is not None and targets > limit.count:
        found.append(
            f"{targets} deletions are planned and maxDeletions allows {limit.count}:"
            f" {targets - limit.count} too many"
        )
    if limit.percent is not None and deleted * 100 > limit.percent * campaigns:
        allowed = limit.percent * campaigns // 100
        found.append(
            f"{deleted} of {campaigns} campaigns are planned to go and maxDeletions allows"
            f" {limit.percent} % ({allowed}): {deleted - allowed} too many"
        )
    return "; ".join(found) or None
