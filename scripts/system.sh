#!/bin/sh
# scripts/system.sh: the programs that tests call and pip cannot bring. As root, or where sudo asks
# for no password, what is missing is installed with apt-get. Elsewhere the command to run is told,
# and that is an error: a test that cannot run is a test that failed.
set -eu

need=
want() { # PACKAGE PROGRAM|FILE...: it is there if one of these is
    package=$1
    shift
    for one in "$@"; do
        case $one in
        /*) [ ! -e "$one" ] || return 0 ;;
        *) ! command -v "$one" >/dev/null || return 0 ;;
        esac
    done
    need="$need $package"
}

want chromium chromium chromium-browser google-chrome
want openssh-client ssh-keygen
want openssl openssl
want curl curl
want strace strace
# Markdown is also read by parsers that are written for Node.js.
want nodejs node
want npm npm
# Debian keeps the server's programs off the PATH; an unmatched pattern stays as it is.
want postgresql postgres /usr/lib/postgresql/*/bin/postgres
want pgbouncer pgbouncer /usr/sbin/pgbouncer
want tmux tmux
want zsh zsh
want fish fish
want bash-completion /usr/share/bash-completion/bash_completion
[ -n "$need" ] || exit 0

echo "system: the tests need these packages, which are missing:$need" >&2
if ! command -v apt-get >/dev/null; then
    echo "system: there is no apt-get here; install them as your system does" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "system: run this, and make again:" >&2
        echo "system:   sudo apt-get update && sudo apt-get install$need" >&2
        exit 1
    fi
    as_root="sudo -n env DEBIAN_FRONTEND=noninteractive"
fi
echo "system: installing them with apt-get" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086 # several packages, several words
$as_root apt-get install -y -qq --no-install-recommends $need >&2
