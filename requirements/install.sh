#!/bin/sh
# Makes .venv if there is none that works, and installs one lock file into it: runtime or dev.
# Called by the Makefile; PYTHON names an interpreter if the newest one found is not wanted.
set -eu
cd "$(dirname "$0")/.."
lock="requirements/$1.txt"
[ -f "$lock" ] || { echo "there is no $lock: say runtime or dev" >&2; exit 2; }

# Tried by running it: a version manager puts names on PATH that lead to no interpreter.
is_new_enough() {
    "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "no Python 3.11 or newer found${PYTHON:+ as $PYTHON}." >&2
    echo "On Debian or Ubuntu: sudo apt-get install python3 python3-venv" >&2
    echo "Elsewhere, name one yourself: make PYTHON=/path/to/python3 setup" >&2
    return 1
}

make_venv() {
    echo "making .venv with $("$1" --version)"
    if "$1" -c 'import ensurepip' >/dev/null 2>&1; then
        "$1" -m venv --clear .venv
    elif "$1" -m pip --python "$1" --version >/dev/null 2>&1; then
        # Debian splits ensurepip off into python3-venv; a pip outside can fill the venv as well.
        "$1" -m venv --clear --without-pip .venv
    else
        version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "$1 can make no venv: it has neither ensurepip nor pip." >&2
        echo "On Debian or Ubuntu: sudo apt-get install python$version-venv" >&2
        return 1
    fi
}

install() {
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        .venv/bin/python -m pip --disable-pip-version-check install --quiet "$@"
    else
        outside=$(find_python)
        "$outside" -m pip --python .venv/bin/python --disable-pip-version-check install --quiet "$@"
    fi
}

if ! is_new_enough .venv/bin/python; then
    python=$(find_python)
    make_venv "$python"
fi
echo "installing $lock"
install --require-hashes -r "$lock"
# The build tool is pinned in the lock; an isolated build would fetch one that nobody checked.
install --no-deps --no-build-isolation --editable .
