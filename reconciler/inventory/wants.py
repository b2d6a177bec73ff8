"""What a table wants said, all together, so that one command reads it as it is."""

import itertools
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.errors import Instead, ReadAs
from reconciler.inventory import fixes
from reconciler.model import Reading

_MOST = 4  # commands to choose from


@dataclass
class Wants:
    """What is noted while a file is read that somebody can say where the command is given.

    *encoding*, *delimiter*: what it is in, and ours is not. *options*: (option, field) -> text.
    *choices*: the same, where only a person knows which: each text with what it would mean.
    *other*: something is wrong that no command mends.
    """

    encoding: str | None = None
    delimiter: str | None = None
    options: dict[tuple[str, str], str] = field(default_factory=dict)
    choices: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    other: bool = False

    def say(self, option: str, field_: str, text: str) -> None:
        """`--map id=Id`; of an option without a field *field_* is empty."""
        self.options[option, field_] = text

    def choose(self, option: str, field_: str, texts: Sequence[tuple[str, str]]) -> None:
        """One of *texts*, each with what it would mean."""
        if len(texts) == 1:
            self.say(option, field_, texts[0][0])
        else:
            self.choices[option, field_] = list(texts)

    def name_one(self, option: str, field_: str, names: Sequence[str]) -> None:
        """One of *names*, which are too many for a command each."""
        self.choices[option, field_] = [("NAME", f"NAME is one of {', '.join(names)}")]

    def instead(
        self, path: str, *, ours: bool, gzip: bool, taken: str | None, reading: Reading
    ) -> Instead | None:
        """How the file *path* would be read; None if nothing is wanted, or no command helps.

        *path*: as a shell finds it. *ours*: the project names it, not the command. *taken*: when it
        was last changed, None if that says nothing.
        """
        wanted = self.encoding or self.delimiter or self.options or self.choices
        if self.other or not wanted:
            return None
        recoded = self.encoding or self.delimiter
        shell, new = (
            fixes.mended(path, self.encoding, self.delimiter, gzip=gzip)
            if recoded
            else (None, path)
        )
        said = dict(self.options)
        at = reading.captured_at
        if (at is None and taken is not None) or (at is not None and recoded):
            said["--captured-at", ""] = at or taken or ""  # a new file has a time of its own
        ways = tuple(itertools.islice(self._ways(said), _MOST))
        return Instead(path, ours, new, shell, ways)

    def _ways(self, said: Mapping[tuple[str, str], str]) -> Iterator[ReadAs]:
        keys = list(self.choices)
        for chosen in itertools.product(*self.choices.values()):
            every = {**said, **{key: text for key, (text, _) in zip(keys, chosen, strict=True)}}
            options = tuple(
                (option, f"{name}={text}" if name else text)
                for (option, name), text in every.items()
            )
            yield ReadAs(options, "; ".join(means for _, means in chosen))


def option(name: str, field_: str, text: str) -> str:
    """`--map 'id=Campaign Id'`, as a shell takes it."""
    return f"{name} {shlex.quote(f'{field_}={text}')}"
