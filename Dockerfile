# The program alone: no shell, no toolchain, no root, no database.

FROM rust:1.95-bookworm AS build
WORKDIR /build

# The dependencies first, with an empty program: this layer lasts until Cargo.lock changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src benches/steady_state \
    && echo 'fn main() {}' | tee src/main.rs benches/load.rs > benches/steady_state/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked

COPY . .
# Newer than the empty program, whatever the times of the copied files are.
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked

# glibc, libgcc and the certificates of public authorities; runs as user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/keepnet-etl /usr/local/bin/keepnet-etl

# A container's disk is no place for people's data: a database has to be named.
ENV KEEPNET_ETL__WAREHOUSE__EMBEDDED=false

# Settings and database only; the vendor is not asked.
HEALTHCHECK --interval=60s --timeout=15s --start-period=30s \
    CMD ["/usr/local/bin/keepnet-etl", "check", "--quick"]

# The daemon ends in good order at SIGTERM, within run.grace; give it longer than that.
STOPSIGNAL SIGTERM

ENTRYPOINT ["/usr/local/bin/keepnet-etl"]
CMD ["run"]
