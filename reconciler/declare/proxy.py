"""The proxy of an account: a URL, or that with a user and a password."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from reconciler.declare.fields import ProxyUrl
from reconciler.driver import Complaint, Credential, Settings


class Proxy(Settings):
    """What every request of an account goes through; a text is its *url*."""

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"user": ["password"], "password": ["user"]}}
    )
    shorthand: ClassVar[str | None] = "url"

    url: Annotated[ProxyUrl, Field(description="Scheme, host and port; it holds no secret.")]
    user: Annotated[Credential | None, Field(description="Who we are to the proxy.")] = None
    password: Annotated[Credential | None, Field(description="Belongs to `user`.")] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if ("user" in raw) != ("password" in raw):
            yield (), "user and password belong together", "write both, or none"
