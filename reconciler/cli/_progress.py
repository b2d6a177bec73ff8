"""How an apply goes on, on a stream: a live picture on a terminal, plain lines anywhere else.

Progress is a courtesy: a stream that is closed, full or poor in letters never disturbs the run.
The first failed write switches it off; letters the stream cannot encode are replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.events import Event, shown_detail
from reconciler.safe import ci_log
from reconciler.views.layout import cells, elide, pad
from reconciler.views.words import OUTCOMES, duration

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_REDRAW = 0.1  # seconds between two pictures
_EVERY = 50  # plain: completions between two lines of an account
_WORTH_TELLING = 5.0  # plain: shorter waits are not told
_AGAIN = 60.0  # plain: seconds before the same wait is told again
_MOST_NAME = 24
_FINAL = ("deleted", "already-absent")
_BAR = (10, 24)  # cells, on a narrow and a wide terminal
_WIDE = 100


@dataclass(slots=True)
class _Account:
    name: str
    started: float
    total: int = 0
    before: int = 0  # finished by earlier runs
    done: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    open: dict[str, str] = field(default_factory=dict)  # target -> an outcome that may still change
    state: str = "waiting for its turn"
    ended: float | None = None
    told: int = 0
    told_wait: tuple[str, float] | None = None


class Progress:
    """Takes events, writes to *stream*; never raises for what the stream does.

    *live*: redraw in place (only on a terminal); else a line now and then, without control codes.
    *clock* gives monotonic seconds. No thread: what is drawn changes with `emit` and `tick`.
    """

    def __init__(
        self,
        stream: TextIO | None,
        *,
        live: bool,
        clock: Callable[[], float],
        width: int = 80,
        color: bool = False,
        every: int = _EVERY,
    ) -> None:
        self._out = _Stream(stream)
        self._clock = clock
        self._width = max(width, 40)
        self._color = color
        self._every = max(every, 1)
        self._accounts: dict[str, _Account] = {}
        self._live_wanted = live
        self._live: Live | None = None
        self._drawn = float("-inf")

    @property
    def off(self) -> bool:
        """Whether a write failed; nothing is written any more."""
        return self._out.off

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def emit(self, event: Event) -> None:
        """Take *event* in; draw or write what it changes."""
        if self.off:
            return
        if event.account is None:
            if event.kind == "run-ended":
                self.close()
            return
        account = self._account(event.account)
        news = self._take(account, event)
        if self._live_wanted:
            self._draw(now=event.kind in ("account-started", "account-stopped", "account-done"))
        elif news:
            self._out.write(f"{news}\n")
            self._out.flush()

    def tick(self) -> None:
        """Draw again though nothing happened (times go on)."""
        if self._live is not None:
            self._draw()

    def close(self) -> None:
        """Leave the last picture and give the cursor back; may be called more than once."""
        if self._live is not None:
            live, self._live = self._live, None
            live.update(self._picture())
            live.stop()
        self._live_wanted = False

    # ------------------------------------------------------------ what is known

    def _account(self, name: str) -> _Account:
        if name not in self._accounts:
            self._accounts[name] = _Account(ci_log(name), self._clock())
        return self._accounts[name]

    def _take(self, account: _Account, event: Event) -> str | None:
        """Take *event* in; returns the plain line it is worth, if any."""
        detail = ci_log(shown_detail(event))
        match event.kind:
            case "account-started":
                account.started = self._clock()
                account.total = event.total or 0
                account.before = account.done = event.done or 0
                account.state = "starting"
                earlier = f", {account.done:,} of them done before" if account.done else ""
                return f"{account.name}: {account.total:,} targets{earlier}"
            case "request":
                account.state = "sending"
            case "outcome":
                self._count(account, event)
                account.done = event.done if event.done is not None else account.done + 1
                account.state = "sending"
                if account.done - account.told >= self._every:
                    account.told = account.done
                    return self._plain(account)
            case "wait":
                return self._wait(account, event, detail)
            case "look":
                changed = account.state != "looking"
                account.state = "looking"
                why = f" ({detail})" if detail else ""
                return f"{account.name}: looking{why}" if changed else None
            case "account-stopped":
                account.state = f"stopped: {detail}" if detail else "stopped"
                account.ended = self._clock()
                return f"{account.name}: {account.state}"
            case "account-done":
                account.done = event.done if event.done is not None else account.done
                account.ended = self._clock()
                if not account.state.startswith("stopped"):
                    account.state = "done"
                    return f"{self._plain(account)}, done"
            case _:
                pass
        return None

    def _count(self, account: _Account, event: Event) -> None:
        """A target counts once: a doubt that is settled is no doubt any more."""
        said, target = ci_log(event.outcome or "?"), event.target or ""
        if (before := account.open.pop(target, None)) is not None:
            account.outcomes[before] -= 1
        account.outcomes[said] += 1
        if target and said not in _FINAL:
            account.open[target] = said

    def _wait(self, account: _Account, event: Event, detail: str) -> str | None:
        until = f" until {event.until.astimezone(UTC):%H:%M:%S} UTC" if event.until else ""
        why = f" ({detail})" if detail else ""
        account.state = f"waiting{until}{why}"
        seconds = (event.until - event.at).total_seconds() if event.until else _WORTH_TELLING
        told = account.told_wait
        now = self._clock()
        if seconds < _WORTH_TELLING or (told and told[0] == detail and now - told[1] < _AGAIN):
            return None
        account.told_wait = (detail, now)
        return f"{account.name}: {account.state}"

    def _rate(self, account: _Account) -> float:
        seconds = (account.ended or self._clock()) - account.started
        return (account.done - account.before) / seconds if seconds > 0 else 0.0

    def _pace(self, account: _Account) -> list[str]:
        rate = self._rate(account)
        if not rate:
            return []
        said = [f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min"]
        left = account.total - account.done
        if left > 0 and account.ended is None:
            said.append(f"{duration(left / rate)} left")
        return said

    def _plain(self, account: _Account) -> str:
        told = _outcomes(account.outcomes)
        parts = [f"{account.done:,}/{account.total:,}", *([told] if told else [])]
        return f"{account.name}: {', '.join([*parts, *self._pace(account)])}"

    # ------------------------------------------------------------ the picture

    def _draw(self, *, now: bool = False) -> None:
        moment = self._clock()
        if self.off or (not now and moment - self._drawn < _REDRAW):
            return
        self._drawn = moment
        if self._live is None:
            self._live = _live(self._out, self._width, color=self._color)
            self._live.start()
        self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Text:
        from rich.text import Text

        shown = [one for one in self._accounts.values() if one.total or one.done]
        widest = min(_MOST_NAME, self._width // 4)
        longest = max((min(cells(one.name), widest) for one in shown), default=0)
        most = max((len(f"{one.total:,}") * 2 + 1 for one in shown), default=0)
        lines = [Text(self._line(one, longest, most), no_wrap=True, end="") for one in shown]
        return Text("\n").join(lines)

    def _line(self, account: _Account, name_width: int, done_width: int) -> str:
        name = pad(elide(account.name, name_width), name_width)
        done = f"{account.done:,}/{account.total:,}".rjust(done_width)
        head = f"{name}  {self._bar(account)}  {done}  "
        room = self._width - 1 - cells(head)
        tails = [" · ".join(facts) for facts in self._facts(account)]
        tail = next((one for one in tails if cells(one) <= room), tails[-1])
        line = head + tail
        return line if cells(line) < self._width else f"{_cut(line, self._width - 2)}…"

    def _facts(self, account: _Account) -> list[list[str]]:
        """What may stand after the numbers, the fullest first."""
        told = [_outcomes(account.outcomes)] if account.outcomes else []
        pace = self._pace(account)
        if account.state == "sending":
            return [[*told, *pace], [*told, *pace[1:]], told or ["sending"]]
        if account.state in ("starting", "looking", "done", "waiting for its turn"):
            return [[account.state, *told, *pace], [account.state, *told], [account.state]]
        return [[account.state, *told], [account.state]]

    def _bar(self, account: _Account) -> str:
        width = _BAR[0] if self._width < _WIDE else _BAR[1]
        full, empty = ("━", "╌") if self._out.unicode else ("#", "-")
        part = min(account.done / account.total, 1.0) if account.total else 1.0
        filled = int(part * width)
        return full * filled + empty * (width - filled)


def _outcomes(outcomes: Counter[str]) -> str:
    known = [one for one in OUTCOMES if outcomes[one]]
    others = sorted(set(outcomes) - set(OUTCOMES))
    return ", ".join(f"{outcomes[one]:,} {one}" for one in [*known, *others])


def _cut(text: str, width: int) -> str:
    """The first *width* cells of *text*."""
    while cells(text) > width:
        text = text[:-1]
    return text


# ---------------------------------------------------------------- the stream


class _Stream:
    """A text stream that cannot fail: after the first error it swallows everything."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.off = stream is None  # Python's word for a standard stream that was closed
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        try:
            "━╌…·".encode(self.encoding)
        except (UnicodeError, LookupError):
            self.unicode = False
        else:
            self.unicode = True

    def write(self, text: str) -> int:
        if self._stream is not None and not self.off:
            try:
                self._stream.write(text if self.unicode else self._plain(text))
            except (OSError, ValueError):
                self.off = True
        return len(text)

    def flush(self) -> None:
        if self._stream is not None and not self.off:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self.off = True

    def isatty(self) -> bool:
        return True  # asked by rich alone, and only where the caller chose the live picture

    def _plain(self, text: str) -> str:
        poor = text.replace("…", "...").replace("·", "-").replace("•", "*")
        try:
            return poor.encode(self.encoding, "replace").decode(self.encoding)
        except LookupError:
            return poor.encode("ascii", "replace").decode("ascii")


def _live(out: _Stream, width: int, *, color: bool) -> Live:
    from rich.console import Console
    from rich.live import Live

    console = Console(
        file=out,  # type: ignore[arg-type]
        width=width,
        force_terminal=True,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    return Live(
        console=console,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
        vertical_overflow="ellipsis",
    )
