"""The vendors imitated from their documentation, for the demo, tests and driver authors.

Nothing here knows the drivers: the sandbox is written from the vendors' pages, so that it can
disagree with them. Needs the extra `sandbox`.
"""

from reconciler.sandbox.app import create_app
from reconciler.sandbox.server import serve

__all__ = ["create_app", "serve"]
