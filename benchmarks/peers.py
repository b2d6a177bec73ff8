"""The same work by the tools that people would otherwise use: jq, Terraform, octoDNS.

    python benchmarks/peers.py [--quick] [--folder FOLDER]

jq and terraform are taken from the PATH, octoDNS from its registry into an environment of its
own. A peer that cannot be had fails the run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import translate
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import durable
import generate
from _side import (
    ENVIRONMENT,
    PYTHON,
    RECONCILER,
    Command,
    Cost,
    Figure,
    at_least,
    finish,
    options,
    published,
    run,
    side_by_side,
    times,
    workplace,
)
from plan_scale import made, plan

# Its vendor allows several requests at a time; the sandbox makes the window that counts them
# shorter by FAST, so that no limit is left.
ACCOUNT = next(one for one in generate.ACCOUNTS if one.name == "kore-in")
FAST = "1000000"
INVENTORY = "inventory.ndjson"
SECRET = ENVIRONMENT["BENCH_KEY"]


def needed(name: str) -> str:
    """Where the peer *name* is."""
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not on the PATH: this benchmark needs it")
    return found


# ---------------------------------------------------------------- one account


def project(folder: Path, *, records: int, deletions: int, url: str | None = None) -> Path:
    """A project of one account with *records* campaigns, of which the first *deletions* go."""
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    base = f", baseUrl: {url}/kore" if url else ""
    settings = ACCOUNT.settings.replace("clientId: ", "clientId: sandbox-")
    limits = "{requests: 100000, per: 1s, concurrency: 8}"
    (folder / "reconciler.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: bench}\nspec:\n"
        "  guards: {maxDeletions: {count: 1000000}, inventoryMaxAge: 36500d}\n  accounts:\n"
        f"    {ACCOUNT.name}: {{driver: {ACCOUNT.driver}, settings: {settings},"
        f" limits: {limits}{base}}}\n",
        "utf-8",
    )
    claim = {"complete": True, "campaigns": records, "capturedAt": generate.CAPTURED}
    head = {
        "apiVersion": "reconciler/v1",
        "kind": "Inventory",
        "capturedAt": generate.CAPTURED,
        "accounts": {ACCOUNT.name: claim},
    }
    lines = [json.dumps(head)]
    lines += [
        json.dumps(
            {"account": ACCOUNT.name, "id": f"cmp-{n:026d}", "name": f"Campaign {n}"}
            | {"status": "stopped", "channel": "sms", "createdAt": "2024-10-01T09:00:00Z"}
        )
        for n in range(records)
    ]
    (folder / "inventory.ndjson").write_text("\n".join(lines) + "\n", "utf-8")
    entries = [f'id: "cmp-{n:026d}"' for n in range(deletions)]
    text = generate.manifest(ACCOUNT, entries)
    (folder / "manifests" / "gone.yaml").write_text(text, "utf-8")
    return folder


# ---------------------------------------------------------------- jq


def jq(place: Path, *, full: int, some: int, repeats: int) -> Iterator[Figure]:
    """The same filter on *some* records, and its ids alone, which is less, on all of them.

    jq compiles a pattern again for each record: all patterns on all records would take hours.
    """
    program = needed("jq")
    large = made(
        place / "large",
        records=full,
        ids=full // 100,
        globs=full // 1000,
        regexes=full // 10_000,
        anchored=90,
    )
    ids, patterns = selectors(large)
    sample = sampled(large, place / "sample", records=some)
    for folder in (large, sample):
        (folder / "ids.json").write_text(json.dumps(dict.fromkeys(ids, True)), "utf-8")
        (folder / "patterns.json").write_text(json.dumps(patterns), "utf-8")
    asked = '$ids[0][.account + "/" + (.id // "")]'
    matched = "(.account as $a | .name | test($patterns[0][$a]))"
    # The header of the inventory has no id; jq leaves it out like any record nobody asks for.
    with_ids = [program, "-c", "--slurpfile", "ids", "ids.json"]
    with_both = [*with_ids, "--slurpfile", "patterns", "patterns.json"]
    same = Command([*with_both, f"select(.id and ({asked} or {matched}))", INVENTORY], sample)
    alone = Command([*with_ids, f"select({asked})", INVENTORY], large)
    found = side_by_side(repeats, few=plan(sample), same=same, whole=plan(large), alone=alone)
    for command, folder in ((same, sample), (alone, large)):
        agree(command, folder)
    yield at_least(
        2,
        f"jq -c, the same filter on {some:,} records / whole plan of them",
        found["same"].wall / found["few"].wall,
        note=times(found["same"], found["few"]),
    )
    yield published(
        f"jq -c, only the ids, {full:,} records / whole plan with all selectors",
        found["alone"].wall / found["whole"].wall,
        note=times(found["alone"], found["whole"]),
    )


def sampled(large: Path, folder: Path, *, records: int) -> Path:
    """The project *large* with only its first *records* records."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(large, folder, ignore=shutil.ignore_patterns("*.json", "*.ndjson"))
    with (large / INVENTORY).open(encoding="utf-8") as lines:
        head = json.loads(next(lines))
        for claim in head["accounts"].values():
            claim["campaigns"] = records // len(generate.ACCOUNTS)
        kept = [json.dumps(head) + "\n", *(next(lines) for _ in range(records))]
    (folder / INVENTORY).write_text("".join(kept), "utf-8")
    return folder


def agree(command: Command, folder: Path) -> None:
    """Both must have found the same campaigns, or the comparison means nothing."""
    said = subprocess.run(command.arguments, cwd=folder, capture_output=True, check=True).stdout
    theirs = {(one["account"], one["id"]) for one in map(json.loads, said.splitlines())}
    actions = json.loads((folder / "plan.json").read_bytes())["actions"]
    ours = {(one["account"], one["id"]) for one in actions if one["action"] == "delete"}
    if theirs != ours:
        sys.exit(f"jq finds {len(theirs)} campaigns, the plan {len(ours)}: not the same filter")


def selectors(folder: Path) -> tuple[list[str], dict[str, str]]:
    """ACCOUNT/ID of every id that is asked for, and one regex for each account."""
    ids: list[str] = []
    patterns: dict[str, str] = {}
    for one in generate.ACCOUNTS:
        text = (folder / "manifests" / f"{one.name}.yaml").read_text("utf-8")
        ids += [f"{one.name}/{found}" for found in re.findall(r'- id: "(.*)"', text)]
        either = [
            translate(found).removeprefix("(?s:").removesuffix(r")\Z")
            for found in re.findall(r'- match: \{name: "(.*)"\}', text)
        ]
        either += re.findall(r"- match: \{nameRegex: '(.*)'\}", text)
        patterns[one.name] = f"^(?:{'|'.join(either)})$"
    return ids, patterns


# ---------------------------------------------------------------- Terraform


def terraform(place: Path, *, size: int, repeats: int) -> Iterator[Figure]:
    """Plan and apply the removal of *size* things; Terraform's touch no network at all."""
    program = needed("terraform")
    theirs = place / "terraform"
    theirs.mkdir(exist_ok=True)
    (theirs / "main.tf").write_text(
        f'resource "terraform_data" "campaign" {{\n  count = {size}\n'
        '  input = "campaign ${count.index}"\n}\n',
        "utf-8",
    )
    quiet = {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}

    def terraform_(*arguments: str, before: Callable[[], None] | None = None) -> Command:
        return Command([program, *arguments], theirs, quiet, before)

    if not (theirs / "full.tfstate").exists():
        run(terraform_("init"))
        run(terraform_("apply", "-auto-approve"))
        shutil.copy(theirs / "terraform.tfstate", theirs / "full.tfstate")
    there = partial(shutil.copy, theirs / "full.tfstate", theirs / "terraform.tfstate")
    there()
    with sandbox(place, size=size) as (ours, url):
        found = side_by_side(
            repeats,
            terraform=terraform_("plan", "-destroy", "-out=plan"),
            reconciler=plan(ours),
        )
        yield at_least(
            7,
            f"terraform plan, {size:,} to destroy / plan of {size:,}",
            found["terraform"].wall / found["reconciler"].wall,
            note=times(found["terraform"], found["reconciler"]),
        )
    apply = [RECONCILER, "-q", "apply", "plan.json", "--yes"]
    sides: dict[str, list[Cost]] = {"terraform": [], "reconciler": [], "sandbox": []}
    for _ in range(max(1, repeats // 2)):
        there()
        sides["terraform"].append(run(terraform_("apply", "plan")))
        with vendor(place, size=size) as (ours, url):
            sides["reconciler"].append(run(Command(apply, ours)))
            durable.measured(url, size)  # all of them arrived
        with sandbox(place, size=size) as (ours, url):
            run(plan(ours))
            sides["sandbox"].append(run(Command([*apply, "--first-run"], ours)))
            if left := remaining(url):
                sys.exit(f"{left} of {size} campaigns are left after the apply")
    found = {name: sorted(costs)[len(costs) // 2] for name, costs in sides.items()}
    yield at_least(
        8,
        f"terraform apply, {size:,}, no network / durable apply of {size:,} over HTTP",
        found["terraform"].wall / found["reconciler"].wall,
        note=times(found["terraform"], found["reconciler"]),
    )
    yield published(
        "the same, the vendor being the sandbox, which signs, pages and keeps a ledger",
        found["terraform"].wall / found["sandbox"].wall,
        note=times(found["terraform"], found["sandbox"]),
    )


@contextmanager
def vendor(place: Path, *, size: int) -> Iterator[tuple[Path, str]]:
    """A planned project of *size* campaigns, all to go, and a vendor that only answers."""
    served = subprocess.Popen(
        [PYTHON, durable.__file__, "--serve", "--targets", str(size)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert served.stdout is not None
    try:
        url = f"http://127.0.0.1:{int(served.stdout.readline())}"
        with TemporaryDirectory(dir=place) as made_:
            durable.prepare(Path(made_), url, size)
            yield Path(made_), url
    finally:
        served.kill()
        served.wait()
        served.stdout.close()


@contextmanager
def sandbox(place: Path, *, size: int) -> Iterator[tuple[Path, str]]:
    """A fresh project of *size* campaigns, all to go, and the vendor that holds them."""
    with TemporaryDirectory(dir=place) as made_:
        folder = project(Path(made_), records=size + 1, deletions=size)
        served = subprocess.Popen(
            [RECONCILER, "sandbox", "--port", "0", "--speed", FAST, "--kore-secret", SECRET],
            cwd=folder,
            env={**os.environ, **ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert served.stdout is not None
        try:
            url = served.stdout.readline().decode().strip().removeprefix("sandbox: ")
            yield project(folder, records=size + 1, deletions=size, url=url), url
        finally:
            served.terminate()
            served.wait(10)
            served.stdout.close()


def remaining(url: str) -> int:
    """How many campaigns that should be gone the vendor still has."""
    from urllib.request import urlopen

    with urlopen(f"{url}/__ledger") as answer:
        text = json.dumps(json.load(answer)["campaigns"])
    return len(set(re.findall(r"cmp-\d{26}", text))) - 1


# ---------------------------------------------------------------- octoDNS


def octodns(place: Path, *, size: int, repeats: int) -> Iterator[Figure]:
    """1 in 10 of *size* records is to go; both sides of octoDNS are files."""
    folder = place / "octodns"
    program = folder / "venv" / "bin" / "octodns-sync"
    if not program.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run([PYTHON, "-m", "venv", str(folder / "venv")], check=True)
        pip = [str(folder / "venv" / "bin" / "pip"), "install", "--quiet", "octodns"]
        if subprocess.run(pip, check=False).returncode:
            sys.exit("octodns cannot be had from the registry: this benchmark needs it")
    zone = {f"c{n:05d}": {"type": "A", "value": "192.0.2.1"} for n in range(size)}
    wanted = {name: record for n, (name, record) in enumerate(zone.items()) if n >= size // 10}
    for name, records in (("there", zone), ("wanted", wanted)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "bench.example.yaml").write_text(
            "---\n" + "".join(f"{key}: {json.dumps(one)}\n" for key, one in records.items()),
            "utf-8",
        )
    (folder / "config.yaml").write_text(
        "providers:\n"
        "  wanted: {class: octodns.provider.yaml.YamlProvider, directory: ./wanted}\n"
        "  there: {class: octodns.provider.yaml.YamlProvider, directory: ./there}\n"
        "zones:\n  bench.example.: {sources: [wanted], targets: [there]}\n",
        "utf-8",
    )
    ours = project(place / "tenth", records=size, deletions=size // 10)
    found = side_by_side(
        repeats,
        octodns=Command([str(program), "--config-file", "config.yaml"], folder),
        reconciler=plan(ours),
    )
    yield at_least(
        20,
        f"octoDNS planning {size // 10:,} removals in {size:,} records / plan of the same",
        found["octodns"].wall / found["reconciler"].wall,
        note=times(found["octodns"], found["reconciler"]),
    )


def main() -> int:
    arguments = options(__doc__, repeats=5)
    quick = arguments.quick
    repeats = 1 if quick else arguments.repeats
    with workplace(arguments.folder) as place:
        figures = [
            *jq(
                place,
                full=20_000 if quick else 1_000_000,
                some=200 if quick else 20_000,
                repeats=repeats,
            ),
            *terraform(place, size=100 if quick else 1_000, repeats=repeats),
            *octodns(place, size=1_000 if quick else 10_000, repeats=repeats),
        ]
    return finish(
        "peers",
        "Beside other tools",
        figures,
        runs=f"{repeats} runs of each, {max(1, repeats // 2)} of the applies",
        quick=quick,
    )


if __name__ == "__main__":
    sys.exit(main())
