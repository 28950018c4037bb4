#!/usr/bin/env bash
# Builds what the Dockerfile's final stage holds in a folder, by hand, and runs it there as the image does: without root, on
# a read-only file system, with nothing else on it. For machines without a container engine; needs root for `unshare`.
#
#   scripts/try-image.sh              says which files there are, and runs `--version`, `check --quick`
#   scripts/try-image.sh ARGUMENTS…   runs keepnet-etl with these
set -euo pipefail

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
readonly NONROOT=65532

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The build stage: only what .dockerignore lets through, and the placeholders of the Dockerfile.
build=$work/build
mkdir -p "$build/src" "$build/benches/steady_state"
touch "$build"/benches/{load.rs,steady_state/main.rs}
while read -r kept; do
    [[ $kept == !* ]] && cp -r "${kept#!}" "$build/"
done <.dockerignore
cargo metadata --manifest-path "$build/Cargo.toml" --locked --no-deps --format-version 1 >/dev/null
CARGO_TARGET_DIR=$(realpath -m "$target") cargo build --release --locked --manifest-path "$build/Cargo.toml"

# The final stage: the program, the C library, the certificates of public authorities.
root=$work/root
mkdir -p "$root"/{usr/local/bin,etc/ssl/certs,proc,tmp}
cp "$target/release/keepnet-etl" "$root/usr/local/bin/"
ldd "$target/release/keepnet-etl" | grep -o '/[^ ]*' | while read -r library; do
    cp --dereference --parents "$library" "$root"
done
cp --dereference /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'nonroot:x:%s:%s:nonroot:/:/sbin/nologin\n' "$NONROOT" "$NONROOT" >"$root/etc/passwd"
chmod 755 "$work"

# As a container: its own mounts, nothing writable, the environment of the image and the settings that are exported.
run() {
    # shellcheck disable=SC2016 # The inner shell expands these.
    KEEPNET_ETL__WAREHOUSE__EMBEDDED=false unshare --mount --pid --fork bash -euc '
        root=$0 user=$1
        shift
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount -o remount,bind,ro "$root"
        exec chroot --userspec="$user:$user" "$root" /usr/local/bin/keepnet-etl "$@"
    ' "$root" "$NONROOT" "$@"
}

if (($# > 0)); then
    run "$@"
    exit
fi
(cd "$root" && find . -type f -printf '%P %k KiB\n')
run --version
# Says what is missing, and ends with 2, unless settings and database are given.
run check --quick || echo "check --quick ended with $?"
