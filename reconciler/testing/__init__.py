"""The conformance suite every driver passes: for ours, and for drivers of third parties.

    import pytest
    from reconciler.testing import Example, conformance

    EXAMPLE = Example(driver=DRIVER, settings={...}, items=(...), successes=(...), documented=...)

    @pytest.mark.parametrize("check", conformance(EXAMPLE), ids=str)
    def test_my_driver(check):
        check()

Each check raises AssertionError with what it saw. Nothing is sent, and pytest is not needed.
"""

from reconciler.testing._checks import Check, Example, conformance, settings
from reconciler.testing._twisted import twisted

__all__ = ["Check", "Example", "conformance", "settings", "twisted"]
