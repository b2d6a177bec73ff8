"""A machine whose clock is wrong by SKEW seconds, for the process that finds this on its path."""

import os
import time
from datetime import datetime, timedelta, tzinfo

_SKEW = timedelta(seconds=float(os.environ["SKEW"]))
_time = time.time


class _Skewed(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + _SKEW


time.time = lambda: _time() + _SKEW.total_seconds()

from reconciler import site  # noqa: E402

site.datetime = _Skewed  # type: ignore[misc]
