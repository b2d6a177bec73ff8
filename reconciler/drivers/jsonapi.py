"""What JSON:API (jsonapi.org) puts around things: resources, and what they are related to."""

from typing import Any

from reconciler.drivers.shapes import at


def related(item: Any, page: dict[str, Any], relation: str, attribute: str) -> list[Any] | None:
    """An *attribute* of all that *item* has a *relation* to, from what *page* includes.

    None stands for what is not included. None alone: the item does not speak of that relation.
    """
    own, included = at(item, f"relationships.{relation}.data"), page.get("included")
    if not isinstance(own, list):
        return None
    known = {
        _identity(one): at(one, f"attributes.{attribute}")
        for one in (included if isinstance(included, list) else ())
    }
    return [known.get(_identity(one)) for one in own]


def _identity(resource: Any) -> tuple[str, str]:
    return str(at(resource, "type")), str(at(resource, "id"))
