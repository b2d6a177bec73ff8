"""The conformance suite every driver passes: for ours, and for drivers of third parties.

    import pytest
    from reconciler.testing import Example, conformance

    EXAMPLE = Example(driver=DRIVER, settings={...}, items=(...), successes=(...), documented=...)

    @pytest.mark.parametrize("check", conformance(EXAMPLE), ids=str)
    def test_my_driver(check):
        check()

Each check raises AssertionError with what it saw and the clause in words. Nothing is sent, and
pytest is not needed.
"""

from reconciler.testing.abilities import Abilities, abilities
from reconciler.testing.example import Example, settings
from reconciler.testing.lies import broken_json, twisted
from reconciler.testing.suite import CLAUSES, Check, conformance

__all__ = [
    "CLAUSES",
    "Abilities",
    "Check",
    "Example",
    "abilities",
    "broken_json",
    "conformance",
    "settings",
    "twisted",
]
