"""What a shell may complete: the script that asks, the words that are there, what may follow.

A line of an answer is KIND, value and help with tabs between: `file` (let the shell complete
files), `dir` (folders), `path` (this file or, with a slash at its end, folder), `part` (no blank
follows), `plain`.
"""

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Final, NamedTuple

from reconciler.site import Site

SHELLS: Final = ("bash", "zsh", "fish")


class Completion(NamedTuple):
    """What may stand where a word was begun. *about* says in a few words what it is.

    *kind*: the first word of its line, see above.
    """

    value: str
    kind: str = "plain"
    about: str | None = None


Finder = Callable[[Site, str], Iterator[Completion]]
"""Candidates of a site for a word that was begun so."""


def script(shell: str) -> str:
    """The script that makes *shell* ask `reconciler` for completions."""
    return files(__package__).joinpath("scripts", f"completion.{shell}").read_text("utf-8")
