"""A folder with two projects that live through everything: accounts pointed elsewhere, journals
lost and put back, vendors that cut, clients that die. What was told is held against the vendors.
"""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.prove import chain
from tests.support.forks import KILLED, Done, Forks
from tests.support.town import WHIMS, Asked, Place, Town, campaigns, quiet

FINAL = ("deleted", "already-absent")
KEYS = {"CEP_KEY": "sandbox-cep", "KORE_SECRET": "sandbox-secret"}
ENV = {**KEYS, "RECONCILER_AUTHOR": "qa@example", "HOME": "/nonexistent"}
TENANTS = {"batch-cep": ("p1", "p2"), "kore": ("st-1", "st-2")}
TOWNS = ("stage", "prod")
PLACES = [Place(t, d, one) for t in TOWNS for d, every in TENANTS.items() for one in every]
_FORMS = {
    "batch-cep": "driver: batch-cep, settings: {{project: {tenant}, restApiKey: {{env: CEP_KEY}}}}"
    ", baseUrl: {url}/{town}/batch",
    "kore": "driver: kore, settings: {{host: platform.kore.ai, streamId: {tenant}, "
    "accountId: acc-1, clientId: sandbox-client, clientSecret: {{env: KORE_SECRET}}}}, "
    "baseUrl: {url}/{town}/kore",
}


Whose = tuple[str, int]  # a project by its name, and how often its journal was another one


@dataclass
class Pulled(Asked):
    """What *who* have seen in a listing that became an inventory."""

    who: Whose = ("", 0)


@dataclass
class Project:
    """One project file: what each of its accounts is now, and its plans. *backups* of its state.

    *journals*: how often its journal was put in another's place.
    """

    name: str
    accounts: dict[str, Place]
    plans: int = 0
    backups: list[dict[str, bytes]] = field(default_factory=list)
    aside: list[dict[str, bytes]] = field(default_factory=list)
    journals: int = 0


@dataclass
class Life:
    """One sequence, from *seed*."""

    root: Path
    town: Town
    url: str
    forks: Forks
    seed: int
    told: list[str] = field(default_factory=list)
    now: float = 0.0
    commands: list[Whose] = field(default_factory=list)  # whose each was
    kills: int = 0
    last: Done = Done(0, "", "")  # the newest apply

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.town.build(PLACES)
        self.town.kill = self.forks.kill
        chosen = self.dice.sample(PLACES, 4)
        self.projects = [
            Project("one", dict(zip("xy", chosen[:2], strict=True))),
            Project("two", dict(zip("xy", chosen[2:], strict=True))),
        ]
        for one in self.projects:
            self.write(one)
            self.pull(one)

    def say(self, text: str) -> None:
        self.told.append(text)

    # ---- files

    def write(self, project: Project) -> None:
        lines = [
            f"    {name}: {{{_FORMS[p.driver].format(url=self.url, town=p.town, tenant=p.tenant)}, "
            "limits: {requests: 1000, per: 1s, concurrency: 2}}"
            for name, p in project.accounts.items()
        ]
        (self.root / f"{project.name}.yaml").write_text(
            "apiVersion: reconciler/v1\nkind: Project\n"
            f"metadata: {{name: {project.name}}}\nspec:\n  manifests: [{project.name}]\n"
            f"  inventory: [{project.name}.ndjson]\n"
            f"  state: sqlite:///.reconciler/{project.name}.db\n"
            "  accounts:\n" + "\n".join(lines) + "\n"
        )
        folder = self.root / project.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in project.accounts:
            (folder / f"{name}.yaml").write_text(
                "apiVersion: reconciler/v1\nkind: CampaignAbsence\n"
                f"metadata: {{name: retire-{name}}}\n"
                f'spec: {{account: {name}, absent: [{{match: {{name: "old *"}}}}]}}\n'
            )

    def pull(self, project: Project) -> None:
        """An inventory of what there is now."""
        at = (datetime.now(UTC) + timedelta(seconds=self.now)).strftime("%Y-%m-%dT%H:%M:%SZ")
        records, facts = [], {}
        for name, place in project.accounts.items():
            stays = self.town.left[place]
            mine = [r for r in campaigns(name, place) if r["id"][0] == "k" or r["id"] in stays]
            facts[name] = {"complete": True, "campaigns": len(mine), "capturedAt": at}
            records += mine
        head = {"apiVersion": "reconciler/v1", "kind": "Inventory", "accounts": facts}
        text = "".join(json.dumps(one) + "\n" for one in (head, *records))
        (self.root / f"{project.name}.ndjson").write_text(text)
        for place in project.accounts.values():
            self.town.asked.append(Pulled(-1, place, who=(project.name, project.journals)))

    # ---- commands

    def run(self, project: Project, *arguments: str, dies: Any = None) -> Done:
        self.now += 600
        self.town.command = len(self.commands)
        self.commands.append((project.name, project.journals))
        done = self.forks.run(
            *("--config", f"{project.name}.yaml", *arguments),
            root=self.root,
            env=ENV,
            shift=self.now,
            dies=dies,
        )
        quiet(self.url)
        self.kills += done.code == KILLED
        self.say(f"{project.name} {' '.join(arguments)} {dies or ''}: {done.code}")
        assert done.code in (KILLED, 0, 3, 4, 5, 6), done
        assert "Traceback" not in done.err
        return done

    def plan(self, project: Project) -> None:
        project.plans += 1
        assert self.run(project, "plan", "--out", self.newest(project)).code == 0

    def newest(self, project: Project) -> str:
        return f"{project.name}-{project.plans}.json"

    def apply(self, project: Project, plan: str, *more: str, dies: Any = None) -> dict[str, Any]:
        """The report, empty if there is none; it is held against the vendors."""
        given = ("apply", plan, "--max-wait", "0s", "--format", "json", *more)
        self.last = done = self.run(project, *given, dies=dies)
        self.check_journals()
        if not done.out or done.code == KILLED:
            return {}
        report: dict[str, Any] = json.loads(done.out)
        for one in report["targets"]:
            place = project.accounts[one["account"]]
            assert self.place(one["scope"]) == place, one
            if one["outcome"] in FINAL:
                assert one["id"] not in self.town.left[place], f"it is there: {one}"
        return report

    def place(self, scope: str) -> Place:
        (found,) = [
            one
            for one in self.town.left
            if scope.startswith(f"{self.url}/{one.town}/") and one.tenant in scope.split()[1:]
        ]
        return found

    # ---- steps

    def step(self) -> None:
        project = self.dice.choice(self.projects)
        change = self.dice.choice(CHANGES)
        change(self, project)
        if self.dice.random() < 0.6:
            self.pull(project)
        what = self.dice.random()
        if what < 0.15:
            self.run(project, "settle", "--max-wait", "0s", dies=self.death())
            self.check_journals()
            return
        old = [f"{project.name}-{n}.json" for n in range(1, project.plans + 1)]
        if what < 0.85 or not old:
            self.plan(project)
            plan = self.newest(project)
        else:
            plan = self.dice.choice(old)
        self.town.whims = [self.dice.choice((*WHIMS, "ok")) for _ in range(self.dice.randrange(4))]
        self.say(f"whims {self.town.whims}")
        more = self.dice.choice(((), (), ("--limit", "1"), ("--limit", "3"), ("--account", "x")))
        if more[:1] == ("--account",) and "x" not in project.accounts:
            more = ()
        self.apply(project, plan, *more, dies=self.death())
        self.town.whims = []

    def death(self) -> tuple[str, int] | None:
        if self.dice.random() < 0.6:
            return None
        return self.dice.choice(("before", "after", "log")), self.dice.randint(1, 8)

    # ---- what must hold

    def state(self, project: Project) -> Path:
        return self.root / ".reconciler" / f"{project.name}.db"

    def check_journals(self) -> None:
        """Nothing that a journal calls gone is there."""
        for project in self.projects:
            files = held(self.state(project))
            if not files:
                continue
            with opened(self.root / "peek", files) as db:
                rows = db.execute("SELECT scope, id, outcome FROM targets").fetchall()
            for scope, id_, outcome in rows:
                if outcome in FINAL:
                    assert id_ not in self.town.left[self.place(scope)], (scope, id_, outcome)

    def finish(self) -> None:
        """Everything is put right: what was declared is gone, and is told so."""
        for project in self.projects:
            for _ in range(8):
                self.pull(project)
                self.plan(project)
                report = self.apply(project, self.newest(project))
                if report["exitCode"] == 0:
                    break
                for one in report["targets"]:
                    if one["outcome"] == "in-doubt":
                        self.person(project, one)
            else:
                raise AssertionError(f"not done: {report}")
            for place in project.accounts.values():
                assert not self.town.left[place], f"{place} is not done"

    def person(self, project: Project, one: Mapping[str, Any]) -> None:
        """Somebody looks at the vendor's own pages, and tells the truth."""
        there = one["id"] in self.town.left[project.accounts[one["account"]]]
        said = "not-deleted" if there else "deleted"
        target = f"{one['account']}/{one['id']}"
        self.run(project, "settle", "--as", said, target, "--because", "seen there")
        looked = Asked(len(self.commands) - 1, project.accounts[one["account"]])
        self.town.asked.append(looked)

    def check_blind(self) -> None:
        """No project repeats a deletion without a look or a plain answer between.

        What an inventory shows is a look at what only a journal that is gone has sent.
        """
        last: dict[tuple[str, Place, str], Any] = {}
        for row in self.town.asked:
            if row.place is None:
                continue
            if isinstance(row, Pulled):
                self._seen(last, row)
                continue
            project, _ = self.commands[row.command]
            if row.id is None:
                for key in [k for k in last if k[:2] == (project, row.place)]:
                    del last[key]
                continue
            before = last.get((project, row.place, row.id))
            # Told no (429, 400, 404) while the client lived: nothing happened, and it knows.
            assert before is None or before.status in (400, 404, 429), f"{row} after {before}"
            last[project, row.place, row.id] = row

    def _seen(self, last: dict[tuple[str, Place, str], Any], pulled: Pulled) -> None:
        name, now = pulled.who
        for key in [k for k in last if k[:2] == (name, pulled.place)]:
            if self.commands[last[key].command][1] != now:
                del last[key]

    def check_log(self) -> None:
        """Every request is in the log, once; so is what came of it, unless a run died of it.

        Then the journal has it in doubt, until it is settled; or that journal is gone.
        """
        with (self.root / ".reconciler" / "audit.ndjson").open("rb") as file:
            records = list(chain.walk(file))
        seen = [(one["journal"], one["entry"]) for one in records if "entry" in one]
        assert len(seen) == len(set(seen)), "a record is there twice"
        whose = {r["journal"]: r["project"] for r in records if r["type"] == "run-started"}
        intended: dict[tuple[str, Place, str], int] = {}
        open_: dict[tuple[str, int], Any] = {}
        for one in records:
            if one["type"] == "intent":
                open_[one["journal"], one["request"]] = one
                for target in one["targets"]:
                    key = whose[one["journal"]], self.place(one["scope"]), target.split("/")[1]
                    intended[key] = intended.get(key, 0) + 1
            elif one["type"] == "outcome":
                open_.pop((one["journal"], one["request"]), None)
        asked: dict[tuple[str, Place, str], int] = {}
        for row in self.town.asked:
            if row.id is not None and row.place is not None:
                key = self.commands[row.command][0], row.place, row.id
                asked[key] = asked.get(key, 0) + 1
        for key, times in asked.items():
            assert intended.get(key, 0) >= times, f"{key}: {times} requests, {intended.get(key)}"
        # Of each of two accounts one request was under way when the intents of two more, which
        # the limits let leave at once, were written in one commit.
        assert len(open_) <= 2 * 3 * self.kills, open_
        for project in [one for one in self.projects if self.state(one).exists()]:
            with opened(self.root / "peek", held(self.state(project))) as db:
                (mine,) = db.execute("SELECT value FROM meta WHERE key='identity'").fetchone()
                rows = db.execute("SELECT number FROM requests WHERE answered IS NULL").fetchall()
            doubts = {(mine, number) for (number,) in rows}
            assert {one for one in open_ if one[0] == mine} <= doubts, open_


# ---------------------------------------------------------------- changes between two commands


def nothing(life: Life, project: Project) -> None:
    del life, project


def swap(life: Life, project: Project) -> None:
    """Two accounts whose names are swapped."""
    first, second = project.accounts
    both = project.accounts
    project.accounts = {first: both[second], second: both[first]}
    life.say(f"swap {project.accounts}")
    life.write(project)


def elsewhere(life: Life, project: Project) -> None:
    """A project or stream is corrected, or the other vendor is meant, or another driver."""
    name = life.dice.choice(list(project.accounts))
    free = [one for one in PLACES if one not in project.accounts.values()]
    near = [o for o in free if o.driver == project.accounts[name].driver]
    project.accounts[name] = life.dice.choice(near or free)
    life.say(f"elsewhere {project.accounts}")
    life.write(project)


def rename(life: Life, project: Project) -> None:
    """An account is called otherwise."""
    name = life.dice.choice(list(project.accounts))
    new = life.dice.choice([one for one in "xyz" if one not in project.accounts])
    project.accounts = {new if k == name else k: one for k, one in project.accounts.items()}
    life.say(f"rename {project.accounts}")
    life.write(project)
    life.pull(project)  # the records have the accounts' names


def backup(life: Life, project: Project) -> None:
    """The state is copied, whole or without what lies beside it; not from under a command."""
    files = held(life.state(project))
    if files:
        whole = life.dice.random() < 0.5
        life.say(f"backup {sorted(files)} {whole}")
        project.backups.append({k: v for k, v in files.items() if whole or not k})


def restore(life: Life, project: Project) -> None:
    """A copy of the state is put in its place."""
    if project.backups:
        life.say("restore")
        project.journals += 1
        put(life.state(project), life.dice.choice(project.backups))


def lose(life: Life, project: Project) -> None:
    """The state is gone, or moved aside."""
    files = held(life.state(project))
    if files:
        life.say("lose")
        project.journals += 1
        project.aside.append(files)
        put(life.state(project), {})


def back(life: Life, project: Project) -> None:
    """What was moved aside comes back; the one in its place goes."""
    if project.aside:
        life.say("back")
        project.journals += 1
        now = held(life.state(project))
        put(life.state(project), project.aside.pop())
        if now:
            project.aside.append(now)


Change = Callable[[Life, Project], None]
CHANGES: tuple[Change, ...] = (
    nothing, nothing, swap, elsewhere, elsewhere, rename, backup, backup, restore, restore, lose,
    back,
)  # fmt: skip


def held(path: Path) -> dict[str, bytes]:
    """The files of a state, by what their name has more than *path*."""
    found = {}
    for suffix in ("", "-wal"):
        place = path.with_name(path.name + suffix)
        if place.exists():
            found[suffix] = place.read_bytes()
    return found if "" in found else {}


def put(path: Path, files: Mapping[str, bytes]) -> None:
    for suffix in ("", "-wal", "-shm"):
        place = path.with_name(path.name + suffix)
        place.unlink(missing_ok=True)
        if suffix in files:
            place.write_bytes(files[suffix])


class opened:  # noqa: N801 - a context manager
    """A copy of a state, to be read."""

    def __init__(self, folder: Path, files: Mapping[str, bytes]) -> None:
        self.path = folder / "state.db"
        folder.mkdir(exist_ok=True)
        put(self.path, files)

    def __enter__(self) -> sqlite3.Connection:
        self.db = sqlite3.connect(self.path)
        return self.db

    def __exit__(self, *_: object) -> None:
        self.db.close()
        shutil.rmtree(self.path.parent)
