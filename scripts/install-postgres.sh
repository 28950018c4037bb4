#!/usr/bin/env bash
# Installs the PostgreSQL server programs unless there are some. Starts no server.
set -euo pipefail

# The same places as in src/warehouse/embedded/binaries.rs.
find_server() {
    local folder
    local -a folders=()
    IFS=: read -r -a folders <<<"$PATH"
    for folder in "${folders[@]}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /usr/libexec/postgresql* /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin /Applications/Postgres.app/Contents/Versions/*/bin; do
        if [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/postgres ]]; then
            return 0
        fi
    done
    return 1
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "Cannot install PostgreSQL without root or sudo: have its server installed, or set" \
            "KEEPNET_ETL__WAREHOUSE__URL to a database." >&2
        exit 1
    fi
}

# Debian starts a cluster of the system when it installs a server. This program makes its own, so
# a setting beside the administrator's prevents that, for this installation only.
install_debian() {
    local dropin=/etc/postgresql-common/createcluster.d/keepnet-etl-installs.conf
    as_root mkdir -p "${dropin%/*}"
    echo "create_main_cluster = false" | as_root tee "$dropin" >/dev/null
    # shellcheck disable=SC2064 # the value of now is meant
    trap "as_root rm -f '$dropin'" EXIT
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends postgresql
}

if find_server; then
    exit 0
fi
echo "No PostgreSQL server programs were found; installing them." >&2
if command -v apt-get >/dev/null; then
    install_debian
elif command -v dnf >/dev/null; then
    as_root dnf install -y postgresql-server
elif command -v apk >/dev/null; then
    as_root apk add postgresql
elif command -v brew >/dev/null; then
    brew install postgresql@17
else
    echo "Install a PostgreSQL server (14 or newer) with this system's package manager." >&2
    exit 1
fi
if ! find_server; then
    echo "PostgreSQL was installed, but initdb, pg_ctl and postgres are in none of the places" \
        "where keepnet-etl looks: add their folder to PATH." >&2
    exit 1
fi
