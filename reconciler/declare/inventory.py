"""An entry of the project's `inventory`: a file, and how it is read where it does not say so."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from reconciler.declare.fields import Inside, Line
from reconciler.declare.reading import named, wrong
from reconciler.driver.declared import Complaint, Declared
from reconciler.model import Reading


class InventoryEntry(Declared):
    """A file of the inventory; only its path where it says all the rest itself."""

    shorthand: ClassVar[str | None] = "path"

    path: Annotated[Inside, Field(description="The file, from the project's folder.")]
    captured_at: Annotated[
        Line | None,
        Field(
            description="When it was captured, where no header says; mtime: when it was changed.",
            examples=["2026-11-20T08:00:00Z", "mtime"],
        ),
    ] = None
    format: Annotated[
        Literal["ndjson", "json", "yaml", "csv"] | None,
        Field(description="Default: by the suffix."),
    ] = None
    date_format: Annotated[
        Line | None,
        Field(description="How CSV writes dates; %s: seconds since 1970.", examples=["%d/%m/%Y"]),
    ] = None
    map: Annotated[
        Mapping[str, Line] | None, Field(description="Field -> the column of CSV that holds it.")
    ] = None
    set: Annotated[
        Mapping[str, Line] | None,
        Field(description="Field -> what every record has; ids: text takes ids as they are."),
    ] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        for one in wrong(_reading(raw)):
            yield one.path, one.what, one.fix

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        made = handler(core)
        whole = handler.resolve_ref_schema(made)
        said = {key: whole.pop(key) for key in ("description",) if key in whole}
        path = whole["properties"]["path"]
        entry = dict(whole)
        whole.clear()
        whole.update(said, anyOf=[{k: path[k] for k in ("type", "pattern")}, entry])
        return made

    @property
    def reading(self) -> Reading:
        """How it is read."""
        return named(
            Reading(
                format=self.format,
                captured_at=self.captured_at,
                date_format=self.date_format,
                map=dict(self.map) if self.map else None,
                set=dict(self.set) if self.set else None,
            )
        )


def _reading(raw: Mapping[str, Any]) -> Reading:
    """What of *raw* is written as it should be; its types are told elsewhere."""
    return Reading(
        captured_at=_text(raw.get("capturedAt")),
        date_format=_text(raw.get("dateFormat")),
        map=_texts(raw.get("map")),
        set=_texts(raw.get("set")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    return {key: text for key, text in value.items() if isinstance(text, str)}
