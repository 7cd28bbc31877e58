#!/bin/sh
# npm run demo: installs what it needs and says so, then shows a diskless machine boot.
set -eu
cd "$(dirname "$0")/.."
tools/prepare.sh demo
exec bin/netroot demo "$@"
