#!/usr/bin/env bash
# A sweep as an array of Slurm's, a shard for each task; what OUT.db or a shard holds already is left out.
#
#     job=$(sbatch --parsable --array=1-8 recipes/slurm-array.sh SWEEP.yaml OUT.db)
#     sbatch --dependency="afterany:$job" --wrap 'fasa-sim merge OUT.db OUT.shards'
#
# All nodes see the working directory. Before a time limit or another's turn Slurm sends SIGTERM: what is whole is put in
# place, and the task goes on from it when it is queued again. Parts that failed alone: PARTS=8 sbatch --array=3,5 … (PARTS is
# how many there are in all, where that is not how many this array has).
#SBATCH --job-name=fasa-sweep
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=fasa-sweep-%A_%a.log
set -u
sweep=$1 out=$2 shards=${2%.db}.shards
part=$SLURM_ARRAY_TASK_ID/${PARTS:-$SLURM_ARRAY_TASK_COUNT}
mkdir -p "$shards"
known=()
[[ -f $out ]] && known=(--known "$out")
srun --ntasks=1 "${TOOL:-fasa-sim}" sweep "$sweep" --shard "$part" --db "$shards/${part/\//-of-}.db" \
  --threads "${SLURM_CPUS_PER_TASK:-1}" "${known[@]}"
code=$?
if ((code == 75 && ${SLURM_RESTART_COUNT:-0} < ${TRIES:-4} - 1)); then
  sleep "${PAUSE:-10}"
  exec scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
