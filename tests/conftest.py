"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills",
        type=int,
        default=100,
        help="how many times tests/crash kills an apply (make crash: 1000)",
    )
