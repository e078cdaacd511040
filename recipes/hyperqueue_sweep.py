"""A sweep by HyperQueue: pip install hyperqueue.

    python recipes/hyperqueue_sweep.py SWEEP.yaml OUT.db                        workers here
    python recipes/hyperqueue_sweep.py SWEEP.yaml OUT.db --server-dir ~/.hq-server  those of a running server

Tasks that fail are named at the end, and the others go on.
"""

import argparse
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

from hyperqueue import Client, Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

parser = argparse.ArgumentParser()
parser.add_argument("sweep")
parser.add_argument("out", type=Path)
parser.add_argument("--server-dir")
options = parser.parse_args()

recipes = Path(__file__).resolve().parent
shards = options.out.with_suffix(".shards").absolute()
shards.mkdir(exist_ok=True)
listed = subprocess.run([recipes / "units", options.sweep, options.out], check=True, stdout=subprocess.PIPE, text=True)
units = listed.stdout.split()

# One failure does not end the others, and the heaviest come first.
job = Job(default_workdir=os.getcwd(), max_fails=None, default_env=dict(os.environ), name="fasa-sweep")
for place, unit in enumerate(units):
    command = [str(recipes / "run-unit"), options.sweep, unit, str(shards), "--threads", "1"]
    job.program(command, name=unit, priority=-place, stdout=None, stderr=shards / f"{unit}.err")

failed = {}
with nullcontext() if options.server_dir else LocalCluster(worker_config=WorkerConfig()) as local:
    client = Client(options.server_dir) if options.server_dir else local.client()
    if units:
        submitted = client.submit(job)
        if not client.wait_for_jobs([submitted], raise_on_error=False):
            failed = client.get_failed_tasks(submitted)
for number in failed:
    unit = job.task_by_id(number).label
    print(f"{unit} failed: {(shards / f'{unit}.err').read_text().strip()}", file=sys.stderr)
if any(shards.glob("*.db")):
    subprocess.run([os.environ.get("TOOL", "fasa-sim"), "merge", options.out, shards], check=True)
sys.exit(1 if failed else 0)
