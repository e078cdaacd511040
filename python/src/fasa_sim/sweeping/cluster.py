"""Dask: a scheduler found or started, tasks out, outcomes in, and the scheduler found again where it was restarted."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import partial

import cloudpickle
from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker
from distributed.system import MEMORY_LIMIT

from fasa_sim.errors import Error
from fasa_sim.sweeping import task as tasks
from fasa_sim.sweeping.task import TRY_AGAIN, Outcome, Task

cloudpickle.register_pickle_by_value(tasks)

LOCAL = "local"
# Resources of workers that tasks ask for by their estimates: `dask worker --resources "memory=16e9"`.
MEMORY = "memory"


class Lost:
    """In an outcome's place: the scheduler that knew of the task is gone."""


class Killed:
    """In an outcome's place: each worker that ran the task died."""


class Cluster:
    """``outcomes`` has pairs of a key and an ``Outcome``, ``Lost`` or ``Killed``, each as soon as it is there."""

    def __init__(self, address: str, workers: int | None, patience: float) -> None:
        _quiet()
        self.run = uuid.uuid4().hex
        self.outcomes: queue.SimpleQueue = queue.SimpleQueue()
        self._patience, self._number = patience, 0
        self._futures: dict[str, object] = {}
        self._function = cloudpickle.dumps(tasks.run_fields)
        self._local = None
        if address == LOCAL:
            self._local = _workers_here(workers or os.cpu_count() or 1)
            address = self._local.scheduler_address
        self._address = address
        self._client = self._connect(min(patience, 30.0))

    def threads(self) -> dict[str, int]:
        """Of each worker by its address."""
        with suppress(Exception):
            return self._client.nthreads()
        return {}

    def submit(self, task: Task, rank: int, *, memory: int, avoid: set[str]) -> str:
        """A lower rank goes first. Workers in ``avoid`` get the task only where there are no others."""
        self._number += 1
        key = f"fasa-sim-{task.unit}-{self.run[:8]}-{self._number}"
        others = [worker for worker in self.threads() if worker not in avoid] if avoid else []
        more = {"workers": others, "allow_other_workers": True} if others else {}
        if memory:
            more["resources"] = {MEMORY: memory}
        # A function without a name is sent by value: a worker has no module of this package.
        future = self._client.submit(
            lambda run, fields: __import__("pickle").loads(run)(fields),
            self._function,
            asdict(replace(task, run=self.run)),
            key=key,
            priority=-rank,
            pure=False,
            **more,
        )
        self._futures[key] = future
        # A queue that was given up takes with it what a lost scheduler still tells of.
        future.add_done_callback(partial(self._ended, key, self.outcomes))
        return key

    def most_memory(self) -> int | None:
        """What the largest worker announced: 0 where none announced any, None where the scheduler does not answer."""
        with suppress(Exception):
            return int(
                self._client.run_on_scheduler(
                    lambda dask_scheduler: max(
                        (worker.resources.get("memory", 0) for worker in dask_scheduler.workers.values()), default=0
                    )
                )
            )
        return None

    def find_again(self) -> None:
        """Forgets all tasks, and waits for a scheduler at the same address."""
        self._futures.clear()
        self.outcomes = queue.SimpleQueue()
        with suppress(Exception):
            self._client.close(timeout=1)
        self._client = self._connect(self._patience)

    def stop(self) -> None:
        """Tells the tools of this run to end, and waits a while for them to put in place what is whole."""

        def tell() -> None:
            self._client.cancel([future for future in list(self._futures.values()) if future.status == "pending"])
            while sum(self._client.run(partial(_stop, cloudpickle.dumps(tasks.stop), self.run)).values()):
                time.sleep(0.2)

        # Workers and their scheduler may be ending too, and answer no more.
        _within(10.0, tell)

    def close(self) -> None:
        _within(5.0, self._client.close)
        if self._local is not None:
            _within(10.0, self._local.close)

    def _connect(self, patience: float) -> Client:
        until = time.monotonic() + patience
        while True:
            try:
                return Client(self._address, timeout=5, set_as_default=False)
            except (OSError, TimeoutError) as error:
                if time.monotonic() > until:
                    raise Error(
                        "no scheduler answers",
                        where=self._address,
                        do="start one by 'dask scheduler', and the same command goes on",
                        code=TRY_AGAIN,
                    ) from error
                time.sleep(1)
            except ValueError as error:
                raise Error(
                    "no address of a scheduler",
                    where=self._address,
                    expected="tcp://HOST:PORT or local",
                    code=tasks.USAGE,
                ) from error

    def _ended(self, key: str, outcomes: queue.SimpleQueue, future) -> None:
        """In a thread of Dask's, which swallows what is raised here; the sweep waits for an outcome of each key."""
        told = Lost()
        # A scheduler that is lost after it told of a task's end has no result to give.
        with suppress(Exception):
            told = _told(future)
        self._futures.pop(key, None)
        outcomes.put((key, told))


def _told(future) -> Outcome | Lost | Killed:
    if future.status == "finished":
        return Outcome(**future.result())
    if future.status != "error":
        return Lost()
    error = future.exception()
    if isinstance(error, KilledWorker):
        return Killed()
    return Outcome(TRY_AGAIN, f"Dask could not run it ({error!r})", "", "", 0.0)


def _workers_here(count: int) -> LocalCluster:
    # Each announces its part of this machine's memory, for tasks that ask for theirs.
    with _deaf_to_ctrl_c():
        return LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            resources={MEMORY: MEMORY_LIMIT // count},
        )


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that start here leave Ctrl-C, which a terminal sends them too, to this one."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _quiet() -> None:
    """What Dask says of connections that it lost is told here in other words. Its loggers have levels of their own."""
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _within(seconds: float, call: Callable[[], object]) -> None:
    """Calls, and goes on after a while whether it has returned or not."""

    def quietly() -> None:
        with suppress(Exception):
            call()

    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    thread.join(seconds)


def _stop(function: bytes, run: str, dask_worker) -> int:
    import pickle

    return pickle.loads(function)(run, dask_worker)
