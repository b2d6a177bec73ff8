"""SSH signatures that people put into comments: each becomes a file beside the plan.

Whoever wrote a comment, and whether its signature counts, is not asked here: `apply` judges.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from reconciler import disk
from reconciler.errors import Usage

_SIGNATURE: Final = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]{1,16384})-----END SSH SIGNATURE-----"
)
_MOST: Final = 100  # more people than will ever review one change


def written(plan: Path, comments: Iterable[tuple[int, str]], where: str) -> Iterator[Path]:
    """The files written; *comments*: the id and the text of each, *where*: what they are of."""
    count = 0
    for id_, body in comments:
        for block in _SIGNATURE.finditer(body):
            if count == _MOST:
                raise Usage(f"{where} has more than {_MOST} signatures")
            count += 1
            text = block[0].replace("\r\n", "\n") + "\n"
            # Not by the author's name: that is for the key to say.
            target = plan.with_name(f"{plan.name}.comment-{id_}-{count}.sig")
            disk.write_whole(target, text.encode("ascii"))
            yield target
