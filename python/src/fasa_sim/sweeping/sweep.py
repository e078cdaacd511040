"""A sweep's units through a cluster: out heaviest first, in as they end, tried again where a machine was at fault."""

from __future__ import annotations

import queue
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from fasa_sim.sweeping.cluster import Cluster, Killed, Lost
from fasa_sim.sweeping.progress import SweepProgress
from fasa_sim.sweeping.task import DONE, FAILED, STOPPED, TRY_AGAIN, UNFIT, USAGE, Outcome, Task
from fasa_sim.sweeping.tool import last_line
from fasa_sim.sweeping.units import Unit

# Tasks that the scheduler knows of at once; the others wait here.
AT_LEAST, PER_THREAD = 200, 3


@dataclass
class Ended:
    """Units by how they ended. ``failed`` has what the tool said and its exit code."""

    done: list[Unit] = field(default_factory=list)
    failed: dict[Unit, tuple[str, int]] = field(default_factory=dict)


class Sweep:
    """``tasks`` makes a unit's task. ``tries`` is how often a unit may come back with 75; ``memory`` says whether tasks
    ask for their estimates."""

    def __init__(
        self,
        cluster: Cluster,
        units: list[Unit],
        tasks: Callable[[Unit], Task],
        progress: SweepProgress,
        *,
        tries: int,
        memory: bool,
    ) -> None:
        self._cluster, self._tasks, self._progress = cluster, tasks, progress
        self._tries, self._memory = tries, memory
        self._rank = {unit: rank for rank, unit in enumerate(units)}
        self._waiting = deque(units)
        self._out: dict[str, Unit] = {}
        self._told_of_memory = False
        self._failures: Counter[Unit] = Counter()
        self._failed_at: dict[Unit, set[str]] = defaultdict(set)
        self.ended = Ended()

    def run(self) -> Ended:
        self._submit()
        while self._out or self._waiting:
            try:
                key, told = self._cluster.outcomes.get(timeout=0.5)
            except queue.Empty:
                pass
            else:
                self._take(key, told)
            self._progress.show(len(self._cluster.threads()), len(self._out))
            self._submit()
        self._progress.clear()
        return self.ended

    def _submit(self) -> None:
        if not self._waiting:
            return
        most = self._cluster.most_memory() if self._memory else 0
        if most is None:
            # Tasks that are out come back as lost; where none is, nothing else tells of it.
            if not self._out:
                self._find_again()
            return
        window = max(AT_LEAST, PER_THREAD * sum(self._cluster.threads().values()))
        while self._waiting and len(self._out) < window:
            if self._memory and self._waiting[0].memory_bytes and not most:
                self._wait_for_memory()
                return
            unit = self._waiting.popleft()
            memory = min(unit.memory_bytes, most)
            avoid = self._failed_at[unit]
            key = self._cluster.submit(self._tasks(unit), self._rank[unit], memory=memory, avoid=avoid)
            self._out[key] = unit

    def _wait_for_memory(self) -> None:
        """Says once why nothing goes out. A task that asked for more than every later worker has would never run."""
        if not self._told_of_memory:
            self._progress.note(
                "no worker announces memory; waiting for one, such as dask worker --resources 'memory=16e9'"
            )
        self._told_of_memory = True

    def _find_again(self) -> None:
        self._progress.note(f"the scheduler is gone with {len(self._out):,} tasks; waiting for it to come back")
        self._cluster.find_again()
        self._progress.note("the scheduler is back; what was not done goes out again")
        self._waiting.extendleft(sorted(self._out.values(), key=self._rank.__getitem__, reverse=True))
        self._out.clear()

    def _take(self, key: str, told: Outcome | Lost | Killed) -> None:
        if isinstance(told, Lost):
            self._find_again()
            return
        unit = self._out.pop(key)
        if isinstance(told, Killed):
            # Dask gave it to other workers already. Another command may find workers that live.
            self._fail(unit, Outcome(TRY_AGAIN, "each worker that ran it died", "", "", 0))
        elif told.code == DONE:
            self.ended.done.append(unit)
            self._progress.done.add(unit)
        elif told.code in STOPPED:
            self._fail(unit, Outcome(told.code, "cancelled: its tool was told to end", told.host, told.worker, 0))
        elif told.code in (FAILED, USAGE, UNFIT):
            self._fail(unit, told)
        else:
            self._try_again(unit, told)

    def _try_again(self, unit: Unit, told: Outcome) -> None:
        self._failures[unit] += 1
        self._failed_at[unit].add(told.worker)
        if self._failures[unit] >= self._tries:
            self._fail(unit, Outcome(TRY_AGAIN, told.said, told.host, told.worker, 0), f", tried {self._tries} times")
            return
        self._progress.note(f"{unit.name} goes out again ({self._failures[unit]} of {self._tries}): {_reason(told)}")
        self._waiting.appendleft(unit)

    def _fail(self, unit: Unit, told: Outcome, more: str = "") -> None:
        said = f"{_reason(told)}{more}"
        self.ended.failed[unit] = (said, told.code)
        self._progress.failed.add(unit)
        self._progress.note(f"{unit.name} failed: {said}")


def _reason(told: Outcome) -> str:
    said = last_line(told.said) or f"ended with {told.code} and said nothing"
    return f"{said} (on {told.host})" if told.host else said
