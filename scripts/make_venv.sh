#!/bin/sh
# Make the virtual environment named in $1, with the first Python of at least 3.11 that there is. One that works is left alone.
set -eu
venv=$1

recent='import sys; sys.exit(sys.version_info < (3, 11))'
if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c "$recent" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$recent" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "QuantumLeap needs Python 3.11 or newer, and found none. Install one, or name it: make PYTHON=/path/to/python3 ..." >&2
    exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "The Python found ($python) has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
fi
echo "Making $venv with $("$python" --version)"
"$python" -m venv --clear "$venv"
