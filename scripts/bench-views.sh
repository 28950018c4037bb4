#!/usr/bin/env bash
# Measures the views of schema bi on a large warehouse: scripts/bench-views.sh [COMPANIES [ENROLLMENTS [USERS]]]
#
# Fills a database by scripts/bench-views.sql (in a private PostgreSQL, or the empty one that DATABASE_URL names), and asks
# every view for all columns: of one company, the first 1,000 rows of all, and all. Each twice; shown is the second time
# (warm), planning included, as `explain (analyze, timing off)` gives it, without what sending the rows would take. VIEWS
# chooses views, TIMEOUT (60s) ends what takes longer, PLANS names a folder for the plans. DATABASE=filled says that the
# database is filled already.
set -euo pipefail

companies=${1:-1000} enrollments=${2:-20} users=${3:-500}
here=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if [[ -z ${DATABASE_URL:-} ]]; then
    program=$(realpath "${KEEPNET_ETL:-${CARGO_TARGET_DIR:-target}/release/keepnet-etl}")
    export KEEPNET_ETL__WAREHOUSE__DATA_DIR=$folder/postgres KEEPNET_ETL__LOG__LEVEL=warn
    trap '"$program" stop-database >/dev/null || true; rm -rf "$folder"' EXIT
    DATABASE_URL=$("$program" migrate | grep -o 'postgresql://[^ ]*' | head -1)
    PGPASSWORD=$(cat "$KEEPNET_ETL__WAREHOUSE__DATA_DIR/password")
    export PGPASSWORD
fi

ask() {
    psql "$DATABASE_URL" -XAtq -v ON_ERROR_STOP=1 "$@"
}

if [[ ${DATABASE:-} != filled ]]; then
    ask -v companies="$companies" -v enrollments="$enrollments" -v users="$users" -f "$here/bench-views.sql"
    # Catalogs of the whole server are not the login's to vacuum.
    ask -c 'select rollup.rebuild()' -c 'set client_min_messages = error' -c 'vacuum analyze' >/dev/null
fi
ask -F ' ' -c "select n.nspname || '.' || c.relname, c.reltuples::bigint, pg_size_pretty(pg_total_relation_size(c.oid))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('keepnet', 'rollup') and c.relkind = 'r' and c.reltuples > 10000 order by 2 desc"

company=$(ask -c "select company_id from keepnet.companies where kind = 'customer' order by company_id offset 3 limit 1")

# Milliseconds of a query the second time, and its rows.
timed() {
    local plan
    for _ in 1 2; do
        if ! plan=$(ask -c "set statement_timeout = '${TIMEOUT:-60s}'" -c "explain (analyze, timing off, format json) $1" 2>"$folder/error"); then
            grep -q 'statement timeout' "$folder/error" || cat "$folder/error" >&2
            echo "- -"
            return
        fi
    done
    [[ -z ${PLANS:-} ]] || { mkdir -p "$PLANS" && ask -c "explain (analyze, buffers) $1" >"$PLANS/$2"; }
    jq -r '.[0] | "\(."Execution Time" + ."Planning Time" | round) \(.Plan."Actual Rows")"' <<<"$plan"
}

printf '%-42s %10s %10s %10s %10s %10s\n' view "one, ms" rows "first, ms" "all, ms" rows
for view in ${VIEWS:-$(ask -c "select relname from pg_class where relnamespace = 'bi'::regnamespace and relkind = 'v' order by 1")}; do
    has_company=$(ask -c "select count(*) from pg_attribute where attrelid = 'bi.$view'::regclass and attname = 'company_id'")
    one="- -"
    ((has_company)) && one=$(timed "select * from bi.$view where company_id = '$company'" "$view.one")
    first=$(timed "select * from bi.$view limit 1000" "$view.first")
    all=$(timed "select * from bi.$view" "$view.all")
    printf '%-42s %10s %10s %10s %10s %10s\n' "$view" $one ${first% *} $all
done
for function in as_reported_on as_reported_summary_on; do
    [[ -z ${VIEWS:-} ]] || continue
    one=$(timed "select * from bi.$function(current_date - 60) where company_id = '$company'" "$function.one")
    printf '%-42s %10s %10s\n' "$function(60 days ago)" $one
done
