"""The direction of imports, rule by rule: over the source, and over what a command loads."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from reconciler.drivers import BUILT_IN
from tests.support.apply_site import ACCOUNTS, KEYS, Site, campaigns, sandbox

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "reconciler"

SENDS = ("httpx", "httpcore")
DATABASE = ("sqlite3", "psycopg", "psycopg2", "sqlalchemy", "aiosqlite")
# What reads a disk, a clock, an environment or a network, or rolls dice.
IMPURE = (
    *SENDS,
    *DATABASE,
    *("asyncio", "getpass", "glob", "http", "logging", "multiprocessing", "os", "pathlib"),
    *("platform", "random", "requests", "secrets", "select", "shutil", "signal", "socket"),
    *("ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib.request", "urllib3"),
    *("anyio", "aiohttp", "procrastinate", "starlette", "uvicorn", "click", "rich"),
)
CLOCKS = {"now", "utcnow", "today"}
PURE = ("plan", "views")
# The rim of the middle: what reads today's files for a plan, plans from a disk, and what draws.
RIM = (
    *("reconciler.plan.origin", "reconciler.plan.saved", "reconciler.plan.today"),
    "reconciler.views.live",
)

Import = tuple[str, int]


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file, of the whole package."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text("utf-8"), str(modules()[name]))


@cache
def imports(name: str, *, runtime: bool = False) -> tuple[Import, ...]:
    """What module *name* imports, lazily or not, with the line.

    `from a import b` counts as `a.b` where that is a module of ours, else as `a`. With *runtime*,
    what stands under `if TYPE_CHECKING:` is left out.
    """
    return tuple(_imports(tree(name), name, runtime=runtime))


def _imports(node: ast.AST, name: str, *, runtime: bool) -> Iterator[Import]:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) if runtime:
            for other in node.orelse:
                yield from _imports(other, name, runtime=runtime)
            return
        case ast.Import():
            yield from ((alias.name, node.lineno) for alias in node.names)
        case ast.ImportFrom():
            base = _base(node, name)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (whole if whole in modules() else base, node.lineno)
        case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module")):
            match node.args:
                case [ast.Constant(value=str(wanted)), *_]:
                    yield wanted, node.lineno
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, name, runtime=runtime)


def _base(node: ast.ImportFrom, name: str) -> str:
    if not node.level:
        return node.module or ""
    folder = name if modules()[name].name == "__init__.py" else name.rpartition(".")[0]
    for _ in range(node.level - 1):
        folder = folder.rpartition(".")[0]
    return f"{folder}.{node.module}" if node.module else folder


def within(name: str, *tops: str) -> bool:
    """Whether *name* is one of *tops* or inside one."""
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def offences(*banned: str, allowed: tuple[str, ...], within_: str = "reconciler") -> list[str]:
    """`file:line imports X` for every import of *banned* outside of the modules *allowed*."""
    return [
        f"{modules()[name].relative_to(ROOT)}:{line} imports {wanted}"
        for name in modules()
        if within(name, within_) and not within(name, *allowed)
        for wanted, line in imports(name)
        if within(wanted, *banned)
    ]


def reached(name: str) -> dict[str, str]:
    """Modules of ours that *name* loads, lazily or not, each with the one that leads there.

    Importing `a.b` runs `a` as well, so packages on the way count.
    """
    trail = {name: ""}
    todo = [name]
    while todo:
        here = todo.pop()
        for wanted, _ in imports(here, runtime=True):
            steps = wanted.split(".")
            for end in range(1, len(steps) + 1):
                module = ".".join(steps[:end])
                if module in modules() and module not in trail:
                    trail[module] = here
                    todo.append(module)
    return trail


# ---------------------------------------------------------------- who may import what


def test_errors_import_nothing_of_ours() -> None:
    assert [one for one, _ in imports("reconciler.errors") if within(one, "reconciler")] == []


def test_a_spool_knows_nothing_but_errors() -> None:
    # It lets the pure middle keep what does not fit in memory, so nothing may come in that way.
    ours = {one for one, _ in imports("reconciler.plan.spool") if within(one, "reconciler")}
    assert ours <= {"reconciler.errors"}


def test_the_model_imports_only_errors() -> None:
    ours = {one for one, _ in imports("reconciler.model") if within(one, "reconciler")}
    assert ours <= {"reconciler.errors"}


@pytest.mark.parametrize(
    ("banned", "allowed"),
    [
        (("yaml",), ("reconciler.declare.strict",)),
        (
            ("pydantic", "pydantic_core"),
            ("reconciler.declare", "reconciler.driver", "reconciler.drivers"),
        ),
        (("deepdiff",), ("reconciler.inventory.diff",)),
        ((*SENDS, "h11", "anyio", "aiohappyeyeballs"), ("reconciler.lanes.send",)),
        (("ssl",), ("reconciler.lanes.send", "reconciler.sandbox")),
        (
            ("select",),
            (
                "reconciler.lanes.send",
                "reconciler.sandbox",
                "reconciler.lanes.journal.postgres_link",
            ),
        ),
        (("click",), ("reconciler.cli",)),
        (("rich",), ("reconciler.views.live",)),
        (DATABASE, ("reconciler.lanes.journal",)),
        (("procrastinate",), ("reconciler.lanes.dispatch.procrastinate",)),
        (("opentelemetry",), ("reconciler.events.tracing",)),
        (("prometheus_client",), ("reconciler.events.metrics",)),
        (("starlette", "uvicorn"), ("reconciler.sandbox",)),
        (
            ("requests", "urllib3", "aiohttp", "urllib.request", "http.client"),
            ("reconciler.sandbox.demo",),
        ),
        (("jinja2", "markupsafe"), ("reconciler.views.html.page",)),
        (
            ("importlib.resources",),
            (
                "reconciler.api.completing",
                "reconciler.api.init.assets",
                "reconciler.testing.package",
                "reconciler.views.html.assets",
            ),
        ),
        (("pytest", "hypothesis", "jsonschema"), ()),
    ],
    ids=lambda value: " ".join(value) or "nobody",
)
def test_a_library_is_imported_only_where_it_belongs(
    banned: tuple[str, ...], allowed: tuple[str, ...]
) -> None:
    assert offences(*banned, allowed=allowed) == []


def test_only_the_command_line_reads_the_environment() -> None:
    names = {"environ", "environb", "getenv", "getenvb"}
    found = []
    for name in modules():
        for node in ast.walk(tree(name)):
            match node:
                case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr in names:
                    place = f"{modules()[name].relative_to(ROOT)}:{node.lineno}"
                case ast.ImportFrom(module="os") if names & {one.name for one in node.names}:
                    place = f"{modules()[name].relative_to(ROOT)}:{node.lineno}"
                case _:
                    continue
            if not within(name, "reconciler.cli"):
                found.append(place)
    assert found == []


def test_nothing_but_the_command_line_imports_the_command_line() -> None:
    allowed = ("reconciler.cli", "reconciler.__main__")
    assert offences("reconciler.cli", allowed=allowed) == []


def test_the_command_line_calls_the_library_and_shows_what_comes_back() -> None:
    allowed = tuple(
        f"reconciler.{name}"
        for name in ("api", "cli", "errors", "events", "lanes.stop", "safe", "sandbox", "site")
    )
    found = [
        f"{modules()[name].relative_to(ROOT)}:{line} imports {wanted}"
        for name in modules()
        if within(name, "reconciler.cli")
        for wanted, line in imports(name)
        if within(wanted, "reconciler")
        and wanted != "reconciler"
        and not within(wanted, *allowed, "reconciler.views")
    ]
    assert found == []


def test_every_file_of_the_command_line_knows_click() -> None:
    inside = [one for one in modules() if one.startswith("reconciler.cli.")]
    assert [one for one in inside if "click" not in {name for name, _ in imports(one)}] == []


def test_nothing_below_the_command_line_prints_or_installs_a_signal_handler() -> None:
    streams = {"stdout", "stderr", "stdin", "__stdout__", "__stderr__"}
    found = []
    for name in modules():
        if within(name, "reconciler.cli", "reconciler.sandbox"):
            continue
        for node in ast.walk(tree(name)):
            match node:
                case ast.Attribute(value=ast.Name(id="sys"), attr=attr) if attr in streams:
                    said = f"uses sys.{attr}"
                case ast.Call(func=ast.Name(id="print" | "input" as called)):
                    said = f"calls {called}"
                case ast.Attribute(value=ast.Name(id="signal"), attr="signal"):
                    said = "installs a signal handler"
                case _:
                    continue
            found.append(f"{modules()[name].relative_to(ROOT)}:{node.lineno} {said}")
    assert found == []


def test_the_library_is_below_nothing_but_the_command_line() -> None:
    found = offences("reconciler.api", allowed=("reconciler.api", "reconciler.cli"))
    assert [one for one in found if not one.startswith("reconciler/__init__.py:")] == []


def test_the_core_never_imports_a_driver() -> None:
    # `reconciler.drivers` itself is the finder: it loads by name what a project asks for.
    inside = [one for one in modules() if one.startswith("reconciler.drivers.")]
    assert offences(*inside, allowed=("reconciler.drivers",)) == []
    finders = ("reconciler.drivers", "reconciler.cli", "reconciler.api", "reconciler.site")
    assert offences("reconciler.drivers", allowed=finders) == []


def test_the_sandbox_knows_the_vendors_and_not_our_drivers() -> None:
    assert (
        offences(
            "reconciler.driver",
            "reconciler.drivers",
            "reconciler.apply",
            allowed=(),
            within_="reconciler.sandbox",
        )
        == []
    )


def _drivers() -> list[str]:
    return [one for one in modules() if one.startswith("reconciler.drivers.")]


@pytest.mark.parametrize("name", _drivers())
def test_a_driver_imports_only_what_a_driver_may(name: str) -> None:
    shared = set(_drivers()) - set(BUILT_IN.values())  # no driver imports another
    ours = {one for one, _ in imports(name) if within(one, "reconciler")}
    allowed = {"reconciler.model", "reconciler.errors", *shared}
    assert {one for one in ours if not within(one, "reconciler.driver")} <= allowed


def test_what_only_one_vendor_needs_is_all_that_is_private() -> None:
    """A third party may use whatever a driver of ours uses, but for a vendor's own module."""
    own = {"_batch": ("batch_cep", "batch_mep"), "_http": ("http", "_http")}
    for name in _drivers():
        mine = name.rpartition(".")[2]
        for wanted, _ in imports(name):
            module = wanted.rpartition(".")[2]
            if within(wanted, "reconciler.drivers") and module.startswith("_"):
                vendor = "_" + module.split("_")[1]
                assert mine.startswith(own[vendor]), f"{name} imports {wanted}"


@pytest.mark.parametrize("name", _drivers())
def test_a_driver_is_pure(name: str) -> None:
    assert _impurities(name) == []


@pytest.mark.parametrize(
    "name",
    [*(one for one in modules() if within(one, "reconciler.driver")), "reconciler.lanes.pace"],
)
def test_what_drivers_and_lanes_count_on_is_pure(name: str) -> None:
    assert _impurities(name) == []


@pytest.mark.parametrize("top", PURE)
def test_the_middle_is_pure_and_so_is_all_that_it_reaches(top: str) -> None:
    inside = [name for name in modules() if within(name, f"reconciler.{top}") and name not in RIM]
    assert inside
    for name in inside:
        for one, via in reached(name).items():
            assert _impurities(one) == [], f"{name} reaches {one} through {via}"


def _impurities(name: str) -> list[str]:
    """Imports and calls of module *name* that touch the world outside."""
    if (
        name == "reconciler.plan.spool"
    ):  # memory by other means: nothing of the world comes through it
        return []
    place = modules()[name].relative_to(ROOT)
    found = [
        f"{place}:{line} imports {one}"
        for one, line in imports(name, runtime=True)
        if within(one, *IMPURE)
    ]
    for node in ast.walk(tree(name)):
        match node:
            case ast.Call(func=ast.Name(id="open" | "print" | "input" as called)):
                found.append(f"{place}:{node.lineno} calls {called}")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=attr)):
                if attr in CLOCKS and owner in ("datetime", "date"):
                    found.append(f"{place}:{node.lineno} asks the clock")
    return found


def test_the_lane_knows_no_database_and_no_engine() -> None:
    backends = ("reconciler.lanes.journal.sqlite", "reconciler.lanes.journal.postgres")
    for name in ("reconciler.lanes.lane", "reconciler.lanes.line", "reconciler.lanes.look"):
        loaded = {one for one, _ in imports(name)}
        assert not any(within(one, *DATABASE, *backends, "procrastinate") for one in loaded)


def test_no_public_class_has_the_name_of_another() -> None:
    # The sandbox is written from the vendors' pages alone, and shares no words with us.
    homes: dict[str, list[str]] = {}
    for name in modules():
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ClassDef) and not within(name, "reconciler.sandbox"):
                homes.setdefault(node.name, []).append(name)
    twice = {one: where for one, where in homes.items() if len(where) > 1 and one[0] != "_"}
    assert twice == {}


def test_the_top_of_the_house_holds_what_is_drawn_there() -> None:
    tops = {name.split(".")[1] for name in modules() if name.count(".")} - {"__main__"}
    drawn = {
        *("api", "apply", "cli", "declare", "disk", "driver", "drivers", "errors", "events"),
        *("inventory", "lanes", "model", "plan", "prove", "pull", "safe", "sandbox", "site"),
        *("testing", "views"),
    }
    assert tops == drawn


def test_no_packages_import_each_other_in_a_circle() -> None:
    # `reconciler` itself only names what the library gives, and knows its version.
    graph: dict[str, set[str]] = {}
    for name in modules():
        here = name.split(".")[1:2]
        for wanted, _ in imports(name):
            there = wanted.split(".")[1:2]
            if here and there and here != there and within(wanted, "reconciler"):
                graph.setdefault(here[0], set()).add(there[0])
    assert set(TopologicalSorter(graph).static_order()) >= {"cli", "api", "lanes", "model"}


# ---------------------------------------------------------------- what a command loads

_PROBE = """
import json, sys
from reconciler.cli.main import run
place = sys.argv.pop(1)
try:
    run()
except SystemExit as end:
    code = end.code
loaded = sorted({name.partition(".")[0] for name, one in sys.modules.items() if one})
with open(place, "w") as out:
    json.dump([int(code or 0), loaded], out)
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of the example project."""
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    code, _ = loaded_by(path.with_name("probe.json"), "plan", "--out", str(path))
    assert code == 0
    return path


def loaded_by(out: Path, *arguments: str, cwd: Path = ROOT) -> tuple[int, set[str]]:
    """The exit code of `reconciler ARGUMENTS` in *cwd*, and the packages it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, str(out), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert out.exists(), done.stderr
    code, names = json.loads(out.read_text())
    return code, set(names)


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate"],
        ["plan"],
        ["plan", "--format", "html"],
        ["show", "PLAN"],
        ["explain", "push-prod/orchestration_061ne9q70wrts8kapsz0gj01dzg7hgw4"],
        ["apply", "PLAN", "--dry-run"],
        ["apply", "PLAN", "--dry-run", "--format", "json"],
    ],
    ids=" ".join,
)
def test_a_command_that_sends_nothing_loads_nothing_that_can(
    arguments: list[str], plan: Path, tmp_path: Path
) -> None:
    given = [str(plan) if one == "PLAN" else one for one in arguments]
    code, loaded = loaded_by(tmp_path / "probe.json", *given)
    assert code == 0
    assert (
        loaded & {*SENDS, "h11", *DATABASE, "requests", "urllib3", "starlette", "uvicorn"} == set()
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["validate"]], ids=" ".join)
def test_a_short_command_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code, loaded = loaded_by(tmp_path / "probe.json", *arguments)
    assert code == 0
    heavy = {
        *SENDS,
        "h11",
        *DATABASE,
        "deepdiff",
        "rich",
        "jinja2",
        "asyncio",
        "starlette",
        "uvicorn",
    }
    assert loaded & heavy == set()


def test_an_apply_that_sends_loads_httpx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEP_KEY", KEYS["CEP_KEY"])
    with sandbox() as url:
        site = Site(tmp_path, url, accounts={"push": ACCOUNTS["push"]})
        site.write()
        site.manifest("push")
        site.inventory([one for one in campaigns() if one["account"] == "push"])
        probe = tmp_path / "probe.json"
        assert loaded_by(probe, "plan", "--out", "plan.json", cwd=tmp_path)[0] == 0
        code, loaded = loaded_by(probe, "apply", "plan.json", "--first-run", cwd=tmp_path)
    assert code == 0
    assert {"httpx", "httpcore", "h11", "sqlite3"} <= loaded
    assert "pygments" not in loaded  # of httpx's own command line
