"""Follows the fix of an error as a person would who does literally what it says, and no more."""

import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

_ERROR = re.compile(r"(?:(?P<path>[^\s:]+)(?::(?P<line>\d+))?(?::(?P<column>\d+))?: )?error: (.*)")
_COMMAND = re.compile(r": ((?:iconv|jq|tr|gzip) .*)")
_OPTION = re.compile(r"(--[a-z-]+) ('[^']*'|[^\s(,;]+)")
_TOKEN = re.compile(r'"[^"]*"|\'[^\']*\'|\[[^\]]*\]|[^\s,{}\[\]:"]+(?::[^\s,{}\[\]"]+)*')


@dataclass
class Told:
    """One error as it was printed."""

    message: str
    fix: str
    path: str | None = None
    line: int = 0
    column: int = 0


def errors_in(text: str) -> list[Told]:
    """Every error of *text*, as a command printed it on stderr, with its fix."""
    found: list[Told] = []
    lines = text.splitlines()
    for one, following in zip(lines, [*lines[1:], ""], strict=False):
        match = _ERROR.fullmatch(one)
        if match is None:
            continue
        fix = following.strip()
        fix = fix.removeprefix("fix: ") if fix.startswith("fix: ") else ""
        line, column = int(match["line"] or 0), int(match["column"] or 0)
        found.append(Told(match[4], fix, match["path"], line, column))
    return found


@dataclass
class Hand:
    """Who follows: the project's *root*, the command and the file it reads, what only they know."""

    root: Path
    command: list[str]
    fill: str | None = None
    filled: bool = False
    _lines: list[str] = field(default_factory=list)

    def follow(self, told: Told) -> None:
        """Do what *told* says; AssertionError if nobody could know what that is."""
        if told.path is None:
            self._command_line(told)
        elif not (self._option(told) or self._run(told)):
            assert told.line, f"no place: {told}"
            self._edit(told)

    # ---- the command line

    def _command_line(self, told: Told) -> None:
        """`Did you mean 'x'?`, a list of what there is, or `write FORM, not 'x'`."""
        wrong = re.search(r"'(.*?)'|option (--[a-z-]+)", told.message)
        assert wrong is not None, told
        word = wrong[1] or wrong[2]
        right = re.search(r"Did you mean (?:'(.*?)'|(\S+?))\?|There are: ([^, ]+)", told.message)
        instead = next((one for one in right.groups() if one), None) if right else self._known()
        assert instead is not None
        index = next(n for n, one in enumerate(self.command) if word in one)
        self.command[index] = self.command[index].replace(word, instead)

    def _known(self) -> str:
        """What only the user knows."""
        assert self.fill is not None, "the fix wants what nobody said"
        self.filled = True
        return self.fill

    def _option(self, told: Told) -> bool:
        """`--map id=Id`: given to the same command."""
        found = _OPTION.search(told.fix)
        if found is None or "--" not in told.fix or told.fix.startswith("did you mean `"):
            return False
        self.command += [found[1], *shlex.split(found[2])]
        return True

    def _run(self, told: Told) -> bool:
        """A shell command that writes the file anew: run, and the new file is read."""
        found = _COMMAND.search(told.fix)
        if found is None:
            return False
        subprocess.run(found[1], shell=True, check=True, cwd=self.root)  # noqa: S602 - our own
        new = shlex.split(found[1])[-1]
        if told.path in self.command:
            self.command[self.command.index(told.path)] = new
        else:
            (self.root / new).replace(self.root / str(told.path))
        return True

    # ---- the file

    def _edit(self, told: Told) -> None:
        path = self.root / str(told.path)
        if told.fix.startswith("save the file as UTF-8") or told.fix.startswith("save it as UTF-8"):
            data = path.read_bytes()
            encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
            path.write_bytes(data.decode(encoding).encode())
            return
        self._lines = path.read_text().splitlines(keepends=True)
        at = told.line - 1
        before = self._lines[at]
        self._lines[at : at + 1] = self._edited(told, before).splitlines(keepends=True)
        path.write_text("".join(self._lines))

    def _edited(self, told: Told, line: str) -> str:
        """The *line* of the error as its fix says, perhaps with another after it, or none."""
        fix, start = told.fix, max(told.column - 1, 0)
        head, rest = line[:start], line[start:]
        quoted = [*re.findall(r"`([^`]+)`", told.message), *re.findall(r"'([^']+)'", told.message)]
        wrong = next((one for one in reversed(quoted) if one in rest), None)
        if wrong is None and (token := _TOKEN.match(rest)):
            wrong = token[0].strip("\"'")
        if found := re.match(r"`(.+?)` stands there; did you mean `(.+?)`\?", fix):
            return line.replace(found[1], found[2], 1)
        if found := re.match(r"did you mean `(.+?)`\?", fix):
            return head + rest.replace(str(wrong), found[1], 1)
        if found := re.search(r"write `(\w+: [^`]+)` and `(\w+: [^`]+)`", fix):
            for one in found.groups():
                line = _member(line, one)
            return line
        if re.match(r"(keep one of them|fill the cell, or take the row out|remove it)", fix):
            return self._without(told, line, start)
        if found := re.match(r"keep one of (\w+), ", fix):
            for other in re.findall(r"\w+", fix.removeprefix("keep one of "))[1:]:
                self._lines[told.line :] = [
                    one for one in self._lines[told.line :] if not re.match(rf" +{other}: ", one)
                ]
            return line
        if found := re.match(r"add (?:one, such as )?`(\w+: )([^`]+)`", fix):
            value = self._known() if found[2] == "..." else found[2]
            if rest.rstrip().endswith("{}"):
                return line.replace("{}", f"{{{found[1]}{value}}}")
            above = re.match(r"\s*", self._lines[told.line])
            return f"{line}{above[0] if above else ''}{found[1]}{value}\n"
        if found := re.match(r"write `(\w+): ([^`]+)`", fix):
            name, value = found.groups()
            if rest.startswith(f"{name}:") or f"{name}:" in head:
                return head.split(f"{name}:")[0] + f"{name}: {value}\n"
            return head + f"{name}: {value}\n"
        if found := re.match(r"write `(.)`.* there", fix):
            return head + found[1] + rest
        if found := re.match(r'if none is missing, write ("\w+"): (\d+)', fix):
            return re.sub(rf"{found[1]}: ?\d+", f"{found[1]}:{found[2]}", line)
        if found := re.match(r'write ("\w+"):(".*")$', fix):
            return re.sub(rf'{found[1]}: ?"[^"]*"', f"{found[1]}: {found[2]}", line)
        if found := re.match(r"write \[(.)\]", fix):
            return head + rest.replace(found[1], f"[{found[1]}]", 1)
        if found := re.match(r"write \.(.) for any text", fix):
            return head + rest.replace(found[1], f".{found[1]}", 1)
        if fix == 'write " instead':
            return line.replace(str(wrong), '"')
        if fix == "write https":
            return line.replace("http:", "https:")
        if fix.startswith("indent with spaces, never tabs"):
            return line.expandtabs(4)
        if fix.startswith("put a text that holds `: ` in quotes"):
            key, _, text = line.rstrip("\n").partition(": ")
            return f'{key}: "{text}"\n'
        if fix.startswith("put a text that begins so in quotes, else remove it"):
            return re.sub(r"[&*!]\S+ ", "", line, count=1)
        if fix.startswith("close it where the text ends"):
            return line.rstrip("\n") + '"\n'
        if fix.startswith("close it; "):
            cell = re.match(r'"[^,;\t\n]*', rest)
            assert cell is not None
            return head + cell[0] + '"' + rest[cell.end() :]
        return self._another_value(told, head, rest)

    def _without(self, told: Told, line: str, start: int) -> str:
        """Without the member, cell, row or line that stands at the place."""
        if "row" in told.fix or re.search(r"`\S+/\S+` a second time", told.message):
            return ""
        if "the key" in told.message and ("{" in line[:start]):
            cut = re.match(r'"?\w+"?: ?("[^"]*"|[^,}]+),? ?', line[start:])
            assert cut is not None
            return line[:start] + line[start + cut.end() :]
        if "the key" in told.message:  # of a block: the key and what hangs on it
            index = told.line - 1
            depth = len(line) - len(line.lstrip())
            while (
                index + 1 < len(self._lines)
                and len(self._lines[index + 1]) - len(self._lines[index + 1].lstrip()) > depth
            ):
                del self._lines[index + 1]
            return ""
        raise AssertionError(f"what is to be kept? {told}")

    def _another_value(self, told: Told, head: str, rest: str) -> str:
        """A value in place of the one at the place: the first that the fix offers."""
        fix = told.fix
        for form in (
            r'put quotes around it: (".*?")$',
            r'seconds since 1970, write (".*?")$',
            r'write it as (".*?")(?: |$)',
            r"such as `(.+?)`",
            r'write ("[^"]+")',
            r"five fields|write minute, .*: (\".*\")$",
            r"write `(.+?)`",
            r"write it as (\S+)",
            r"write one of: (\w+)",
            r"write (\w+)(?:, \w+)* or \w+",
            r"write (\d+) or (?:more|less)",
            r"such as (\S+)$",
            r"use one of (\w+)",
            r"write (true) or false",
        ):
            found = re.search(form, fix)
            if found is not None and found[1]:
                value = found[1]
                break
        else:
            value = self._known()
        if key := re.match(r'"\w+": ?', rest):  # JSON is blamed on the key of a member
            head, rest = head + key[0], rest[key.end() :]
        elif not told.column:
            names = [one for one in re.findall(r"`(\w+)`", told.message) if f'"{one}": ' in rest]
            at = rest.index(f'"{names[0]}": ') + len(names[0]) + 4
            head, rest = rest[:at], rest[at:]
        token = _TOKEN.match(rest)
        if token is None:  # the place is the key's, or the value is missing
            return head + value + rest
        if re.match(r"[\w-]+:(\s|$)", rest):  # blamed on its key
            key, _, after = rest.partition(":")
            old = _TOKEN.match(after.lstrip())
            tail = after.lstrip()[old.end() :] if old else after.lstrip(" ")
            return f"{head}{key}: {value}{tail}"
        words = re.match(r"[^,}\n]+", rest) if token[0][0] not in "\"'[" else token
        return head + value + rest[(words or token).end() :]


def _member(line: str, pair: str) -> str:
    name, _, value = pair.partition(": ")
    return re.sub(rf"{name}: [^,}}]+", f"{name}: {value}", line)
