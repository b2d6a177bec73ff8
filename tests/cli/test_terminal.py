"""What a terminal of 80 and of 200 columns shows of a run is what happened. In real tmux."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.apply_site import Site, free_port, sandbox
from tests.support.terminal import TMUX, Terminal

pytestmark = pytest.mark.skipif(TMUX is None, reason="there is no tmux here")
Open = Callable[[Site], Terminal]


@pytest.fixture(params=[80, 200])
def terminal(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a terminal in the folder of a site."""
    opened: list[Terminal] = []

    def make(site: Site) -> Terminal:
        opened.append(Terminal(site.root, request.param))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def line_of(screen: str, account: str) -> str:
    """The last picture of *account*'s progress."""
    return next(one for one in screen.splitlines() if one.startswith(f"{account} "))


def planned(site: Site, url: str) -> None:
    site.url = url
    site.write()
    site.manifest("push")
    site.plan("--account", "push")


def test_a_first_run_with_looks(bare: Site, terminal: Open) -> None:
    with sandbox() as url:
        planned(bare, url)
        shown = terminal(bare)
        shown.start("apply", "plan.json")
        code, screen = shown.ended()
        assert code == 0, screen
        line = line_of(screen, "push")
        assert "3/3" in line
        assert "done · 3 deleted" in line
        assert "Result: 3 deleted." in screen
        assert len(bare.effects()) == 3


def test_a_throttled_run(bare: Site, terminal: Open) -> None:
    with sandbox("batch-cep:throttle=4") as url:
        planned(bare, url)
        shown = terminal(bare)
        shown.start("apply", "plan.json")
        code, screen = shown.ended()
        assert (code, len(bare.effects())) == (0, 3), screen
        assert "3/3" in line_of(screen, "push")
        assert "3 deleted" in line_of(screen, "push")


def test_an_unreachable_vendor(bare: Site, terminal: Open) -> None:
    planned(bare, f"http://127.0.0.1:{free_port()}")
    shown = terminal(bare)
    shown.start("apply", "plan.json")
    code, screen = shown.ended()
    assert code == 5, screen
    line = line_of(screen, "push")
    assert "0/3" in line
    assert "done" not in line
    assert "deleted" not in screen
    assert "Result: 3 pending." in screen
    assert "Run apply again to go on with what is pending" in " ".join(screen.split())


def test_a_resume_shows_what_was_done_before(bare: Site, terminal: Open) -> None:
    with sandbox() as url:
        planned(bare, url)
        assert bare.apply("--limit", "2") == 5, bare.err
        shown = terminal(bare)
        shown.start("apply", "plan.json")
        code, screen = shown.ended()
        assert code == 0, screen
        assert "1/1" in line_of(screen, "push")
        assert "1 deleted" in line_of(screen, "push")
        assert "Result: 3 deleted." in screen
