#!/usr/bin/env bash
# Measures a full sync of a simulated account, and a second one: scripts/bench.sh [COMPANIES [ENROLLMENTS [USERS]]]
#
# No latency and no rate limit: what remains is this program, the simulator and PostgreSQL, which share the machine.
# Needs GNU time and psql. The program is taken from KEEPNET_ETL or the release folder.
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
database=$("$program" migrate | grep -o 'postgresql://[^ ]*' | head -1)
PGPASSWORD=$(cat "$folder/postgres/password")
export PGPASSWORD

ask() {
    psql "$database" -XAtc "$1"
}

# Requests by the formula, from the number of things that the warehouse holds.
formula() {
    local pages=$(((users + 99) / 100)) listings=$(((enrollments + 99) / 100))
    local status="lower(replace(u.status, ' ', ''))"
    local unsent="'inqueue', 'notdelivered', 'sendingerror', 'error', 'processing', 'cancelled', 'canceled'"
    local unanswered="$unsent, 'notresponded', 'openedemail', 'clickedlink', 'excluded', 'notstarted'"
    local of_surveys="select count(*) from keepnet.enrollment_users u
        join keepnet.enrollments e using (company_id, enrollment_id) where e.is_survey and $status not in"
    local catalogue="select count(distinct (company_id, widget_type)) * 13 + $companies from keepnet.widgets"
    echo "companies $(((companies + 99) / 100 + 1))"
    echo "enrollments $((companies * (listings + 1)))"
    echo "details $((companies * enrollments))"
    echo "summaries $((companies * enrollments))"
    echo "users $((companies * enrollments * pages))"
    echo "interactions $(ask "$of_surveys ($unsent)")"
    echo "answers $(ask "$of_surveys ($unanswered)")"
    echo "reports $(($(ask "select count(*) from keepnet.executive_reports") + companies))"
    echo "widgets $(ask "$catalogue")"
    echo "trainings $(ask "select sum(ceil(n / 100.0)) from (select count(*) n from keepnet.trainings group by company_id) t")"
    echo "target_groups $(ask "select sum(ceil(n / 100.0)) from (select count(*) n from keepnet.target_groups group by company_id) t")"
}

for run in first second; do
    command time -f '%e s elapsed, %U s user, %S s system, %M KiB peak RSS' -o "$folder/time" \
        "$program" sync --json >"$folder/report"
    echo "== $run sync of $companies companies x $enrollments enrollments x $users users"
    cat "$folder/time"
    grep -o '"duration_ms":[0-9]*\|"requests":[0-9]*,"resources\|"rows":{[^}]*},"run_id' "$folder/report"
    echo "requests by resource, sent and by the formula:"
    formula | while read -r resource requests; do
        sent=$(grep -o "\"$resource\":{\"requests\":[0-9]*" "$folder/report" | grep -o '[0-9]*$' || echo 0)
        echo "  $resource $sent $requests"
    done
done
ask "select relname, n_live_tup from pg_stat_user_tables where schemaname = 'keepnet' and n_live_tup > 0 order by 1"
