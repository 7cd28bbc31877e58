#!/bin/sh
# npm test: installs what it needs and says so, then checks and all four test layers. Arguments choose layers.
set -eu
cd "$(dirname "$0")/.."
tools/prepare.sh test
exec node_modules/.bin/node --disable-warning=ExperimentalWarning tools/test.ts "$@"
