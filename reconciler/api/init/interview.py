"""What `init` asks of somebody who is there to answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from reconciler.api.init import Started, init
from reconciler.api.init.beginning import DEFAULT, PLACES, driver_named, questions
from reconciler.api.init.vendors import vendor_of
from reconciler.errors import Usage
from reconciler.safe import terminal
from reconciler.site import Site


class Prompt(Protocol):
    """Asks for one thing; without an answer it is *default*. *choices*: the only answers."""

    def __call__(
        self, question: str, default: str, choices: Sequence[str] | None = None
    ) -> str: ...


def interview(
    site: Site,
    ask: Prompt,
    say: Callable[[str], None],
    complain: Callable[[str], None],
    *,
    driver: str | None,
    account: str | None,
    at: str | None,
    settings: Mapping[str, str],
    credentials: Mapping[str, str],
    port: int,
    ci: str | None,
) -> Started:
    """`init`, after asking for all that was not said: and again as long as an answer cannot be.

    *say* tells what an answer is about, *complain* what is wrong with one.
    """
    driver = driver or _driver(ask, say)
    default = vendor_of(driver_named(driver)).account
    account = account or ask("\nWhat shall manifests call the account?", default)
    place = "sandbox" if ci is None else "vendor"
    at = at or ask("\nThe sandbox on this machine, or the vendor itself?", place, PLACES)
    while True:
        known, sources = dict(settings), dict(credentials)
        for one in questions(driver_named(driver), account, at):
            about = f"\n{terminal(one.key)}: {terminal(one.about)}"
            if one.credential and one.key not in sources:
                say(f"{about}\nWhere is it? env:NAME or file:PATH, never the secret itself.")
                sources[one.key] = ask("Its source", one.default)
            elif not one.credential and at == "vendor" and one.key not in known:
                say(about)
                known[one.key] = ask(f"Your {one.key}", one.default)
        try:
            return init(
                site,
                driver=driver,
                account=account,
                at=at,
                settings=known,
                credentials=sources,
                port=port,
                ci=ci,
            )
        except Usage as error:
            if known == settings and sources == credentials:
                raise  # nothing was asked for that could be answered otherwise
            complain(f"\n{terminal(str(error))}")


def _driver(ask: Prompt, say: Callable[[str], None]) -> str:
    from reconciler.api.drivers import drivers

    found, _ = drivers()
    width = max(len(one["name"]) for one in found)
    listed = [f"  {terminal(one['name']).ljust(width)}  {terminal(one['title'])}" for one in found]
    say("\n".join(["Which vendor?", *listed]))
    return ask("Driver", DEFAULT, [one["name"] for one in found])
