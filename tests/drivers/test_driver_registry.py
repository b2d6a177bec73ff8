"""Finding drivers: ours without a search, others' through entry points."""

import subprocess
import sys

import pytest

from reconciler import drivers
from reconciler.driver import Driver
from reconciler.errors import ReconcilerError

OURS = ("batch-cep", "batch-mep", "cellcast", "kore", "ozonetel")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a distribution `acme` that offers *entries* with the module text *code*."""

    def install(entries, code="", name="acme"):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[reconciler.drivers]\n{entries}\n")
        (tmp_path / f"{name}_driver.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, f"{name}_driver", raising=False)

    return install


@pytest.mark.parametrize("name", OURS)
def test_a_built_in_driver_is_found_by_its_own_name(name):
    assert isinstance(drivers.find(name), Driver)
    assert drivers.find(name).name == name


def test_all_names_are_known_and_another_is_none():
    assert set(OURS) <= set(drivers.names())
    assert drivers.find("no-such") is None


def test_a_third_partys_driver_is_found(installed):
    code = (
        "from msgspec.structs import replace\n"
        "from reconciler.drivers.kore import DRIVER as KORE\n"
        "DRIVER = replace(KORE, name='acme')\n"
    )
    installed("acme = acme_driver:DRIVER", code)
    assert drivers.find("acme").name == "acme"
    assert "acme" in drivers.names()


@pytest.mark.parametrize(
    ("entry", "code", "why"),
    [
        ("acme_driver:DRIVER", "1/0", "ZeroDivisionError"),
        ("acme_driver:DRIVER", "", "AttributeError"),
        ("acme_nowhere:DRIVER", "", "ModuleNotFoundError"),
        ("acme_driver:DRIVER", "DRIVER = 7", "is not a Driver but a int"),
        (
            "acme_driver:DRIVER",
            "from reconciler.drivers.kore import DRIVER",
            "calls itself 'kore'",
        ),
        (
            "acme_driver:DRIVER",
            "from msgspec.structs import replace\n"
            "from reconciler.drivers.kore import DRIVER as KORE\n"
            "DRIVER = replace(KORE, name='acme', settings=dict)\n",
            "no subclass of reconciler's Settings",
        ),
        (
            "acme_driver:DRIVER",
            "from msgspec.structs import replace\n"
            "from reconciler.driver import Settings\n"
            "from reconciler.drivers.kore import DRIVER as KORE\n"
            "class Own(Settings):\n    region: 'Nowhere'\n"
            "DRIVER = replace(KORE, name='acme', settings=Own)\n",
            "cannot be read: NameError",
        ),
    ],
)
def test_a_broken_one_is_told_with_its_distribution(installed, entry, code, why):
    installed(f"acme = {entry}", code)
    with pytest.raises(ReconcilerError, match="of acme") as caught:
        drivers.find("acme")
    assert why in str(caught.value)


def test_nobody_takes_the_place_of_a_built_in_driver(installed):
    installed("kore = acme_driver:DRIVER", "1/0")
    assert drivers.find("kore").title.startswith("Kore.ai")


def test_two_offers_of_one_name_are_an_error(installed):
    installed("x = acme_driver:DRIVER")
    installed("x = other_driver:DRIVER", name="other")
    with pytest.raises(ReconcilerError, match="acme, other"):
        drivers.find("x")


def test_one_driver_loads_one_driver_and_nothing_that_sends():
    code = (
        "import sys; from reconciler import drivers; drivers.find('kore'); "
        "print(*sorted(m for m in sys.modules if m.startswith('reconciler.drivers.') or m in "
        "('httpx', 'httpcore', 'h11', 'jwt', 'importlib.metadata', 'sqlite3', 'socket')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert "reconciler.drivers.kore" in loaded
    assert "reconciler.drivers.ozonetel" not in loaded
    assert not loaded & {"httpx", "httpcore", "h11", "jwt", "sqlite3"}
