"""Who is told of an apply: receivers of webhooks, as the project file names them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from reconciler.declare.fields import Duration, Line
from reconciler.declare.proxy import Proxy
from reconciler.driver import Complaint, Credential, Settings

Moment = Literal["approval-missing", "started", "in-doubt", "finished"]
MOMENTS: Final[tuple[Moment, ...]] = ("approval-missing", "started", "in-doubt", "finished")
Shape = Literal["cloudevents", "slack", "teams"]

_MOST: Final = 60  # seconds that an apply may be kept by one receiver


class Notify(Settings):
    """One receiver. Its address is a credential: whoever knows it can write there."""

    url: Annotated[
        Credential,
        Field(description="Where the address is; https, http only to this machine."),
    ]
    shape: Annotated[
        Shape,
        Field(
            validation_alias="as",
            description="cloudevents: CloudEvents 1.0 in JSON; slack, teams: a message for people.",
        ),
    ] = "cloudevents"
    on: Annotated[
        tuple[Moment, ...],
        Field(min_length=1, description="What it is told. Default: all of it."),
    ] = MOMENTS
    secret: Annotated[
        Credential | None,
        Field(description="Signs each body: HMAC-SHA-256, in X-Reconciler-Signature-256."),
    ] = None
    timeout: Annotated[
        Duration,
        Field(description="What one attempt, and the end of an apply, waits for it. At most 60s."),
    ] = timedelta(seconds=10)
    proxy: Annotated[Proxy | None, Field(description="It is told through this.")] = None
    ca_file: Annotated[
        Line | None, Field(description="PEM file of the authorities that are trusted instead.")
    ] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        seconds = _seconds(raw.get("timeout"))
        if seconds is not None and seconds > _MOST:
            yield ("timeout",), f"is longer than {_MOST}s", f"write `timeout: {_MOST}s`, or less"
        on = raw.get("on")
        if isinstance(on, list):
            for index, one in enumerate(on):
                if one in on[:index]:
                    yield ("on", index), f"`{one}` stands here twice", "take one of them out"


def _seconds(raw: object) -> float | None:
    from reconciler.driver.scalars import duration

    try:
        return duration(raw).total_seconds() if isinstance(raw, str) else None
    except ValueError:
        return None
