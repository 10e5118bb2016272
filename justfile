# Lists the recipes.
default:
    @just --list

# Formats the code.
fmt:
    cargo fmt --all

# Clippy with warnings denied.
lint:
    cargo clippy --all-targets -- -D warnings

# All tests, doc tests included.
test:
    cargo test

# The same with the optional features.
test-features:
    cargo test --features dates,progress

# Licences, banned crates and sources of the dependencies (needs cargo-deny).
deny:
    cargo deny check --hide-inclusion-graph licenses bans sources

# One fuzz target for some seconds: `just fuzz csv 300` (needs cargo-fuzz and a nightly compiler).
fuzz TARGET SECONDS="300":
    fuzz/seed
    cargo +nightly fuzz run {{TARGET}} -- -max_total_time={{SECONDS}} -rss_limit_mb=512

# The documentation, broken links denied.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# One criterion bench: `just bench linalg`.
bench NAME:
    cargo bench --bench {{NAME}}

# Ours and scikit-learn side by side on the same data, in one run (needs Python 3.11 or later).
compare *ARGS:
    benches/compare/run {{ARGS}}

# Regenerates the reference values (needs the packages pinned in tests/reference/requirements.txt).
reference:
    python3 tests/reference/generate.py

# Exactly what CI does.
ci:
    .ci/run
