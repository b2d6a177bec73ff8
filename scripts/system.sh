#!/bin/sh
# scripts/system.sh: the programs that tests call and pip cannot bring. What is missing is
# installed on Debian and its kin, as root or through sudo; elsewhere it is named, and that is an
# error: a test that cannot run is a test that failed.
set -eu

need=
want() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null || need="$need $2"
}
want ssh-keygen openssh-client
want strace strace
want openssl openssl
command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null || need="$need chromium"
[ -n "$need" ] || exit 0

echo "system: the tests need these packages, which are missing:$need" >&2
if ! command -v apt-get >/dev/null; then
    echo "system: there is no apt-get here; install them as your system does" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "system: neither root nor sudo; run: apt-get install$need" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "system: installing them with apt-get" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086 # several packages, several words
$as_root apt-get install -y -qq --no-install-recommends $need >&2
