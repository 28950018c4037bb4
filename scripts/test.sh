#!/usr/bin/env bash
# Runs all tests; stops the database that they share in the end, also after a failure.
set -euo pipefail

target=${CARGO_TARGET_DIR:-target}

stop_database() {
    if [[ -x $target/debug/keepnet-etl && -d $target/test-postgres ]]; then
        KEEPNET_ETL__WAREHOUSE__DATA_DIR=$target/test-postgres \
            "$target/debug/keepnet-etl" stop-database || true
    fi
}
trap stop_database EXIT

cargo test --locked "$@"
