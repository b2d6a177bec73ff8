#!/bin/sh
# scripts/setup.sh EXTRAS: make .venv and install the project in it with EXTRAS (dev,docs).
# A second call with nothing changed does nothing. What is installed are the files that the locks in
# requirements/ name by their hashes; where that cannot be, it is said, and pyproject.toml decides,
# unless LOCKED is set.
set -eu
cd "$(dirname "$0")/.."

extras=$1
stamp=".venv/.has-$(echo "$extras" | tr , -)"

# What the installation depends on: dependencies, declared and locked, and where the checkout lies.
case $extras in
    sandbox) locks="build run" ;;
    supply) locks="build supply" ;;
    *) locks=ci ;;
esac
now=$(pwd; cat pyproject.toml; for one in $locks; do cat "requirements/$one.lock"; done 2>/dev/null || true)
if [ -f "$stamp" ] && [ "$now" = "$(cat "$stamp")" ] && .venv/bin/python -c "" 2>/dev/null; then
    .venv/bin/python -m compileall -q reconciler
    exit 0
fi

usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if ! { [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    found=
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14 python}; do
        if command -v "$candidate" >/dev/null && usable "$candidate"; then
            found=$candidate
            break
        fi
    done
    if [ -z "$found" ]; then
        echo "setup: no Python of at least 3.11 with the modules venv and ensurepip was found." >&2
        echo "setup: install one (Debian: apt-get install python3.11 python3.11-venv), or name it:" >&2
        echo "setup:   make PYTHON=/path/to/python3.11 ..." >&2
        exit 1
    fi
    echo "setup: making .venv with $("$found" --version)" >&2
    "$found" -m venv --clear .venv
fi

echo "setup: installing the project with [$extras]; the first time takes a minute" >&2
pip() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile "$@"
}
from_locks() {
    for one in $locks; do
        if ! why=$(.venv/bin/python scripts/locked.py check "requirements/$one.lock"); then
            echo "setup: $why" >&2
            return 1
        fi
        pip --require-hashes -r "requirements/$one.lock" || return 1
    done
    pip --no-deps --no-build-isolation --editable .
}
if ! from_locks; then
    if [ -n "${LOCKED:-}" ]; then
        echo "setup: LOCKED is set, so nothing else is installed" >&2
        exit 1
    fi
    echo "setup: installing what pyproject.toml allows, unlocked" >&2
    pip --editable ".[$extras]"
fi
# pip would compile with one core, and not what stays where it is. What is no Python of today, as
# templates and other versions' files, stays as it is.
.venv/bin/python -m compileall -qq -j 0 .venv reconciler || true
echo "$now" >"$stamp"
