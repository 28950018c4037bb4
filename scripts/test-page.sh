#!/usr/bin/env bash
# Looks at the status page with a real browser: scripts/test-page.sh [FOLDER FOR SCREENSHOTS]
#
# Installs Chromium, its driver and Selenium from Debian's packages when they are missing.
set -euo pipefail

cd "$(dirname "$0")/.."

is_there() {
    command -v chromium >/dev/null && command -v chromedriver >/dev/null &&
        /usr/bin/python3 -c 'import selenium' 2>/dev/null
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "Cannot install Chromium without root or sudo: have the packages chromium, chromium-driver and" \
            "python3-selenium installed." >&2
        exit 1
    fi
}

if ! is_there; then
    if ! command -v apt-get >/dev/null; then
        echo "The test of the page needs chromium, chromedriver and Python's selenium: install them with this" \
            "system's package manager." >&2
        exit 1
    fi
    echo "Chromium, its driver or Selenium are missing; installing them." >&2
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        chromium chromium-driver python3-selenium
fi
scripts/install-postgres.sh
cargo build --locked --example page
exec /usr/bin/python3 tests/page/check.py "${CARGO_TARGET_DIR:-target}/debug/examples/page" "$@"
