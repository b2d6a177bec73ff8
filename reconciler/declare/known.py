"""What nobody knows of a record: the fields that an exception may not take for missing."""

from unicodedata import normalize

from reconciler.model import AccountFacts, Campaign, Status

LABELS = "labels"
_KEYS = dict(zip(Campaign.__struct_encode_fields__, Campaign.__struct_fields__, strict=True))


def unknown(campaign: Campaign, facts: AccountFacts | None, field: str) -> bool:
    """Whether nobody knows what *campaign* has in *field*: the value may be any, or none.

    *field* is a key of a record (`createdAt`, `labels`) or one label (`labels.team`). *facts* are
    those of the campaign's account once the whole inventory has been read; None: no header names
    it. A field that is there is known. One that is missing is known to be missing only where the
    source knows the field (spec §2.3): then, and only then, an exception that asks for it does not
    hold. A status `unknown` is unknown, and so is what the record itself lists under `unknown`.
    """
    said = campaign.unknown or ()
    if field in said:
        return True
    fields = None if facts is None else facts.fields
    if field.startswith(f"{LABELS}."):
        return _label_unknown(campaign, fields, field)
    value = getattr(campaign, _KEYS[field])
    if field == "name":  # every record has one; of a source that lists others, an empty one is none
        return not value and fields is not None and field not in fields
    if field == "status":
        known = value is not None and value is not Status.UNKNOWN
        return not known and (value is not None or _unlisted(fields, field))
    if field == LABELS and value:
        return not _whole(campaign, fields)
    return value is None and _unlisted(fields, field)


def _label_unknown(campaign: Campaign, fields: tuple[str, ...] | None, field: str) -> bool:
    key = _nfc(field.removeprefix(f"{LABELS}."))
    if campaign.labels is not None and any(_nfc(one) == key for one in campaign.labels):
        return False
    if fields is not None and any(_nfc(one) == _nfc(field) for one in fields):
        return False
    if LABELS in (campaign.unknown or ()):
        return True
    if campaign.labels is None:
        return _unlisted(fields, LABELS)
    return not _whole(campaign, fields)


def _whole(campaign: Campaign, fields: tuple[str, ...] | None) -> bool:
    """Whether the labels of a record that has some are all of them.

    No labels (`{}`) are said on purpose. Where a source lists what it knows, and labels are not
    among it or only some, there may be more than those that it shows.
    """
    if LABELS in (campaign.unknown or ()):
        return False
    return not campaign.labels or fields is None or LABELS in fields


def _nfc(text: str) -> str:
    return text if text.isascii() else normalize("NFC", text)


def _unlisted(fields: tuple[str, ...] | None, field: str) -> bool:
    return fields is None or field not in fields
