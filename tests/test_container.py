"""What the image does, where no container engine is at hand: its own steps in a name space.

Every file system is read-only but one; the user is the Dockerfile's, who owns nothing else; only
the interpreter, the libraries and the wheel are there to be read.
"""

import os
import re
import shutil
import site
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.support.wheel import ROOT, build, install

_ENTER = """\
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=0755 none "$HOUSE"
mkdir "$HOUSE/python" "$HOUSE/libraries" "$HOUSE/wheel" "$HOUSE/work"
mount --bind "$PYTHON" "$HOUSE/python"
mount --bind "$LIBRARIES" "$HOUSE/libraries"
mount --bind "$WHEEL" "$HOUSE/wheel"
mount -t tmpfs -o "uid=$OWNER,gid=$OWNER,mode=0700" none "$HOUSE/work"
for place in "$HOUSE/python" "$HOUSE/libraries" "$HOUSE/wheel" "$HOUSE"; do
  mount -o remount,bind,ro "$place"
done
awk '$2 !~ "^/(proc|sys|dev)(/|$)" { print $2 }' /proc/self/mounts | while read -r place; do
  case $place in "$HOUSE"*) ;; *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;; esac
done
cd "$HOUSE/work"
exec setpriv --reuid "$OWNER" --regid "$OWNER" --clear-groups --no-new-privs --bounding-set=-all \\
  env -i PATH=/usr/bin:/bin HOME="$HOUSE/work" TMPDIR="$HOUSE/work" \\
  PYTHONHOME="$HOUSE/python" LD_LIBRARY_PATH="$HOUSE/python/lib" \\
  PYTHONPATH="$HOUSE/wheel:$HOUSE/libraries" PYTHONDONTWRITEBYTECODE=1 RECONCILER_DEBUG=1 \\
  "$HOUSE/python/bin/$NAME" -c "$PROGRAM"
"""

_PROGRAM = """\
import os, subprocess, sys
from pathlib import Path
assert os.geteuid() != 0
for place in (Path(sys.prefix), Path(os.environ["PYTHONPATH"].split(":")[0]), Path("/var/tmp")):
    try:
        (place / "written").touch()
    except OSError:
        continue
    sys.exit(f"{place} can be written")
sys.exit(subprocess.call([sys.executable, "-m", "reconciler", "sandbox", "--demo", "demo"]))
"""


def user_of_the_image() -> str:
    """The number that the Dockerfile gives the user."""
    (found,) = re.findall(r"^USER (\d+):\1$", (ROOT / "Dockerfile").read_text("utf-8"), re.M)
    return str(found)


def test_the_demo_runs_as_nobody_on_a_file_system_that_is_read_only(tmp_path: Path) -> None:
    if os.geteuid() != 0 or not all(map(shutil.which, ("mount", "unshare", "setpriv"))):
        pytest.skip("only root may make a name space of mounts here")
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("mounting is not permitted here")
    wheel = tmp_path / "wheel"
    install(build(tmp_path / "built"), wheel)
    house = Path(mkdtemp(dir="/tmp"))  # every folder above it may be gone through
    house.chmod(0o755)
    base = Path(sys.base_prefix)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", _ENTER],
        env={
            "PATH": os.environ["PATH"],
            "HOUSE": str(house),
            "PYTHON": str(base),
            "LIBRARIES": site.getsitepackages()[0],
            "WHEEL": str(wheel),
            "OWNER": user_of_the_image(),
            "NAME": f"python3.{sys.version_info.minor}",
            "PROGRAM": _PROGRAM,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Exactly the plan happened." in done.stdout, done.stdout
    house.rmdir()  # it is empty: what was mounted there was seen inside alone
