#!/bin/sh
# npm run dev: as npm start, with the server restarted and the page rebuilt on each change. Arguments go to the server.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"

sh scripts/setup.sh
sh scripts/images.sh shell || echo "Going on without the image longshore/shell, which the first job needs." >&2
sh scripts/page.sh

# Both run in the background, so that a signal to this script alone ends them as well; `wait` is what a trap can interrupt.
stop() {
  trap '' HUP INT TERM
  kill "$page" "$server" 2>/dev/null || :
  wait
  exit "$1"
}
page=
server=
trap 'stop 130' HUP INT TERM
vite build --watch --logLevel warn &
page=$!
node --disable-warning=ExperimentalWarning --watch --watch-preserve-output worker-agent/cli/start.ts "$@" &
server=$!
wait "$server"
stop 1
