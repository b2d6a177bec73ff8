"""How each shell asks for completions, and how it is answered.

Click's own scripts cannot show files beside anything else, and know nothing of words that bash
breaks at `=`. A line of an answer is KIND, value and help with tabs between: `file` (let the shell
complete files), `dir` (folders), `path` (this file or, with a slash at its end, folder), `plain`.
"""

import os
import sys
from typing import Final

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from reconciler.cli._completions import completions

_BASH = """\
_reconciler_completion() {
    local IFS=$'\\n' line kind value
    COMPREPLY=()
    for line in $(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
        COMP_BREAKS="$COMP_WORDBREAKS" _RECONCILER_COMPLETE=bash_complete "$1" 2>/dev/null); do
        kind=${line%%$'\\t'*}
        value=${line#*$'\\t'}
        value=${value%%$'\\t'*}
        case $kind in
            file) compopt -o default -o bashdefault ;;
            dir) compopt -o dirnames ;;
            path) compopt -o filenames; COMPREPLY+=("${value%/}") ;;
            part) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
}
complete -o nosort -F _reconciler_completion reconciler
"""

_ZSH = """\
#compdef reconciler
_reconciler_completion() {
    local -a lines plain shown part parts
    local line kind value help found=1
    lines=("${(@f)$(COMP_WORDS="${(pj:\\n:)words[1,$CURRENT]}" COMP_CWORD=$((CURRENT-1)) \\
        _RECONCILER_COMPLETE=zsh_complete $words[1] 2>/dev/null)}")
    for line in $lines; do
        part=("${(@ps:\\t:)line}")
        kind=$part[1] value=$part[2] help=$part[3]
        case $kind in
            file) compset -P '*='; _files && found=0 ;;
            dir) compset -P '*='; _files -/ && found=0 ;;
            path)
                if [[ $value == */ ]]; then
                    compadd -U -S '' -- "$value" && found=0
                else
                    compadd -U -f -- "$value" && found=0
                fi ;;
            part) compadd -U -S '' -- "$value" && found=0 ;;
            plain) plain+=("$value"); shown+=("$value${help:+  -- $help}") ;;
        esac
    done
    (( $#plain )) && compadd -U -l -d shown -a plain && found=0
    return found
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _reconciler_completion "$@"
else
    compdef _reconciler_completion reconciler
fi
"""

_FISH = """\
function _reconciler_completion
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (env COMP_WORDS=(string join \\n -- $words $current | string collect) \\
        COMP_CWORD=(count $words) _RECONCILER_COMPLETE=fish_complete $words[1] 2>/dev/null)
    for line in $lines
        set -l part (string split \\t -- $line)
        switch $part[1]
            case file
                __fish_complete_path $current
            case dir
                __fish_complete_directories $current
            case '*'
                if test -n "$part[3]"
                    echo $part[2]\\t$part[3]
                else
                    echo $part[2]
                end
        end
    end
end
complete --no-files --command reconciler --arguments '(_reconciler_completion)'
"""

SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def answer(cli: click.Command, instruction: str) -> int:
    """Print the completions that *instruction* (`SHELL_complete`) asks for."""
    shell = instruction.partition("_")[0]
    if instruction != f"{shell}_complete" or shell not in SCRIPTS:
        return 1
    args, incomplete = _given(shell)
    found = completions(_Asked(cli, {}, "reconciler", ""), args, incomplete)
    broken = _broken_off(incomplete) if shell == "bash" else 0
    lines = [_line(one, broken) for one in found]
    if lines and sys.stdout is not None:
        sys.stdout.write("".join(f"{line}\n" for line in lines if line is not None))
    return 0


class _Asked(ShellComplete):
    """Click's part: which parameter is being written."""

    name = "ours"
    source_template = ""


def _line(one: "CompletionItem[str]", broken: int) -> str | None:
    """An item as scripts read it; None for what cannot stand on a line."""
    value = one.value[broken:] if one.type not in ("file", "dir") else one.value
    told = [one.type, value, one.help or ""]
    if any(sign in text for text in told for sign in "\t\n\r\x1b"):
        return None
    return "\t".join(told)


def _given(shell: str) -> tuple[list[str], str]:
    """The whole words before the cursor, without the command itself; and the one under it."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    index = int(os.environ.get("COMP_CWORD", "0"))
    words, current = words[1:index], words[index] if index < len(words) else ""
    if shell == "bash":
        *words, current = _glued([*words, current])
    if shell != "fish":  # which gives the words as they are meant
        words = [_plain(one) for one in words]
    return words, _plain(current)


def _glued(words: list[str]) -> list[str]:
    """Bash breaks words at `=` and `:` too; here they are whole again."""
    breaks = set(os.environ.get("COMP_BREAKS", "=:")) & set("=:")
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


def _broken_off(incomplete: str) -> int:
    """How much of *incomplete* stands before the word that bash completes."""
    breaks = set(os.environ.get("COMP_BREAKS", "=:")) & set("=:")
    return max((at + 1 for at, sign in enumerate(incomplete) if sign in breaks), default=0)


def _plain(word: str) -> str:
    """*word* without the shell's quotes, which may be open."""
    return "".join(split_arg_string(word)) if word else ""
