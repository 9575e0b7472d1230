#!/bin/sh
# npm run check: the quick checks, all of them even if one fails.
#   check.sh static   without the unit tests
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
sh scripts/setup.sh packages

failed=
try() {
  "$@" || failed="$failed
  $*"
}
try tsc -p tsconfig.json
try tsc -p web/tsconfig.json
try tsc -p edge/cloudflare/tsconfig.json
try tsc -p e2e/metapage/tsconfig.json
try biome check
try node scripts/lockfile.ts
[ "${1:-}" = static ] || try vitest run --project unit

[ -z "$failed" ] || { echo "check: failed:$failed" >&2 && exit 1; }
