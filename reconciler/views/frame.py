"""What surrounds a view: which plan it is of, where it will be read, what only a command knows."""

from typing import Literal
from urllib.parse import urlsplit

import msgspec

Platform = Literal["github", "gitlab", "azure", "bitbucket"]


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Handed to every view beside its plan or report.

    *digest* is the plan's (`sha256:...`). *saved*: the file of the plan, as the next command names
    it; None if it was not saved. *run*: the address of the CI's run. *fit*: the platform whose
    limit a Markdown view keeps; None is GitHub's, in one part. *show_numbers*: phone numbers whole.
    """

    digest: str
    saved: str | None = None
    run: str | None = None
    fit: Platform | None = None
    show_numbers: bool = False

    @property
    def run_address(self) -> str | None:
        """*run*, if it is an address that may stand in a page as it is."""
        if self.run is None or len(self.run) > 500 or not self.run.isascii():
            return None
        plain = all(one.isalnum() or one in ":/._-?=&%" for one in self.run)
        return self.run if plain and urlsplit(self.run).scheme in ("https", "http") else None
