"""An Adaptive Card for a Microsoft Teams webhook. Text runs are no Markdown, whatever they hold."""

from typing import Any, Final

from reconciler.safe import cap
from reconciler.views.notices.notice import Notice

_TEXT: Final = 6_000  # characters for people; Teams takes 28 KB, and JSON may make six of one


def message(notice: Notice) -> dict[str, Any]:
    """*notice* as a message with one card."""
    said = cap("\n".join(notice.lines), _TEXT // 2)
    body = [_run(cap(notice.title, _TEXT // 10), weight="Bolder", size="Medium")]
    body += [_run(line) for line in said.split("\n") if line]
    body.append(_run(f"{notice.project}, plan {notice.plan}", subtle=True))
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if notice.run is not None:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "The run", "url": notice.run}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _run(text: str, *, subtle: bool = False, **how: str) -> dict[str, Any]:
    run = {"type": "TextRun", "text": text, **how}
    if subtle:
        run["isSubtle"] = True  # type: ignore[assignment]
    return {"type": "RichTextBlock", "inlines": [run]}
