#!/usr/bin/env bash
# Makes sure that there is a Chromium for the browser tests: the one named by CHROMIUM, one that is
# installed, or Debian's package where that may be installed. Without one the browser tests are
# skipped, which is said loudly, and is an error in CI.
set -uo pipefail

found() {
    if [ -n "${CHROMIUM:-}" ]; then
        command -v "$CHROMIUM" >/dev/null
        return
    fi
    for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}

found && exit 0
if [ -z "${CHROMIUM:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q && apt-get install -q -y --no-install-recommends chromium
fi
found && exit 0

cat >&2 <<'MESSAGE'

*** NO BROWSER: THE BROWSER TESTS WILL BE SKIPPED ***
Install Chromium (Debian: apt-get install chromium) or set CHROMIUM to the path of a Chromium or Chrome.

MESSAGE
[ "${CI:-}" != true ]
