"""How far a run is, account by account, in words and bars: values in, lines out. Pure.

`live` writes them.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC

from reconciler.events import Event, shown_detail
from reconciler.safe import ci_log
from reconciler.views.layout import cells, elide, pad
from reconciler.views.words import OUTCOMES, count, duration

_EVERY = 50  # completions between two lines of an account
_WORTH_TELLING = 5.0  # shorter waits are not told
_AGAIN = 60.0  # seconds before the same wait is told again
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
    looked: int = 0  # requests of the look that is under way
    looks: int = 0  # how many it will take, as far as one can tell
    look_began: float = 0.0
    told_wait: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class _Bars:
    """Bars of *width* cells, drawn with two letters."""

    width: int
    full: str
    empty: str

    def of(self, account: _Account) -> str:
        """How far *account* is."""
        part = min(account.done / account.total, 1.0) if account.total else 1.0
        filled = int(part * self.width)
        return self.full * filled + self.empty * (self.width - filled)


class Picture:
    """What is known of every account of a run. *clock* gives monotonic seconds.

    *every*: completions between two lines that `take` gives of an account.
    """

    def __init__(self, clock: Callable[[], float], *, every: int = _EVERY) -> None:
        self._clock = clock
        self._every = max(every, 1)
        self._accounts: dict[str, _Account] = {}

    def take(self, event: Event) -> str | None:
        """Take *event* in; the plain line that it is worth, if any."""
        if event.account is None:
            return None
        return self._take(self._account(event.account), event)

    def lines(self, width: int, *, unicode: bool) -> list[str]:
        """A line of less than *width* cells for each account that has anything to do."""
        shown = [one for one in self._accounts.values() if one.total or one.done]
        widest = min(_MOST_NAME, width // 4)
        longest = max((min(cells(one.name), widest) for one in shown), default=0)
        most = max((len(f"{one.total:,}") * 2 + 1 for one in shown), default=0)
        bars = _Bars(_BAR[0] if width < _WIDE else _BAR[1], *("━╌" if unicode else "#-"))
        return [self._line(one, width, (longest, most), bars) for one in shown]

    def _account(self, name: str) -> _Account:
        if name not in self._accounts:
            self._accounts[name] = _Account(ci_log(name), self._clock())
        return self._accounts[name]

    def _take(self, account: _Account, event: Event) -> str | None:
        match event.kind:
            case "account-started":
                account.started = self._clock()
                account.total = event.total or 0
                account.before = account.done = event.done or 0
                account.state = "starting"
                earlier = f", {account.done:,} of them done before" if account.done else ""
                return f"{account.name}: {count(account.total, 'target')}{earlier}"
            case "request":
                if account.state == "looking" and account.done == account.before:
                    account.started = self._clock()  # looks say nothing of the pace of deletions
                account.state = "sending"
            case "outcome":
                self._count(account, event)
                account.done = event.done if event.done is not None else account.done + 1
                account.state = "sending"
                if account.done - account.told >= self._every:
                    account.told = account.done
                    return self._plain(account)
            case "wait":
                return self._wait(account, event, _detail(event))
            case "look":
                return self._look(account, event, _detail(event))
            case "account-stopped":
                detail = _detail(event)
                account.state = f"stopped: {detail}" if detail else "stopped"
                account.ended = self._clock()
                return f"{account.name}: {account.state}"
            case "account-done":
                account.done = event.done if event.done is not None else account.done
                account.ended = self._clock()
                if not account.state.startswith("stopped"):
                    left = account.total - account.done
                    account.state = "done" if left <= 0 else f"ended, {left:,} not reached"
                    return f"{self._plain(account)}, {account.state}"
            case _:
                pass
        return None

    def _look(self, account: _Account, event: Event, detail: str) -> str | None:
        """A look that begins, or goes on; of a long one a line now and then."""
        changed = account.state != "looking"
        account.state = "looking"
        if event.done is None or event.total is None:
            account.looked = account.looks = 0
            why = f" ({detail})" if detail else ""
            return f"{account.name}: looking{why}" if changed or detail else None
        if event.done == 0:
            account.look_began = self._clock()
        account.looked, account.looks = event.done, event.total
        if event.done and event.done % self._every == 0:
            return f"{account.name}: {', '.join(self._looking(account))}"
        return None

    def _looking(self, account: _Account) -> list[str]:
        """How far a look is, its rate, and how long it will take."""
        if account.looks <= 1:
            return ["looking"]
        said = [f"looking {account.looked:,}/{account.looks:,}"]
        seconds = self._clock() - account.look_began
        if account.looked and seconds > 0:
            rate = account.looked / seconds
            said.append(_per(rate))
            said.append(f"{duration((account.looks - account.looked) / rate)} left")
        return said

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
        said = [_per(rate)]
        left = account.total - account.done
        if left > 0 and account.ended is None:
            said.append(f"{duration(left / rate)} left")
        return said

    def _plain(self, account: _Account) -> str:
        told = _outcomes(account.outcomes)
        parts = [f"{account.done:,}/{account.total:,}", *([told] if told else [])]
        return f"{account.name}: {', '.join([*parts, *self._pace(account)])}"

    def _line(self, account: _Account, width: int, columns: tuple[int, int], bars: "_Bars") -> str:
        name = pad(elide(account.name, columns[0]), columns[0])
        done = f"{account.done:,}/{account.total:,}".rjust(columns[1])
        head = f"{name}  {bars.of(account)}  {done}  "
        room = width - 1 - cells(head)
        tails = [" · ".join(facts) for facts in self._facts(account)]
        tail = next((one for one in tails if cells(one) <= room), tails[-1])
        line = head + tail
        return line if cells(line) < width else f"{_cut(line, width - 2)}…"

    def _facts(self, account: _Account) -> list[list[str]]:
        """What may stand after the numbers, the fullest first."""
        told = [_outcomes(account.outcomes)] if account.outcomes else []
        pace = self._pace(account)
        if account.state == "sending":
            return [[*told, *pace], [*told, *pace[1:]], told or ["sending"]]
        if account.state == "looking":
            looking = self._looking(account)
            return [[*looking, *told], looking, looking[:1]]
        if account.state in ("starting", "done", "waiting for its turn"):
            return [[account.state, *told, *pace], [account.state, *told], [account.state]]
        return [[account.state, *told], [account.state]]


def _detail(event: Event) -> str:
    """Its detail, to be shown."""
    return ci_log(shown_detail(event))


def _per(rate: float) -> str:
    """`1.5/s`, or `12.0/min`."""
    return f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min"


def _outcomes(outcomes: Counter[str]) -> str:
    known = [one for one in OUTCOMES if outcomes[one]]
    others = sorted(set(outcomes) - set(OUTCOMES))
    return ", ".join(f"{outcomes[one]:,} {one}" for one in [*known, *others])


def _cut(text: str, width: int) -> str:
    """The first *width* cells of *text*."""
    while cells(text) > width:
        text = text[:-1]
    return text
