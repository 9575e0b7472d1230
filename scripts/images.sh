#!/bin/sh
# Makes sure that images exist on the Docker engine: images.sh <shell|python|r>...
#   longshore/shell    busybox
#   longshore/python   Python 3 with its standard library, and a shell
# From a registry if one answers, else of the distribution's own packages. Nothing is installed on this machine.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
umask 022

say() { echo "images: $*"; }
fail() {
  echo "images: $*" >&2
  exit 1
}

# Runs apt-get against an empty system in $work, so that it resolves all that a package needs and changes nothing here.
apt() {
  apt-get -qq -y --no-install-recommends --download-only -o Acquire::Retries=3 -o Debug::NoLocking=1 \
    -o APT::Sandbox::User=root -o Dir::State="$work/state" -o Dir::State::status="$work/status" \
    -o Dir::State::lists="$lists" -o Dir::Cache="$work/cache" "$@"
}

# Puts packages, and all that they depend on, into $work/cache/archives.
fetch_packages() {
  mkdir -p "$work/state" "$work/lists/partial" "$work/cache/archives/partial"
  : >"$work/status"
  lists=/var/lib/apt/lists
  fetch_all "$@" && return
  # A fresh machine has no lists, and old lists name packages that are gone.
  lists=$work/lists
  { apt update || :; } && fetch_all "$@"
}

# The certificates come without the tools that they depend on.
fetch_all() {
  apt install "$@" && (cd "$work/cache/archives" && apt download ca-certificates)
}

# Makes the root file system in $root. Its layout is /usr-merged whatever the packages', or else the ELF interpreter in
# /lib64 and the library that it is a link to could come to lie in two folders.
unpack_packages() {
  mkdir -p "$root"
  for folder in bin sbin lib lib64; do
    mkdir -p "$root/usr/$folder"
    ln -s "usr/$folder" "$root/$folder"
  done
  for package in "$work"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" >"$work/package.tar"
    # dpkg-deb -x would put a folder in the place of such a link.
    tar -x --keep-directory-symlink --no-same-owner -f "$work/package.tar" -C "$root"
  done
}

complete_system() {
  mkdir -p "$root/etc/ssl/certs" "$root/usr/lib/ssl" "$root/var/tmp" "$root/tmp" "$root/root"
  mkdir -p "$root/home" "$root/proc" "$root/sys" "$root/dev"
  chmod 700 "$root/root"
  chmod 1777 "$root/tmp" "$root/var/tmp"
  cat >"$root/etc/passwd" <<END
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
END
  cat >"$root/etc/group" <<END
root:x:0:
nogroup:x:65534:
END
  # Without it, glibc would ask the name server before /etc/hosts.
  echo "hosts: files dns" >"$root/etc/nsswitch.conf"
  cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
  ln -sf /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
  # Where the system's choice between several builds of these would put one.
  for library in "$root"/usr/lib/*/blas/lib*.so.3 "$root"/usr/lib/*/lapack/lib*.so.3; do
    if [ -e "$library" ]; then ln -sf "${library#"$root"}" "$(dirname "$(dirname "$library")")/"; fi
  done

  for applet in $("$root/bin/busybox" --list); do
    for folder in bin sbin; do
      if [ -e "$root/usr/$folder/$applet" ] || [ -L "$root/usr/$folder/$applet" ]; then continue 2; fi
    done
    ln -s busybox "$root/usr/bin/$applet"
  done
}

make_image() {
  image=$1
  check=$2
  program=$3
  shift 3
  work=$(mktemp -d)
  root=$work/root
  fetch_packages "$@" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "the packages for $image could not be fetched (see above)"
  }
  unpack_packages
  complete_system
  if [ -e "$root/usr/bin/python3" ]; then ln -sf python3 "$root/usr/bin/python"; fi
  # What the package's own set-up would do.
  if [ -e "$root/usr/lib/R/etc/Renviron.ucf" ]; then cp "$root/usr/lib/R/etc/Renviron.ucf" "$root/etc/R/Renviron"; fi
  tar -c --numeric-owner --owner=0 --group=0 -f "$work/root.tar" -C "$root" .
  # C.UTF-8 is the one locale that needs no further package.
  node scripts/engine.ts make "$image" "$work/root.tar" "$check" \
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8" "CMD [\"$program\"]"
  rm -rf "$work"
}

provide() {
  image=longshore/$1:latest
  case $1 in
    shell)
      source=docker.io/library/busybox:stable-musl
      packages=busybox-static
      program="sh"
      check="ls -la / >/dev/null && [ -w /tmp ]"
      ;;
    python)
      source=docker.io/library/python:3.12-slim
      packages="python3 busybox-static"
      program="python3"
      # Compiled ahead: what a container compiles for itself is gone with it, and costs each one a tenth of a second.
      check="python3 -c 'import json, ssl, sqlite3, hashlib' && python -m compileall -q /usr/lib/python3*"
      ;;
    r)
      source=docker.io/library/r-base:latest
      packages="r-base-core bash busybox-static"
      program="R"
      check="Rscript -e 'stopifnot(median(1:3) == 2)'"
      ;;
    *) fail "there is no image \"$1\": shell, python and r are" ;;
  esac
  lacking=$(node scripts/engine.ts lacking "$image")
  [ -n "$lacking" ] || return 0
  say "fetching $source as $image"
  why=$(node scripts/engine.ts pull "$source" "$image" 2>&1) && return
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    fail "no registry answers ($why), and only on Debian and Ubuntu can $image be made without one"
  fi
  say "no registry answers; making $image of this system's packages"
  # shellcheck disable=SC2086 # a list of packages
  make_image "$image" "$check" "$program" $packages
}

work=
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# One at a time in a checkout: the second finds what the first has made. Where flock is missing (macOS) both make it.
if command -v flock >/dev/null; then
  exec 9<"scripts/images.sh"
  flock 9
fi
for name in "$@"; do provide "$name"; done
