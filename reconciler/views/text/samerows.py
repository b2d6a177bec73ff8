"""Deletions of which only the records differ: read as rows, and no action is made of them.

Nearly all of a large plan is such, and its lines are the same bytes but for the records in them.
"""

from collections.abc import Sequence

import msgspec

from reconciler.model import Action
from reconciler.plan.lines import decoded, each_written

_PARTS = b'","parts":'  # no text holds it: quotes inside of one stand behind a backslash
_END = len(b"},\n")


class _Shown(msgspec.Struct, rename="camel", gc=False):
    """What a row shows of a record; *updated_at* as the plan has it."""

    id: str
    name: str
    updated_at: str
    status: str = ""


_rows = msgspec.json.Decoder(list[_Shown]).decode


class SameRows(msgspec.Struct, frozen=True):
    """*like*: the first of them. Campaigns were *updated* on these days (UTC)."""

    like: Action
    ids: list[str]
    names: list[str]
    statuses: list[str]
    updated: list[str]

    @classmethod
    def of(cls, lines: Sequence[bytes]) -> "SameRows | None":
        """The rows of *lines* of a plan; None if they are not so plain."""
        first = decoded(lines[0])[0]
        records = _records(lines, first)
        if records is None:
            return None
        try:
            rows = _rows(b"[{%b}]" % b",{".join(records)[:-1])
        except msgspec.MsgspecError:  # one has no time, for example
            return None
        updated = [one.updated_at for one in rows]
        if not all([one[-1] == "Z" for one in updated]):
            return None
        return cls(
            first,
            [one.id for one in rows],
            [one.name for one in rows],
            [one.status for one in rows],
            [one[:10] for one in updated],
        )


def _records(lines: Sequence[bytes], first: Action) -> list[bytes] | None:
    """The records of *lines*, without what they begin with; None if more than they differs.

    What stands before an action's id and name, and between them and those of its record, has to be
    the same bytes in each line: then all else of the actions is the same.
    """
    noted = first.parts or first.message or first.look_first or first.waivers
    if first.action != "delete" or noted or first.id is None or first.name is None:
        return None
    own = b'"id":%b,"name":%b' % tuple(each_written([first.id, first.name]))
    before, _, rest = lines[0].partition(own)
    between, found, _ = rest.partition(own)
    if not found:
        return None
    start, length, records = len(before), len(between), []
    for line in lines:
        end = line.find(_PARTS, start) + 1
        record = line[end + length : -_END]
        same = line.startswith(before) and line.startswith(between, end)
        if not (same and record.startswith(line[start:end])):
            return None
        records.append(record)
    return records
