"""What became of the targets of a lane, by the million, without holding them."""

import msgspec

from reconciler.lanes.work import Fate
from reconciler.model import Outcome
from reconciler.plan.alike import Alike

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Fate).decode


class Fates:
    """The fate of each of *total* jobs by its place, as far as one was told; the newest counts.

    *told*: how many have one; *reached*: how many of those are more than `pending`.
    """

    def __init__(self, total: int) -> None:
        self._fates = Alike[Fate](_encode, _decode, total)
        self.told = self.reached = 0

    def __len__(self) -> int:
        return len(self._fates)

    def get(self, place: int) -> Fate | None:
        """The fate at *place*, None if none was told."""
        return self._fates[place]

    def put(self, place: int, fate: Fate) -> None:
        """Tell *fate*."""
        before = self._fates[place]
        self.told += before is None
        self.reached -= before is not None and before.outcome is not Outcome.PENDING
        self.reached += fate.outcome is not Outcome.PENDING
        self._fates[place] = fate
