"""A message for a Slack incoming webhook. Foreign text stands in plain text alone."""

from typing import Any, Final

from reconciler.safe import cap
from reconciler.views.notices.notice import Notice

_HEADER: Final = 140  # characters; Slack takes 150
_SECTION: Final = 2_900  # Slack takes 3,000


def message(notice: Notice) -> dict[str, Any]:
    """*notice* in blocks; `text` is what a phone shows of it."""
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(_cut(notice.title, _HEADER))}]
    if notice.lines:
        blocks.append({"type": "section", "text": _plain(cap("\n".join(notice.lines), _SECTION))})
    about = [_plain(f"{notice.project}, plan {notice.plan}")]
    if notice.run is not None:  # an address of plain characters, which nothing can end early
        about.append({"type": "mrkdwn", "text": f"<{notice.run}|The run>"})
    blocks.append({"type": "context", "elements": about})
    return {"text": _escaped(f"{notice.project}: {notice.title}"), "blocks": blocks}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _escaped(text: str) -> str:
    """Where Slack reads `<!channel>` and links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
