# Every target does its own set-up; a Rust toolchain is all that is needed beforehand.

TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help demo test test-page check bench

help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST)

demo: ## Fills a private database from a simulated API and says what to look at
	scripts/install-postgres.sh
	cargo build --release --locked
	$(TARGET)/release/keepnet-etl demo

test: ## Runs all tests
	scripts/install-postgres.sh
	scripts/test.sh

test-page: ## Looks at the status page with headless Chromium, which it installs
	scripts/test-page.sh

check: ## Formatting, lints, documents, licences, container files
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked
	@if command -v cargo-deny >/dev/null; then \
		cargo deny check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and sources are not checked"; fi
	@if command -v docker-compose >/dev/null; then \
		docker-compose --env-file .env.example config -q; \
	else echo "docker-compose is not installed: docker-compose.yml is not checked"; fi

bench: ## Measures syncs, loading and the steady state; minutes (BENCH="COMPANIES ENROLLMENTS USERS")
	scripts/install-postgres.sh
	cargo build --release --locked
	cargo bench --locked --bench load
	CARGO_TARGET_DIR=$(TARGET) scripts/bench.sh $(BENCH)
	cargo bench --locked --bench steady_state
