#!/usr/bin/env bash
# Makes sure that there are the programs of Debian that tests/real_apps puts behind Jupyter: a VNC
# server with something to show, an SSH server, R with Shiny. Installs them where that may be done.
# Without one of them its tests are skipped, which is said loudly, and is an error in CI.
set -uo pipefail

# A program, and the packages that have it and what it needs.
needed=(
    "vncserver tigervnc-standalone-server dbus-x11"
    "openbox openbox"
    "xterm xterm"
    "sshd openssh-server"
    "ssh openssh-client"
    "Rscript r-cran-shiny"
)
PATH=$PATH:/usr/sbin

missing() {
    local program packages
    for line in "${needed[@]}"; do
        read -r program packages <<<"$line"
        command -v "$program" >/dev/null || echo "$packages"
    done
}

if [ -n "$(missing)" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2046  # words are what is wanted
    apt-get update -q && apt-get install -q -y --no-install-recommends $(missing)
fi
[ -z "$(missing)" ] && exit 0

cat >&2 <<MESSAGE

*** PROGRAMS ARE MISSING: THE TESTS WITH THEM WILL BE SKIPPED ***
On Debian: apt-get install $(missing | tr '\n' ' ')

MESSAGE
[ "${CI:-}" != true ]
