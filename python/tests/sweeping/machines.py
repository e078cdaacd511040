"""A scheduler of Dask's and its workers as processes of this machine, which can be killed and started again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client


class Machines:
    """Workers have one thread each, and no Python package of fasa-sim's."""

    def __init__(self, folder: Path, workers: int = 3) -> None:
        self._folder, self._count = folder, workers
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port = found.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        package = folder / "without" / "fasa_sim"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise ImportError('workers do without it')\n")
        self.resources: tuple[str, ...] = ()
        self._scheduler: subprocess.Popen | None = None
        self.workers: list[subprocess.Popen] = []

    def make_whole(self, first: tuple[str, ...] = ()) -> None:
        """Starts what is missing; ``first`` comes before the command of a worker that is started beside the others."""
        if self._scheduler is None or self._scheduler.poll() is not None:
            self._end(self.workers)
            self._scheduler = self._dask("scheduler", "--host", "127.0.0.1", "--port", str(self._port))
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < self._count:
            self.workers.append(self._worker())
        if first:
            self._end([self.workers.pop()])
            self.workers.append(self._worker(first))
        self._wait()

    def kill_scheduler(self) -> None:
        self._end([self._scheduler])

    def kill_worker(self) -> int:
        """Its process number."""
        worker = self.workers.pop(0)
        self._end([worker])
        return worker.pid

    def kill_workers(self) -> None:
        self._end(self.workers)
        self.workers = []

    def end(self) -> None:
        self._end([*self.workers, *([self._scheduler] if self._scheduler else [])])

    def _worker(self, first: tuple[str, ...] = ()) -> subprocess.Popen:
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder))
        return self._dask("worker", self.address, *options, *self.resources, first=first)

    def _dask(self, *arguments: str, first: tuple[str, ...] = ()) -> subprocess.Popen:
        path = os.pathsep.join([str(self._folder / "without"), os.environ.get("PYTHONPATH", "")])
        with open(self._folder / "dask.log", "ab") as log:
            return subprocess.Popen(
                [*first, sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": path},
            )

    def _wait(self, patience: float = 60.0) -> None:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            try:
                with Client(self.address, timeout=2, set_as_default=False) as client:
                    client.wait_for_workers(self._count, timeout=until - time.monotonic())
                    # Those that were killed a moment ago are still known for another.
                    if len(client.nthreads()) == self._count:
                        return
            except (OSError, TimeoutError):
                pass
            time.sleep(0.2)
        raise AssertionError((self._folder / "dask.log").read_text()[-5000:])

    @staticmethod
    def _end(processes: list[subprocess.Popen]) -> None:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
