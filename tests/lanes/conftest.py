"""Fixtures of the executor's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.apply_world import Vendor, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds, and closes them."""
    made: list[World] = []

    def make(vendor: Vendor, **more: Any) -> World:
        made.append(World(tmp_path, vendor, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()
