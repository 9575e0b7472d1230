#!/bin/sh
# npm test: sets up what is missing and runs everything, to the end even if a part fails. Each part begins with a line
# "npm test: <part>" and, if it fails, ends with "npm test: <part> failed".
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"

sh scripts/setup.sh test
sh scripts/images.sh shell python r
CHROMIUM_PATH=$(sh scripts/chromium.sh)
# A report that opened by itself would keep the command from ending.
export CHROMIUM_PATH PLAYWRIGHT_HTML_OPEN=never

failed=
part() {
  name=$1
  shift
  printf '\nnpm test: %s\n' "$name"
  "$@" || {
    echo "npm test: $name failed"
    failed="$failed $name"
  }
}
part check sh scripts/check.sh static
part build npm run --silent build
part vitest vitest run
part playwright playwright test

[ -z "$failed" ] || { printf '\nFailed:%s\n' "$failed" >&2 && exit 1; }
