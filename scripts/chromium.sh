#!/bin/sh
# Prints the browser for the tests: CHROMIUM_PATH, or the first Chromium or Chrome that is installed.
set -eu
if [ -n "${CHROMIUM_PATH:-}" ]; then
  echo "$CHROMIUM_PATH"
  exit
fi
for name in chromium google-chrome-stable google-chrome chromium-browser; do
  program=$(command -v "$name") || continue
  # Ubuntu's chromium-browser is a script that starts a snap. A snap sees none of our temporary folders, so it can't be driven.
  case $(readlink -f "$program") in */snap*) continue ;; esac
  if grep -qs /snap/ "$program"; then continue; fi
  echo "$program"
  exit
done
exit 1
