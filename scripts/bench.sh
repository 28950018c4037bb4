#!/usr/bin/env bash
# Measures a full sync of a simulated account, and a second one: scripts/bench.sh [COMPANIES [ENROLLMENTS [USERS]]]
#
# No latency and no rate limit: what remains is this program, the simulator and PostgreSQL, which share the machine.
# Needs GNU time. The program is taken from KEEPNET_ETL or the release folder.
set -euo pipefail

companies=${1:-100} enrollments=${2:-20} users=${3:-500}
program=${KEEPNET_ETL:-${CARGO_TARGET_DIR:-target}/release/keepnet-etl}
program=$(realpath "$program")
folder=$(mktemp -d)

"$program" simulate --companies "$companies" --enrollments "$enrollments" --users "$users" \
    --archived 0% --learning-paths 0% --anonymous 0% >"$folder/simulator" &
simulator=$!

export KEEPNET_ETL__API__CLIENT_ID=demo KEEPNET_ETL__API__CLIENT_SECRET=demo-secret
export KEEPNET_ETL__API__MAX_REQUESTS_PER_SECOND=0 KEEPNET_ETL__API__TIME_ZONE=Europe/Istanbul
export KEEPNET_ETL__WAREHOUSE__DATA_DIR=$folder/postgres KEEPNET_ETL__LOG__LEVEL=warn

finish() {
    "$program" stop-database >/dev/null || true
    kill "$simulator" 2>/dev/null || true
    wait "$simulator" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

until [[ -s $folder/simulator ]]; do sleep 0.1; done
KEEPNET_ETL__API__BASE_URL=$(grep -o 'http://[^ ]*' "$folder/simulator")
export KEEPNET_ETL__API__BASE_URL
"$program" migrate

pages=$(((users + 99) / 100))
listings=$((enrollments > 100 ? (enrollments + 99) / 100 : 1))
formula=$(((companies + 99) / 100 + 1 + companies * (listings + 1 + enrollments * (2 + pages)) + 1))
for run in first second; do
    command time -f '%e s elapsed, %U s user, %S s system, %M KiB peak RSS' -o "$folder/time" \
        "$program" sync --json >"$folder/report"
    echo "== $run sync of $companies companies x $enrollments enrollments x $users users"
    cat "$folder/time"
    grep -o '"duration_ms":[0-9]*\|"requests":[0-9]*,"resources\|"rows":{[^}]*},"run_id' "$folder/report"
    echo "requests by the formula: $formula (token, companies, companies/my; per company two listings;" \
        "per enrollment summary, detail and $pages pages of users)"
done
