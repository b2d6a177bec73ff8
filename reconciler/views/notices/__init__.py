"""What receivers of `notify` are told of an apply: one notice, in the shape that each takes.

A notice holds no secret, no record and no phone number. What is foreign in it is made visible and
capped; each shape keeps the receiver's limit and says how much it leaves out.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from reconciler.views.notices import cloudevents, slack, teams
from reconciler.views.notices.notice import Notice as Notice

Shape = Literal["cloudevents", "slack", "teams"]


class Rendered(msgspec.Struct, frozen=True):
    """A notice as it is posted."""

    content_type: str
    body: bytes


_JSON: Final = "application/json; charset=utf-8"
_SHAPES: Final[Mapping[Shape, tuple[str, Callable[[Notice], Any]]]] = {
    "cloudevents": ("application/cloudevents+json; charset=utf-8", cloudevents.event),
    "slack": (_JSON, slack.message),
    "teams": (_JSON, teams.message),
}


def render(notice: Notice, shape: Shape) -> Rendered:
    """*notice* as a receiver of *shape* takes it: ASCII JSON within its limit."""
    content_type, made = _SHAPES[shape]
    return Rendered(content_type, cloudevents.dumps(made(notice)).encode("ascii"))
