"""One account of the project file: its driver's settings, its pace, what makes it what it is."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from reconciler.declare.definition import definition
from reconciler.declare.fields import BaseUrl, Duration, Line, Positive, WrittenAs
from reconciler.declare.guards import AccountGuards, Guards
from reconciler.declare.near import near
from reconciler.declare.proxy import Proxy
from reconciler.driver import Driver
from reconciler.driver.declared import (
    Complaint,
    Declared,
    NotWritten,
    ReadFrom,
    complaint,
    mistakes,
    several,
)
from reconciler.model import Limits

FindDriver = Callable[[str], Driver | None]


class ReadProject(ReadFrom):
    """The context of reading a project file.

    *driver_names* are asked for only when a driver is not found (listing them may be slow).
    *guards* are the project's, once they are read: an account's replace them key by key.
    """

    def __init__(
        self,
        *,
        find_driver: FindDriver,
        driver_names: Sequence[str] | Callable[[], Sequence[str]],
        **known: Any,
    ) -> None:
        super().__init__(**known)
        self.find_driver = find_driver
        self.guards = Guards.model_construct()
        self._names = driver_names

    def names(self) -> Sequence[str]:
        return self._names() if callable(self._names) else self._names


# ---------------------------------------------------------------- what is written otherwise


class AccountLimits(Declared):
    """An account's pace; what is omitted is the driver's."""

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"requests": ["per"], "per": ["requests"]}}
    )

    requests: Annotated[Positive | None, Field(description="Requests in any `per`.")] = None
    per: Annotated[Duration | None, Field(description="The time that `requests` are for.")] = None
    concurrency: Annotated[Positive | None, Field(description="Requests at one time, at most.")] = (
        None
    )

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if ("requests" in raw) != ("per" in raw):
            said = "requests and per belong together"
            yield (), said, "write both, such as `requests: 1` and `per: 1s`"

    def over(self, own: Limits) -> Limits:
        """*own* (the driver's) with what is written in its place."""
        return Limits(
            requests=self.requests or own.requests,
            per=self.per.total_seconds() if self.per else own.per,
            concurrency=self.concurrency or own.concurrency,
        )


def _limits(written: AccountLimits, info: ValidationInfo) -> Limits:
    driver, settings = _driver(info), info.data.get("settings")
    none = Limits(requests=1, per=1.0, concurrency=1)  # the driver or its settings are wrong
    return written.over(driver.limits(settings) if driver and settings is not None else none)


def _guards(written: AccountGuards, info: ValidationInfo) -> Guards:
    assert isinstance(info.context, ReadProject)
    return info.context.guards.replaced_by(written)


def _complete(written: str, info: ValidationInfo) -> bool:
    del info
    return written == "complete"


def _driver(info: ValidationInfo) -> Driver | None:
    """The account's driver, if it has a right one."""
    assert isinstance(info.context, ReadProject)
    name = info.data.get("driver")
    return None if name is None else info.context.find_driver(name)


# ---------------------------------------------------------------- the account


class Account(Declared):
    """One set of credentials at one vendor.

    *settings* are the driver's own, read by its model.
    *limits* and *complete* are the driver's where the file does not say, *guards* the project's.
    *definition*: the digest that says that it is still the same (see `definition`).
    """

    model_config = ConfigDict(json_schema_extra={"required": ["driver"]})

    name: Annotated[str, NotWritten()] = ""
    driver: Annotated[Line, Field(description="Which vendor's API: `reconciler drivers`.")]
    settings: Annotated[
        Any,
        WithJsonSchema({"type": "object"}),
        Field(description="The driver's own settings: `reconciler drivers NAME`."),
    ] = None
    base_url: Annotated[
        BaseUrl | None,
        Field(description="Replaces scheme, host and port; its path goes before the vendor's."),
    ] = None
    limits: Annotated[
        Limits,
        WrittenAs(AccountLimits, _limits),
        Field(description="Pace; what is left out is the driver's."),
    ]
    complete: Annotated[
        bool,
        WrittenAs(Literal["complete", "partial"], _complete),
        Field(
            validation_alias="inventory",
            description="partial: what is not listed may still exist. Default: the driver's.",
        ),
    ]
    before: Annotated[
        Literal["look"] | None,
        Field(description="Look at each target before its request, where the driver can."),
    ] = None
    scope: Annotated[
        Line | None,
        Field(
            description="What this account is at its vendor, where only a secret says it; the key"
            " may then be rotated."
        ),
    ] = None
    keep_copy: Annotated[
        Literal[True, "required"] | None,
        Field(
            description="Store what the vendor says of a campaign before it is deleted;"
            " required: else it is not deleted."
        ),
    ] = None
    max_batch: Annotated[Positive | None, Field(description="Targets a request, at most.")] = None
    timeout: Annotated[
        Duration | None,
        Field(
            description="What a request may take, from its first byte to the whole answer."
            " Default: the driver's."
        ),
    ] = None
    proxy: Annotated[Proxy | None, Field(description="Every request goes through it.")] = None
    ca_file: Annotated[
        Line | None, Field(description="PEM file of the authorities that are trusted instead.")
    ] = None
    guards: Annotated[
        Guards,
        WrittenAs(AccountGuards, _guards),
        Field(description="Replace the project's guards, key by key."),
    ]
    definition: Annotated[str, NotWritten()] = ""

    @property
    def before_look(self) -> bool:
        """Whether each target is looked at before its request."""
        return self.before == "look"

    @classmethod
    def not_written(cls, raw: dict[str, Any], read: ReadFrom) -> dict[str, Any]:
        """What the driver says where the file does not."""
        assert isinstance(read, ReadProject)
        name = raw.get("driver")
        driver = read.find_driver(name) if isinstance(name, str) else None
        whole = "complete" if driver is not None and driver.complete else "partial"
        left_out = {"settings": {}, "limits": {}, "guards": {}, "inventory": whole}
        if driver is not None and driver.anywhere:
            left_out["baseUrl"] = ""
        return {key: value for key, value in left_out.items() if raw.get(key) is None} | {
            "definition": ""
        }

    @field_validator("driver", mode="after")
    @classmethod
    def _known_driver(cls, name: str, info: ValidationInfo) -> str:
        read = info.context
        if not isinstance(read, ReadProject) or read.find_driver(name) is not None:
            return name
        known = read.names()
        close = near(name, known)
        fix = f"did you mean `{close}`?" if close else f"the drivers are: {', '.join(known)}"
        raise complaint("driver", f"there is no driver `{name}`", fix)

    @field_validator("settings", mode="plain")
    @classmethod
    def _by_driver(cls, raw: Any, info: ValidationInfo) -> Any:
        """The settings as the driver's model reads them; no message quotes a value of them."""
        if not isinstance(info.context, ReadProject):
            return raw
        if (driver := _driver(info)) is None:
            return None
        try:
            return driver.settings.model_validate(raw, context=info.context)
        except ValidationError as error:
            raise several(one._replace(quiet=True) for one in mistakes(error)) from None

    @field_validator("keep_copy", mode="after")
    @classmethod
    def _can_keep(cls, given: Any, info: ValidationInfo) -> Any:
        """What must be kept must be seen first."""
        driver = _driver(info) if isinstance(info.context, ReadProject) else None
        if given != "required" or driver is None or driver.look or driver.list:
            return given
        said = f"driver `{driver.name}` cannot look at a campaign, so no copy can be required"
        raise complaint("keep-copy", said, "leave `keepCopy` out for this account")

    @field_validator("definition", mode="after")
    @classmethod
    def _defined(cls, given: str, info: ValidationInfo) -> str:
        if not isinstance(info.context, ReadProject):
            return given
        driver, settings = _driver(info), info.data.get("settings")
        if driver is None or settings is None:
            return ""
        return definition(driver, settings, info.data.get("base_url"))
