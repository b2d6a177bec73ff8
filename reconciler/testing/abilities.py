"""What a driver can do, as the suite sees it do it: not what it says of itself."""

from dataclasses import dataclass

from reconciler.driver import Flow
from reconciler.testing.common import arbitrary, batches, deletes, judged
from reconciler.testing.example import Example


@dataclass(frozen=True, slots=True)
class Abilities:
    """*shares*: several targets go in one request. *lists*, *looks*, *logs_in*: such a flow asks.

    *verdicts*: what its answers came to, by name, in the order of the alphabet. *lies*: how many
    answers that are no documented success were held against it, and how many it *believed*.
    """

    shares: bool
    lists: bool
    looks: bool
    logs_in: bool
    verdicts: tuple[str, ...]
    lies: int
    believed: int


def abilities(example: Example) -> Abilities:
    """What *example*'s driver does with the answers of the suite."""
    driver, here = example.driver, example.session
    lies = [one for one in arbitrary(example) if not example.documented(one)]
    found = [judged(example, one) for one in lies]
    yes = [judged(example, one) for one in example.successes]
    return Abilities(
        shares=len(batches(example)) < len(example.items),
        lists=driver.list is not None and _asks(driver.list(here)),
        looks=driver.look is not None and _asks(driver.look(here, example.items[0])),
        logs_in=driver.authenticate is not None and _asks(driver.authenticate(here)),
        verdicts=tuple(sorted({type(one).__name__ for one in (*yes, *found)})),
        lies=len(lies),
        believed=sum(map(deletes, found)),
    )


def _asks(flow: Flow) -> bool:
    """Whether *flow* makes a request."""
    try:
        next(flow)
    except StopIteration:
        return False
    flow.close()
    return True
