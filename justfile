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
