"""The words that a shell gives to be completed, and the lines that it is answered."""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.api.completing import Completion


def typed(shell: str, environ: Mapping[str, str]) -> tuple[list[str], str]:
    """The whole words before the cursor, without the command itself; and the one under it.

    As they are written: but for fish, the shell's quotes are still there.
    """
    words = environ.get("COMP_WORDS", "").split("\n")
    index = int(environ.get("COMP_CWORD", "0"))
    words, current = words[1:index], words[index] if index < len(words) else ""
    if shell == "bash":
        *words, current = _glued([*words, current], _breaks(environ))
    return words, current


def answer(
    shell: str, environ: Mapping[str, str], begun: str, found: Iterable[Completion]
) -> Iterator[str]:
    """What was *found* for the word that was *begun*, line by line as the scripts read it."""
    breaks = _breaks(environ) if shell == "bash" else set()
    # How much of the word stands before what bash takes for the word.
    broken = max((at + 1 for at, sign in enumerate(begun) if sign in breaks), default=0)
    for one in found:
        value = one.value if one.kind in ("file", "dir") else one.value[broken:]
        told = (one.kind, value, one.about or "")
        # What cannot stand on a line is left out.
        if not any(sign in text for text in told for sign in "\t\n\r\x1b"):
            yield "\t".join(told) + "\n"


def _breaks(environ: Mapping[str, str]) -> set[str]:
    """The signs of ours at which bash breaks words."""
    return set(environ.get("COMP_BREAKS", "=:")) & set("=:")


def _glued(words: Iterable[str], breaks: set[str]) -> list[str]:
    """Bash breaks words at `=` and `:` too; here they are whole again."""
    found: list[str] = []
    open_ = False
    for word in words:
        sign = bool(word) and set(word) <= breaks
        if found and (sign or open_):
            found[-1] += word
        else:
            found.append(word)
        open_ = sign
    return found
