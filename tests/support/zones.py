"""A machine without time zone data, for one test."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo, reset_tzpath

import pytest


@contextmanager
def no_zone_data() -> Iterator[None]:
    """Neither the system nor the package tzdata knows a zone."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [one for one in sys.modules if one.partition(".")[0] == "tzdata"]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, "tzdata", None)
        ZoneInfo.clear_cache()
        reset_tzpath(to=[])
        try:
            yield
        finally:
            reset_tzpath()
            ZoneInfo.clear_cache()
