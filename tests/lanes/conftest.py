"""Fixtures of the executor's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.apply_world import Vendor, World


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds, and closes them."""
    made: list[World] = []
    more_of_all: dict[str, Any] = {}
    if request.param == "postgres":
        more_of_all["url"] = request.getfixturevalue("database")

    def make(vendor: Vendor, **more: Any) -> World:
        more = {**more_of_all, **more}
        made.append(World(tmp_path, vendor, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()
