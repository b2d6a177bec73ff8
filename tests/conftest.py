"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills",
        type=int,
        default=30,
        help="how many times tests/crash kills an apply (make crash: 1000)",
    )
    parser.addoption(
        "--fuzz",
        type=int,
        default=200,
        help="how many odd answers tests/lanes/test_fuzz.py tries of each kind (make crash: 20000)",
    )
