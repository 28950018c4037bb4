#!/usr/bin/env bash
# Superset with the dashboards of bi/superset on the demo's warehouse, until Ctrl-C.
#
#   scripts/bi-demo.sh            makes the demo's warehouse if there is none, installs Superset in var/superset, imports, serves
#   PORT=9000 scripts/bi-demo.sh  on another port than 8088
#
# The database: DEMO_URL and DEMO_PASSWORD_FILE point it at another warehouse (the URL without a password).
set -euo pipefail

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
export PORT=${PORT:-8088}
program=${KEEPNET_ETL:-$target/release/keepnet-etl}

export SUPERSET_HOME=$PWD/var/superset
umask 077
mkdir -p "$SUPERSET_HOME"

if [[ -z ${DEMO_URL:-} ]]; then
    echo "filling the demo's warehouse …"
    # `demo` starts its database if it does not run, and says where it is.
    DEMO_URL=$("$program" demo | tee "$SUPERSET_HOME/demo.txt" | grep -o 'postgresql://[^ "]*' | head -n 1)
    DEMO_PASSWORD_FILE=$PWD/var/demo/password
fi

venv=$SUPERSET_HOME/venv
if ! cmp --silent bi/superset/requirements.txt "$venv/installed.txt"; then
    echo "installing Superset in $venv (about a minute) …"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement bi/superset/requirements.txt
    cp bi/superset/requirements.txt "$venv/installed.txt"
fi

echo
echo "  http://127.0.0.1:$PORT/dashboard/list/   user admin, password in $SUPERSET_HOME/admin_password"
echo "  dashboards: portfolio, customer, culture, quality under http://127.0.0.1:$PORT/superset/dashboard/NAME/"
echo "  Ctrl-C ends Superset; keepnet-etl stop-database --demo ends the warehouse"
echo
export WAREHOUSE_URL=$DEMO_URL WAREHOUSE_PASSWORD_FILE=$DEMO_PASSWORD_FILE PATH=$venv/bin:$PATH
exec bi/superset/serve.sh
