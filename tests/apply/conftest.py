"""The fixtures of the commands that send."""

from tests.cli.conftest import bare, site

__all__ = ["bare", "site"]
