#!/usr/bin/env bash
# Measures syncs of a simulated account: scripts/bench.sh [COMPANIES [ENROLLMENTS [USERS [OPTIONS OF THE SIMULATOR]]]]
#
# The first sync, a second one at once, one with --full, and one that is killed half-way and begun again. No latency and
# no rate limit (unless KEEPNET_ETL__API__MAX_REQUESTS_PER_SECOND sets one): what remains is this program, the simulator and PostgreSQL, which share the machine. PHASES chooses
# among `first second full killed`. Needs GNU time, psql, curl and jq. The program is taken from KEEPNET_ETL or the
# release folder.
#
# Rows written are those that PostgreSQL counts per schema (inserted, updated and deleted), WAL is how far its log has
# moved, both from before a sync to after it. The tables are vacuumed before, as autovacuum would do at any moment, so
# that its share is not counted; no checkpoint is forced.
set -euo pipefail

companies=${1:-10} enrollments=${2:-20} users=${3:-500}
phases=${PHASES:-first second full killed}
program=${KEEPNET_ETL:-${CARGO_TARGET_DIR:-target}/release/keepnet-etl}
program=$(realpath "$program")
folder=$(mktemp -d)

"$program" simulate --companies "$companies" --enrollments "$enrollments" --users "$users" \
    --archived 0% --learning-paths 0% --anonymous 0% "${@:4}" >"$folder/simulator" &
simulator=$!

export KEEPNET_ETL__API__CLIENT_ID=demo KEEPNET_ETL__API__CLIENT_SECRET=demo-secret
export KEEPNET_ETL__API__MAX_REQUESTS_PER_SECOND=${KEEPNET_ETL__API__MAX_REQUESTS_PER_SECOND:-0}
export KEEPNET_ETL__API__TIME_ZONE=Europe/Istanbul
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

create_database() {
    database=$("$program" migrate | grep -o 'postgresql://[^ ]*' | head -1)
    PGPASSWORD=$(cat "$KEEPNET_ETL__WAREHOUSE__DATA_DIR/password")
    export PGPASSWORD
}

ask() {
    psql "$database" -XAtqc "$1"
}

received() {
    curl -fsS "$KEEPNET_ETL__API__BASE_URL/simulator/requests" | jq .total
}

endpoints() {
    curl -fsS "$KEEPNET_ETL__API__BASE_URL/simulator/requests" | jq .endpoints
}

# Requests per endpoint from one count to another.
between() {
    jq -n --slurpfile a "$1" --slurpfile b "$2" '$b[0] | with_entries(.value -= $a[0][.key])'
}

written() {
    ask "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables where schemaname = '$1'"
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
    local listed="select coalesce(sum(ceil(n / 100.0)), 0) from (select count(*) n from keepnet"
    echo "companies $(((companies + 99) / 100 + 1))"
    echo "enrollments $((companies * (listings + 1)))"
    echo "details $((companies * enrollments))"
    echo "summaries $((companies * enrollments))"
    echo "users $((companies * enrollments * pages))"
    echo "interactions $(ask "$of_surveys ($unsent)")"
    echo "answers $(ask "$of_surveys ($unanswered)")"
    echo "reports $(($(ask "select count(*) from keepnet.executive_reports") + companies))"
    echo "widgets $(ask "$catalogue")"
    echo "trainings $(ask "$listed.trainings group by company_id) t")"
    echo "target_groups $(ask "$listed.target_groups group by company_id) t")"
}

# What a sync cannot do without: who there is, and what each has.
least() {
    formula | grep '^companies \|^enrollments '
}

requests_against() {
    "$1" | awk -v sent="$(jq -r '.resources | to_entries[] | "\(.key) \(.value.requests)"' "$folder/report")" '
        BEGIN { n = split(sent, lines, "\n"); for (i = 1; i <= n; i++) { split(lines[i], w, " "); got[w[1]] = w[2] } }
        { printf "  %-14s %9d sent %9d by the formula\n", $1, got[$1], $2; seen[$1] = 1; a += got[$1]; b += $2 }
        END {
            for (name in got) if (!(name in seen) && got[name]) { printf "  %-14s %9d sent, due\n", name, got[name]; a += got[name] }
            printf "  %-14s %9d sent %9d by the formula, ratio %.3f\n", "all", a, b, a / b
        }'
}

# A sync with its figures: title, formula, and options of sync.
measure() {
    local title=$1 expected=$2 wal before before_keepnet before_sync
    shift 2
    ask 'vacuum analyze' 2>/dev/null || true
    echo "== $title of $companies companies x $enrollments enrollments x $users users"
    before_keepnet=$(written keepnet) before_sync=$(written sync)
    requests_received=$(received)
    before=$(ask 'select pg_current_wal_insert_lsn()')
    endpoints >"$folder/before"
    command time -f '%e s elapsed, %U s user, %S s system, %M KiB peak RSS' -o "$folder/time" \
        "$program" sync --json "$@" >"$folder/report"
    wal=$(ask "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$before')")
    requests_received=$(($(received) - requests_received))
    cat "$folder/time"
    jq -c '{outcome, requests, predicted_requests, rows}' "$folder/report"
    echo "rows written: $(($(written keepnet) - before_keepnet)) in keepnet, $(($(written sync) - before_sync)) in sync"
    echo "WAL: $wal bytes"
    echo "requests received by the service, tokens included: $requests_received"
    requests_against "$expected"
}

# A first sync of a new database that gets SIGKILL after half of its requests, and the sync after it.
measure_kill() {
    local undisturbed=$1 before sync killed
    "$program" stop-database >/dev/null
    export KEEPNET_ETL__WAREHOUSE__DATA_DIR=$folder/killed
    create_database
    before=$(received)
    endpoints >"$folder/before"
    "$program" sync --json >/dev/null 2>&1 &
    sync=$!
    until (($(received) - before >= undisturbed / 2)); do sleep 0.02; done
    kill -KILL "$sync"
    wait "$sync" 2>/dev/null || true
    killed=$(($(received) - before))
    "$program" sync --json >"$folder/report"
    echo "== killed after $killed of $undisturbed requests, and begun again"
    jq -c '{outcome, requests, predicted_requests, rows}' "$folder/report"
    echo "requests of both together beyond those of the undisturbed first sync: $(($(received) - before - undisturbed))"
    endpoints >"$folder/after"
    between "$folder/before" "$folder/after" >"$folder/both"
    between "$folder/undisturbed" "$folder/both" | jq -c 'with_entries(select(.value != 0))'
    echo "  of which listings that every sync reads: $(least | awk '{ n += $2 } END { print n }')"
}

create_database
for phase in $phases; do
    case $phase in
    first)
        measure "first sync" formula
        undisturbed=$requests_received
        endpoints >"$folder/after"
        between "$folder/before" "$folder/after" >"$folder/undisturbed"
        ;;
    second)
        echo "== due before the second sync"
        "$program" sync --dry-run
        measure "second sync, nothing changed," least
        ;;
    full) measure "full sync, nothing changed," formula --full ;;
    killed) measure_kill "$undisturbed" ;;
    *)
        echo "unknown phase: $phase" >&2
        exit 2
        ;;
    esac
done
