#!/usr/bin/env bash
# A sweep by Dask: a scheduler and workers here, which is what other machines add to. In an environment of Python's with
# pip install './python[sweep]', and fasa-sim on the PATH (or TOOL).
#
#     recipes/dask.sh SWEEP.yaml OUT.db [option of fasa-sweep …]
#
# Elsewhere, one for each core: dask worker tcp://HOST:8786 --nthreads 1. A worker that lost its scheduler ends: run it in a
# loop, or by systemd, where it is to come back.
set -euo pipefail
sweep=$1 out=$2
shift 2
port=${PORT:-8786} workers=${WORKERS:-$(getconf _NPROCESSORS_ONLN)}
dask scheduler --port "$port" --no-dashboard 2>/dev/null &
started=($!)
trap 'kill -KILL "${started[@]}" 2>/dev/null' EXIT
for ((i = 0; i < workers; i++)); do
  dask worker "tcp://127.0.0.1:$port" --nthreads 1 --no-nanny --no-dashboard --local-directory "${TMPDIR:-/tmp}" 2>/dev/null &
  started+=($!)
done
fasa-sweep "$sweep" -o "$out" --scheduler "tcp://127.0.0.1:$port" --tool "${TOOL:-fasa-sim}" "$@"
