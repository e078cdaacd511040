#!/usr/bin/env bash
# A sweep by Dask: a scheduler and workers here, which is what other machines add to. In an environment of Python's with
# pip install './python[sweep]', and fasa-sim on the PATH (or TOOL).
#
#     recipes/dask.sh SWEEP.yaml OUT.db [option of fasa-sweep …]
#
# Elsewhere, one for each core: dask worker tcp://HOST:8786 --nthreads 1. A worker that lost its scheduler ends: run it in a
# loop, or by systemd, where it is to come back. The scheduler listens on this machine alone, unless LISTEN names an address: whoever
# reaches it runs code as you, so let that be a network of your own.
set -euo pipefail
sweep=$1 out=$2
shift 2
port=${PORT:-8786} workers=${WORKERS:-$(getconf _NPROCESSORS_ONLN)}
address=tcp://${LISTEN:-127.0.0.1}:$port
dask scheduler --host "$address" --no-dashboard 2>/dev/null &
started=($!)
trap 'kill -KILL "${started[@]}" 2>/dev/null' EXIT
sleep 2
kill -0 "${started[0]}" 2>/dev/null || { echo "dask.sh: expected to listen on $address, found it taken; set PORT" >&2; exit 75; }
for ((i = 0; i < workers; i++)); do
  dask worker "$address" --nthreads 1 --no-nanny --no-dashboard --local-directory "${TMPDIR:-/tmp}" 2>/dev/null &
  started+=($!)
done
fasa-sweep "$sweep" -o "$out" --scheduler "$address" --tool "${TOOL:-fasa-sim}" "$@"
