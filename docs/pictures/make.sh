#!/usr/bin/env bash
# Makes the pictures of this folder from the reports of the example district; needs pdftoppm (poppler-utils).
set -euo pipefail
cd "$(dirname "$0")/../.."
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
cargo run --bin screening -- run examples/district/screening.toml --out "$out"
page() { pdftoppm -r "${4:-55}" -png -singlefile -f "$2" -l "$2" "$out/reports/$1.pdf" "docs/pictures/$3"; }
page district 1 district-first
page district 4 district-groups
page classes/示例第1初级中学 1 class
page evidence 2 evidence
page district 9 district-scales
cargo run --bin screening -- report "$out" --kind pupil --pupil 10001080202 -o "$out/reports/pupil.pdf"
page pupil 1 pupil 70
