"""Slips of the keyboard."""

from collections.abc import Iterable, Mapping


def near(word: str, known: Iterable[str]) -> str | None:
    """The one of *known* that *word* is probably a slip of, or None."""
    import difflib

    lower = {one.lower(): one for one in known}
    # Compared without case and separators: `created_before` means `createdBefore`.
    close = difflib.get_close_matches(word[:100].lower().replace("_", ""), lower, n=1)
    return lower[close[0]] if close else None


def known_accounts(name: str, accounts: Mapping[str, object]) -> str:
    """The fix for the *name* of an account that there is not."""
    close = near(name, accounts)
    return f"did you mean `{close}`?" if close else f"the accounts are: {', '.join(accounts)}"
