#!/bin/sh
# Builds the page into dist/web, if anything that it is made of has changed since.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"

built=dist/web/index.html
if [ -e "$built" ]; then
  # A folder counts as well: it changes when a file in it is deleted.
  newer=$(find web wire index.html vite.config.ts package-lock.json -newer "$built" 2>/dev/null | head -n 1)
  [ -n "$newer" ] || exit 0
fi
echo "page: building"
vite build --logLevel warn
