from collections.abc import Callable

import pytest

from tests.support.sandbox_world import World


@pytest.fixture
def world() -> Callable[..., World]:
    return World
