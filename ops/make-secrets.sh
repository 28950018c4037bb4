#!/usr/bin/env bash
# Makes the passwords and the token of the status page for docker-compose.yml in secrets/; keeps those that exist.
set -euo pipefail

cd "$(dirname "$0")/.."
# The folder is closed; the files are not, because the containers' users, who are given single
# files, must read them.
mkdir -p -m 700 secrets
umask 022

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

for name in postgres_password database_password http_token bi_password superset_password; do
    if [[ ! -s secrets/$name ]]; then
        random >"secrets/$name"
    fi
done
printf 'postgresql://keepnet_etl:%s@postgres:5432/keepnet' "$(cat secrets/database_password)" \
    >secrets/database_url
