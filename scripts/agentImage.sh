#!/bin/sh
# npm run agent-image: makes the image longshore/agent. BASE names another base than Node's own image, IMAGE another name.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"

sh scripts/setup.sh packages
node worker-agent/container/bundle.ts
docker build --tag "${IMAGE:-longshore/agent}" ${BASE:+--build-arg "BASE=$BASE"} dist/agent
