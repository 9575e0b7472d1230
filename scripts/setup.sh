#!/bin/sh
# Sets up what is missing and says so, a line for each thing; silent and quick when nothing is.
#   setup.sh packages   the npm packages, and a Node new enough
#   setup.sh            the same and a Docker engine
#   setup.sh test       the same and a Chromium
# Nothing is fetched but npm packages and, on Debian and Ubuntu, packages of the distribution.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"
engine_help=https://docs.docker.com/engine/install/
start_seconds=60

say() { echo "setup: $*"; }
fail() {
  echo "setup: $*" >&2
  exit 1
}

# Runs a command; its output is of interest only when it fails. Descriptor 9 is our lock, and no daemon's business.
quietly() {
  output=$(mktemp)
  if "$@" >"$output" 2>&1 </dev/null 9<&-; then
    rm -f "$output"
  else
    cat "$output" >&2
    rm -f "$output"
    return 1
  fi
}

# ---- packages

# node_modules is as the lockfile says when it holds a copy of it, which is made last.
packages() {
  cmp -s package-lock.json node_modules/.lockfile-installed && return
  say "installing the npm packages"
  # Vite and the packaged Node are needed to run, whatever NODE_ENV or the user's npmrc say about such packages.
  quietly npm ci --include=dev --include=optional --no-audit --no-fund || fail "npm ci failed (its output is above)"
  # The packaged Node is built for glibc; where it can't run, the machine's own must do.
  node_modules/.bin/node --version >/dev/null 2>&1 || rm -f node_modules/.bin/node
  cp package-lock.json node_modules/.lockfile-installed
}

node_is_new_enough() {
  # It is if it runs TypeScript as it is, which 22.18 was the first to do.
  node -e 'process.exit(process.features.typescript ? 0 : 1)' && return
  fail "Node $(node --version) is too old: Longshore needs 22.18 or newer, from https://nodejs.org"
}

# ---- the system's packages

on_debian() {
  [ -r /etc/os-release ] && command -v apt-get >/dev/null && grep -Eq '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release
}
am_root() { [ "$(id -u)" = 0 ]; }

# Once is enough: several parts may each install something.
updated=
apt_update() {
  [ -z "$updated" ] || return 0
  updated=yes
  # One foreign source that can't be reached is no reason to stop: whether the package is found decides.
  apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 update >/dev/null 2>&1 </dev/null || :
}

# The version of a package that would be installed, if there is one.
candidate() { LC_ALL=C apt-cache policy "$1" | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p'; }

apt_install() {
  # needrestart would ask, or restart services of a machine that isn't ours.
  quietly env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none \
    apt-get -qq -y --no-install-recommends -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$@"
}

# ---- the Docker engine

engine_answers() { why=$(node scripts/engine.ts ping 2>&1); }

engine() {
  engine_answers && return
  if [ -n "${DOCKER_HOST:-}" ]; then
    fail "No Docker engine answers at DOCKER_HOST=$DOCKER_HOST ($why)."
  fi
  case $why in
    *EACCES*) fail "This user may not use the Docker engine; how to change that:" \
      "https://docs.docker.com/engine/install/linux-postinstall/" ;;
  esac
  if ! on_debian || ! am_root; then
    fail "No Docker engine answers ($why). Start yours, or install one: $engine_help"
  fi
  command -v dockerd >/dev/null || install_engine
  engine_answers || start_engine
}

install_engine() {
  say "installing a Docker engine (the package docker.io)"
  apt_update
  # Without apparmor_parser an engine on a kernel with AppArmor starts no container; without systemd somebody must mount
  # the cgroups; newer Debians have the docker command in a package of its own. Each is only in some distributions.
  # The agent fences its jobs' network with the tools of iproute2.
  set -- docker.io iproute2
  for package in apparmor cgroupfs-mount docker-cli; do
    if [ -n "$(candidate "$package")" ]; then set -- "$@" "$package"; fi
  done
  apt_install "$@" || fail "The package docker.io could not be installed (see above). Other ways: $engine_help"
}

start_engine() {
  say "starting the Docker engine"
  if [ -d /run/systemd/system ]; then
    quietly systemctl start docker || fail "The Docker engine doesn't start (see above)."
    dockerd=
    journal="journalctl -u docker"
  else
    if command -v cgroupfs-mount >/dev/null; then quietly cgroupfs-mount || :; fi
    journal=/var/log/longshore-dockerd.log
    # In a session of its own, or Ctrl-C would end it with us.
    setsid dockerd >"$journal" 2>&1 </dev/null 9<&- &
    dockerd=$!
  fi
  tries=0
  until engine_answers; do
    tries=$((tries + 1))
    if [ "$tries" -gt "$start_seconds" ] || { [ -n "$dockerd" ] && ! kill -0 "$dockerd" 2>/dev/null; }; then
      [ -z "$dockerd" ] || tail -n 5 "$journal" >&2
      fail "The Docker engine doesn't start ($journal says more). Help: $engine_help"
    fi
    sleep 1
  done
}

# ---- Chromium

browser() {
  if [ -n "${CHROMIUM_PATH:-}" ] && [ ! -x "$CHROMIUM_PATH" ]; then
    fail "CHROMIUM_PATH=$CHROMIUM_PATH is not a program."
  fi
  missing=
  sh scripts/chromium.sh >/dev/null || missing=chromium
  # Without any font, pages have no text to see or to measure.
  find /usr/share/fonts /usr/local/share/fonts /System/Library/Fonts -name '*.[to]tf' 2>/dev/null | grep -q . ||
    missing="$missing fonts-dejavu-core"
  [ -n "$missing" ] || return 0

  if ! on_debian || ! am_root; then
    fail "The tests need a Chromium and a font: install them, or set CHROMIUM_PATH to a Chromium or Chrome."
  fi
  say "installing for the tests: $missing"
  apt_update
  # Ubuntu's package of that name, where there is one, only brings a snap, which can't be driven from outside.
  case $missing in
    chromium*)
      case $(candidate chromium) in
        "" | *snap*) fail "This system has Chromium only as a snap, which tests can't drive: install another Chromium" \
          "or Chrome (https://www.google.com/chrome/) and set CHROMIUM_PATH to its program." ;;
      esac
      ;;
  esac
  # shellcheck disable=SC2086 # a list of packages
  apt_install $missing || fail "These could not be installed (see above): $missing"
}

# ---- A second S3-compatible server, stricter than the one from npm; and hosts in network namespaces

swift_is_there() {
  for program in swift-proxy-server swift-account-server swift-container-server swift-object-server; do
    command -v "$program" >/dev/null || return 1
  done
}

hosts() {
  on_debian || return 0
  missing=
  command -v ip >/dev/null || missing=iproute2
  # What the page's share dialog gives to copy is run as it is.
  command -v curl >/dev/null || missing="$missing curl"
  command -v python3 >/dev/null || missing="$missing python3"
  # Builds from git repositories, and the server that the tests give them.
  command -v git >/dev/null || missing="$missing git"
  # A second runtime. Where there is none, its test is left out.
  command -v crun >/dev/null || [ -z "$(candidate crun)" ] || missing="$missing crun"
  [ -n "$missing" ] || return 0
  am_root || fail "The tests need these packages: install $missing."
  say "installing for the tests: $missing"
  apt_update
  # shellcheck disable=SC2086 # a list of packages
  apt_install $missing || fail "These could not be installed (see above): $missing"
}

swift() {
  on_debian || return 0
  swift_is_there && return 0
  am_root || fail "The tests need OpenStack Swift as an S3 server: install swift-proxy swift-account swift-container swift-object."
  say "installing for the tests: swift"
  apt_update
  # The tests start it themselves, on their own ports: the machine's services stay as they are.
  policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; fi
  done=yes
  apt_install swift-proxy swift-account swift-container swift-object || done=
  [ -z "$policy" ] || rm -f "$policy"
  [ -n "$done" ] || fail "Swift could not be installed (see above)."
}

# The tests start it themselves; the package starts a service only where systemd runs one.
registry() {
  if command -v docker-registry >/dev/null || ! on_debian; then return 0; fi
  am_root || fail "The tests need a registry of images: install docker-registry."
  say "installing for the tests: docker-registry"
  apt_update
  apt_install docker-registry || fail "docker-registry could not be installed (see above)."
}

# One at a time in a checkout. Where flock is missing (macOS) nothing is installed here but npm packages.
if command -v flock >/dev/null; then
  exec 9<"scripts/setup.sh"
  flock -n 9 || { say "waiting for another setup to end" && flock 9; }
fi
packages
node_is_new_enough
case ${1:-} in
  packages) ;;
  test)
    engine
    browser
    swift
    hosts
    registry
    ;;
  *) engine ;;
esac
