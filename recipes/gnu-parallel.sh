#!/usr/bin/env bash
# A sweep by GNU parallel, here or on machines that it reaches by ssh.
#
#     recipes/gnu-parallel.sh SWEEP.yaml OUT.db [option of parallel …]
#     recipes/gnu-parallel.sh SWEEP.yaml OUT.db --sshloginfile machines --workdir . --env TOOL
set -euo pipefail
sweep=$1 out=$2
shift 2
recipes=$(cd "$(dirname "$0")" && pwd) shards=${out%.db}.shards
mkdir -p "$shards"
failed=0
"$recipes/units" "$sweep" "$out" |
  parallel --will-cite -q --joblog "$shards/jobs.tsv" "$@" "$recipes/run-unit" "$sweep" {} "$shards" --threads 1 || failed=$?
# What there is, of a sweep with failures too; their exit codes are in the seventh column of the log.
compgen -G "$shards/*.db" >/dev/null && "${TOOL:-fasa-sim}" merge "$out" "$shards"
exit "$((failed > 0))"
