"""The last line of `validate`, for people."""

from collections.abc import Sequence

from reconciler.errors import Diagnostic
from reconciler.views.words import count


def verdict(files: int, told: Sequence[Diagnostic], valid: bool) -> str:
    """How many *files* were read, and how much was *told* of them."""
    warnings = sum(one.severity == "warning" for one in told)
    counted = ((len(told) - warnings, "error"), (warnings, "warning"))
    counts = [count(number, word) for number, word in counted if number]
    said = ", ".join(counts)
    if not valid:
        return f"not valid: {said}"
    return ", ".join([f"valid: {count(files, 'file')} read", *counts])
