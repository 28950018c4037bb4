#!/usr/bin/env bash
# Superset with the dashboards of this folder, until it is ended. What it has to know:
#
#   SUPERSET_HOME            the folder for its own database, key and password
#   WAREHOUSE_URL            postgresql://user@host:port/database, without a password
#   WAREHOUSE_PASSWORD_FILE  the file with that password
#   ADMIN_PASSWORD_FILE      the file with the password of its user admin; made in SUPERSET_HOME when none is named
#   ADDRESS, PORT            where it listens (127.0.0.1, 8088)
set -euo pipefail

cd "$(dirname "$0")"
: "${SUPERSET_HOME:?}" "${WAREHOUSE_URL:?}" "${WAREHOUSE_PASSWORD_FILE:?}"
readonly ADDRESS=${ADDRESS:-127.0.0.1} PORT=${PORT:-8088}
readonly ADMIN_PASSWORD_FILE=${ADMIN_PASSWORD_FILE:-$SUPERSET_HOME/admin_password}
export SUPERSET_HOME FLASK_APP=superset SUPERSET_CONFIG_PATH=$PWD/superset_config.py
umask 077

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}
[[ -s $SUPERSET_HOME/secret_key ]] || random >"$SUPERSET_HOME/secret_key"
[[ -s $ADMIN_PASSWORD_FILE ]] || random >"$ADMIN_PASSWORD_FILE"
if [[ ! -e $SUPERSET_HOME/is_set_up ]]; then
    echo "setting Superset up (about half a minute) …"
    {
        superset db upgrade
        superset init
        superset fab create-admin --username admin --firstname Demo --lastname Admin \
            --email admin@example.com --password "$(cat "$ADMIN_PASSWORD_FILE")"
    } >"$SUPERSET_HOME/setup.log" 2>&1 || {
        tail -n 5 "$SUPERSET_HOME/setup.log" >&2
        echo "error: could not set Superset up; see $SUPERSET_HOME/setup.log" >&2
        exit 1
    }
    touch "$SUPERSET_HOME/is_set_up"
fi

gunicorn --bind "$ADDRESS:$PORT" --worker-class gthread --threads 8 --timeout 120 \
    'superset.app:create_app()' >"$SUPERSET_HOME/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
trap 'exit 0' TERM INT

python3 import_pack.py \
    --superset "http://127.0.0.1:$PORT" --password-file "$ADMIN_PASSWORD_FILE" \
    --warehouse "$WAREHOUSE_URL" --warehouse-password-file "$WAREHOUSE_PASSWORD_FILE" || {
    tail -n 5 "$SUPERSET_HOME/server.log" >&2
    exit 1
}
echo "serving on port $PORT: user admin, password in $ADMIN_PASSWORD_FILE"
wait "$server"
