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

# A test waits for its own processes and for the database much of the time.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((2 * $(nproc)))}
cargo test --locked "$@"
