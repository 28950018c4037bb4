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
readonly PORT=${PORT:-8088} ADDRESS=127.0.0.1
program=${KEEPNET_ETL:-$target/release/keepnet-etl}

export SUPERSET_HOME=$PWD/var/superset FLASK_APP=superset
export SUPERSET_CONFIG_PATH=$PWD/bi/superset/superset_config.py
umask 077
mkdir -p "$SUPERSET_HOME"

if [[ -z ${DEMO_URL:-} ]]; then
    echo "filling the demo's warehouse …"
    # `demo` starts its database if it does not run, and says where it is.
    DEMO_URL=$("$program" demo | tee "$SUPERSET_HOME/demo.txt" | grep -o 'postgresql://[^ "]*' | head -n 1)
    DEMO_PASSWORD_FILE=var/demo/password
fi

venv=$SUPERSET_HOME/venv
if ! cmp --silent bi/superset/requirements.txt "$venv/installed.txt"; then
    echo "installing Superset in $venv (about a minute) …"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement bi/superset/requirements.txt
    cp bi/superset/requirements.txt "$venv/installed.txt"
fi

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}
[[ -s $SUPERSET_HOME/secret_key ]] || random >"$SUPERSET_HOME/secret_key"
if [[ ! -s $SUPERSET_HOME/admin_password ]]; then
    echo "setting Superset up (about half a minute) …"
    random >"$SUPERSET_HOME/admin_password"
    {
        "$venv/bin/superset" db upgrade
        "$venv/bin/superset" init
        "$venv/bin/superset" fab create-admin --username admin --firstname Demo --lastname Admin \
            --email admin@example.com --password "$(cat "$SUPERSET_HOME/admin_password")"
    } >"$SUPERSET_HOME/setup.log" 2>&1 || {
        rm "$SUPERSET_HOME/admin_password"
        tail -n 5 "$SUPERSET_HOME/setup.log" >&2
        echo "error: could not set Superset up; see $SUPERSET_HOME/setup.log" >&2
        exit 1
    }
fi

"$venv/bin/superset" run --host "$ADDRESS" --port "$PORT" --with-threads >"$SUPERSET_HOME/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
until curl --silent --fail "http://$ADDRESS:$PORT/health" >/dev/null; do
    if ! kill -0 "$server" 2>/dev/null; then
        tail -n 5 "$SUPERSET_HOME/server.log" >&2
        echo "error: Superset did not start; see $SUPERSET_HOME/server.log" >&2
        exit 1
    fi
    sleep 0.5
done

"$venv/bin/python" bi/superset/import_pack.py \
    --superset "http://$ADDRESS:$PORT" --password-file "$SUPERSET_HOME/admin_password" \
    --warehouse "$DEMO_URL" --warehouse-password-file "$DEMO_PASSWORD_FILE"

echo
echo "  http://$ADDRESS:$PORT/dashboard/list/   user admin, password $(cat "$SUPERSET_HOME/admin_password")"
echo "  dashboards: portfolio, customer, culture, quality under http://$ADDRESS:$PORT/superset/dashboard/NAME/"
echo "  Ctrl-C ends Superset; keepnet-etl stop-database --demo ends the warehouse"
wait "$server"
