"""Who makes a plan and from which commit: environment and `.git` are read, git is never run.

A checkout is hostile text: what is read is capped, checked for its shape, and includes of a git
config are not followed. What cannot be read is unknown, never an error.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.disk import read_file
from reconciler.errors import ReconcilerError

_AUTHORS = (
    "RECONCILER_AUTHOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_EMAIL",
    "GITLAB_USER_LOGIN",
    "BUILD_REQUESTEDFOREMAIL",  # Azure Pipelines
    "BUILDKITE_BUILD_CREATOR_EMAIL",
    "DRONE_COMMIT_AUTHOR_EMAIL",
    "CIRCLE_USERNAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
)
_COMMITS = (
    "RECONCILER_COMMIT",  # of a pull request GitHub says a merge commit that nobody has seen
    "GITHUB_SHA",
    "CI_COMMIT_SHA",  # GitLab, Woodpecker
    "BUILD_SOURCEVERSION",
    "BUILDKITE_COMMIT",
    "DRONE_COMMIT_SHA",
    "CIRCLE_SHA1",
    "BITBUCKET_COMMIT",
    "GIT_COMMIT",  # Jenkins
)
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"refs(?:/[A-Za-z0-9_+@#%=,-][A-Za-z0-9._+@#%=,-]*)+")
_SECTION = re.compile(r"\[\s*([A-Za-z0-9.-]+)\s*(\"(?:[^\"\\]|\\.)*\")?\s*\]")
_EMAIL = re.compile(r"email\s*=\s*(.*)", re.IGNORECASE)
_MOST = 10 * 1024 * 1024


def author(given: str | None, root: Path, environ: Mapping[str, str]) -> str | None:
    """*given*, else `RECONCILER_AUTHOR`, the CI's actor, git's `user.email`; None: nobody knows."""
    named = (given, *(environ.get(name) for name in _AUTHORS))
    for text in named:
        if text and (known := _clean(text)):
            return known
    for config in _configs(root, environ):
        found = _email(_text(config) or "")
        if found:
            return found
    return None


def commit(root: Path, environ: Mapping[str, str]) -> str | None:
    """The commit of the CI's variable, else of `.git`; None: there is none."""
    for name in _COMMITS:
        text = environ.get(name, "").lower()
        if _SHA.fullmatch(text):
            return text
    found = _git(root)
    return None if found is None else _head(*found)


def _clean(text: str) -> str:
    """One line that can be written as UTF-8."""
    known = text.encode("utf-8", "replace").decode()
    return " ".join(known.split())[:200]


def _text(path: Path) -> str | None:
    try:
        return read_file(path, most=_MOST).decode("utf-8", "replace")
    except ReconcilerError:
        return None


def _git(root: Path) -> tuple[Path, Path] | None:
    """The git directory of the work tree around *root*, and the one it shares refs with."""
    here = Path(root).resolve()
    for folder in (here, *here.parents):
        place = folder / ".git"
        if place.is_dir():
            return place, place
        if place.is_file():
            return _linked(folder, _text(place) or "")
    return None


def _linked(folder: Path, text: str) -> tuple[Path, Path] | None:
    """Of a worktree or a submodule: `.git` is a file that says where."""
    first, _, _ = text.partition("\n")
    where = first.removeprefix("gitdir:").strip()
    if where == first.strip() or not where or "\0" in where:
        return None
    place = folder / where
    common = (_text(place / "commondir") or "").strip()
    return place, place / common if common and "\0" not in common else place


def _head(place: Path, common: Path) -> str | None:
    head = (_text(place / "HEAD") or "").strip()
    name = head.removeprefix("ref:").strip()
    if name == head:
        return head if _SHA.fullmatch(head) else None
    if not _REF.fullmatch(name):
        return None
    for folder in (place, common):
        loose = (_text(folder / name) or "").strip()
        if _SHA.fullmatch(loose):
            return loose
    return _packed(_text(common / "packed-refs") or "", name)


def _packed(text: str, name: str) -> str | None:
    for line in text.splitlines():
        sha, _, ref = line.partition(" ")
        if ref == name and _SHA.fullmatch(sha):
            return sha
    return None


def _configs(root: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """The repository's config, then the user's own, in the order in which they win."""
    found = _git(root)
    if found is not None:
        yield found[1] / "config"
    if environ.get("GIT_CONFIG_GLOBAL"):
        yield Path(environ["GIT_CONFIG_GLOBAL"])
        return
    home = environ.get("HOME")
    if home:
        yield Path(home) / ".gitconfig"
    base = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else None)
    if base:
        yield Path(base) / "git" / "config"


def _email(text: str) -> str | None:
    """The last `user.email` of a git config."""
    inside = False
    found: str | None = None
    for raw in text.splitlines():
        line = raw.strip()
        section = _SECTION.match(line)
        if section is not None:
            inside = section[1].lower() == "user" and section[2] is None
            line = line[section.end() :].strip()
        email = _EMAIL.fullmatch(line) if inside else None
        if email is not None:
            found = _clean(_value(email[1])) or None
    return found


def _value(text: str) -> str:
    """A config value: quotes removed, a comment cut off."""
    if text.startswith('"'):
        return text[1:].partition('"')[0]
    return re.split(r"[#;]", text, maxsplit=1)[0]
