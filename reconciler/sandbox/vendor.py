"""What one imitated vendor is; its functions do not wait, so each is one step of the world."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from reconciler.sandbox.limits import Limit
from reconciler.sandbox.wire import Call, Reply


class Vendor(ABC):
    """Base of every vendor. *errors*: server errors; the first may also come after an effect."""

    name: str
    errors: tuple[Reply, ...]

    def limits(self, call: Call) -> Sequence[Limit]:
        """The limits that count *call*; none by default."""
        del call
        return ()

    def headers(self, call: Call) -> Mapping[str, str]:
        """What every answer of this vendor carries: its rate headers, where it has any."""
        del call
        return {}

    @abstractmethod
    def throttled(self, call: Call, nth: int) -> Reply:
        """The answer to one too many; *nth*: which of several forms a fault asks for."""

    @abstractmethod
    def answer(self, call: Call) -> Reply:
        """What the vendor says, and does."""
