#!/bin/sh
# Brings a fresh checkout to the point where "demo" or "test" can run: system packages, then the project's own.
set -eu
cd "$(dirname "$0")/.."
tools/system-packages.sh "$1"
stamp=node_modules/.cache/package-lock.installed
if ! cmp -s package-lock.json "$stamp" 2>/dev/null; then
  echo "Installing the project's dependencies"
  # Not "npm ci": it refuses a lock file whose foreign-platform optional packages a mirror does not carry.
  npm install --no-save --no-audit --no-fund --loglevel=error
  mkdir -p "$(dirname "$stamp")"
  cp package-lock.json "$stamp"
fi
