"""A sweep by one process, by two shards, and by fasa-sweep on Dask with three workers, one of which is killed.

    Benchmarks/run engines [--sweep FILE]
    Benchmarks/run engines --tasks 3000      how many tasks that do nothing Dask ends a second, with two workers

Prints the time of each beside the other, and whether identities and digests of all configurations are those of the one process. All run on
this machine, on one thread a process, without kernel timings.
"""

import argparse
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOOL = ROOT / ".build" / "release" / "fasa-sim"
BIN = pathlib.Path(sys.executable).parent


def digests(path: pathlib.Path) -> dict[tuple[str, str], str]:
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT identity, build, exact_results_digest FROM configurations").fetchall()
    return {(identity, build): digest for identity, build, digest in rows}


def run(*command, check: bool = True) -> None:
    subprocess.run([*map(str, command)], check=check, cwd=ROOT, stdout=subprocess.DEVNULL)


def one(sweep: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    run(TOOL, "sweep", sweep, "--threads", 1, "--db", folder / "one.db")
    return folder / "one.db"


def shards(sweep: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    (folder / "two").mkdir()
    processes = [
        subprocess.Popen(
            [TOOL, "sweep", sweep, "--threads", "1", "--shard", f"{part}/2", "--db", folder / "two" / f"{part}.db"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        for part in (1, 2)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    run(TOOL, "merge", folder / "two.db", folder / "two")
    return folder / "two.db"


def dask(sweep: pathlib.Path, folder: pathlib.Path, kill: bool) -> pathlib.Path:
    """With a scheduler and workers of its own; one worker is killed in its second unit, where that is asked for."""
    name = "killed" if kill else "dask"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen([BIN / "dask", "scheduler", "--host", address, "--no-dashboard"], **quiet)
    workers = [
        subprocess.Popen([BIN / "dask", "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"], **quiet)
        for _ in range(3)
    ]
    command = [BIN / "fasa-sweep", sweep, "--scheduler", address, "--tool", TOOL, "--shards", folder / name]
    sweeping = subprocess.Popen([*command, "-o", folder / f"{name}.db"], **quiet)
    if kill:
        while not list((folder / name).glob("*.db")):
            time.sleep(0.2)
        workers[0].send_signal(signal.SIGKILL)
    status = sweeping.wait()
    for process in [*workers, scheduler]:
        process.kill()
        process.wait()
    assert status == 0, status
    return folder / f"{name}.db"


def empty_tasks(count: int) -> None:
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.gather(client.map(abs, range(100)))
        begun = time.monotonic()
        client.gather(client.map(abs, range(1000, 1000 + count), pure=False))
        print(f"{count / (time.monotonic() - begun):.0f} tasks a second")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sweep", type=pathlib.Path, default=ROOT / "sweeps" / "policies-and-budgets.yaml")
    options.add_argument("--tasks", type=int)
    given = options.parse_args()
    if given.tasks:
        return empty_tasks(given.tasks)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sweep = folder / "sweep.yaml"
        sweep.write_text(given.sweep.read_text(encoding="utf-8") + "\ntiming: false\n", encoding="utf-8")
        ways = {
            "one process": one,
            "two shards side by side, merged": shards,
            "Dask, three workers": lambda sweep, folder: dask(sweep, folder, kill=False),
            "Dask, three workers, one killed": lambda sweep, folder: dask(sweep, folder, kill=True),
        }
        expected = None
        print("| | seconds | configurations | digests |\n|---|---|---|---|")
        for way, body in ways.items():
            begun = time.monotonic()
            found = digests(body(sweep, folder))
            seconds = time.monotonic() - begun
            expected = expected or found
            print(
                f"| {way} | {seconds:.0f} | {len(found)} | {'the same' if found == expected else 'OTHERS'} |",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
