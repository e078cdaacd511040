"""What becomes of a unit by how its task ended, with a cluster that ends tasks as it is told to."""

from __future__ import annotations

import io
import queue
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="the extra [sweep] is not installed")

from distributed.scheduler import KilledWorker

from fasa_sim.sweeping.cluster import Cluster, Killed, Lost
from fasa_sim.sweeping.command import _verdict
from fasa_sim.sweeping.progress import SweepProgress
from fasa_sim.sweeping.sweep import AT_LEAST, Sweep
from fasa_sim.sweeping.task import Outcome
from fasa_sim.sweeping.units import Unit, heaviest_first

OTHER = {"lost": Lost, "killed": Killed}


class ScriptedCluster:
    """Ends a unit's tasks with the codes of ``endings``, one a task, then with 0. ``most`` has answers about memory, of
    which the last stays."""

    def __init__(self, endings: dict[str, list] | None = None, threads: int = 3) -> None:
        self.endings, self.calls, self.outcomes = endings or {}, [], queue.SimpleQueue()
        self._threads, self.found_again, self.most = threads, 0, [0]

    def threads(self) -> dict[str, int]:
        return {f"worker-{number}": 1 for number in range(self._threads)}

    def most_memory(self) -> int | None:
        return self.most.pop(0) if len(self.most) > 1 else self.most[0]

    def submit(self, task, rank, *, memory, avoid) -> str:
        key = f"{task}-{len(self.calls)}"
        self.calls.append((task, rank, memory, set(avoid)))
        code = (self.endings.get(task) or [0]).pop(0)
        worker = next(name for name in self.threads() if name not in avoid)
        told = OTHER[code]() if code in OTHER else Outcome(code, f"Error: {task} said {code}", "host", worker, 1.0)
        self.outcomes.put((key, told))
        return key

    def find_again(self) -> None:
        self.found_again += 1
        self.outcomes = queue.SimpleQueue()


def unit(name: str, seconds: float = 1.0, memory: int = 10) -> Unit:
    return Unit(name, f"{name}.zst", 32, ("fasa",), seconds, memory)


def run(cluster: ScriptedCluster, units: list[Unit], **more):
    said = io.StringIO()
    progress = SweepProgress(units, said)
    options = {"tries": 3, "memory": False} | more
    ended = Sweep(cluster, units, lambda unit: unit.name, progress, **options).run()
    return ended, said.getvalue()


@pytest.mark.parametrize("code", [75, 126, 127, 134, 137, 139])
def test_what_a_machine_is_at_fault_for_goes_to_other_machines(code):
    cluster = ScriptedCluster({"a": [code, code, 0]})
    ended, said = run(cluster, [unit("a"), unit("b")])
    assert {one.name for one in ended.done} == {"a", "b"} and not ended.failed
    avoided = [avoid for name, *_, avoid in cluster.calls if name == "a"]
    assert avoided == [set(), {"worker-0"}, {"worker-0", "worker-1"}]
    assert f"a goes out again (1 of 3): a said {code} (on host)" in said


def test_it_goes_out_only_so_often():
    cluster = ScriptedCluster({"a": [75] * 9})
    ended, _ = run(cluster, [unit("a"), unit("b")], tries=2)
    assert [name for name, *_ in cluster.calls].count("a") == 2
    assert ended.failed == {unit("a"): ("a said 75 (on host), tried 2 times", 75)}


@pytest.mark.parametrize("code", [1, 64, 65])
def test_what_will_never_work_is_told_once_and_the_others_go_on(code):
    cluster = ScriptedCluster({"a": [code]})
    ended, said = run(cluster, [unit("a"), unit("b"), unit("c")])
    assert len(cluster.calls) == 3 and len(ended.done) == 2
    assert ended.failed == {unit("a"): (f"a said {code} (on host)", code)}
    assert f"a failed: a said {code}" in said


@pytest.mark.parametrize("code", [130, 143])
def test_a_tool_that_was_told_to_end_is_cancelled(code):
    cluster = ScriptedCluster({"a": [code]})
    ended, _ = run(cluster, [unit("a"), unit("b")])
    assert len(cluster.calls) == 2 and ended.failed[unit("a")][0].startswith("cancelled")


def test_what_a_lost_scheduler_knew_of_goes_out_again():
    cluster = ScriptedCluster({"b": ["lost"]})
    ended, said = run(cluster, [unit("a"), unit("b"), unit("c")])
    assert {one.name for one in ended.done} == {"a", "b", "c"} and cluster.found_again == 1
    assert [name for name, *_ in cluster.calls] == ["a", "b", "c", "b", "c"]
    assert "the scheduler is gone with 2 tasks" in said


def test_the_heaviest_goes_first_and_the_scheduler_knows_of_some_at_once():
    units = heaviest_first([unit(f"{number:04}", seconds=number) for number in range(AT_LEAST + 50)])
    assert units[0].seconds > units[-1].seconds == 0
    cluster = ScriptedCluster()
    sweep = Sweep(cluster, units, lambda unit: unit.name, SweepProgress(units, io.StringIO()), tries=1, memory=False)
    sweep._submit()
    assert [(name, rank) for name, rank, *_ in cluster.calls] == [
        (one.name, rank) for rank, one in enumerate(units[:AT_LEAST])
    ]
    assert len(sweep.run().done) == len(units) and len(cluster.calls) == len(units)


def test_memory_is_asked_for_by_the_estimate_and_no_more_than_a_worker_has():
    cluster = ScriptedCluster()
    run(cluster, [unit("a", memory=5), unit("b", memory=50)])
    assert [memory for *_, memory, _ in cluster.calls] == [0, 0]
    cluster = ScriptedCluster()
    cluster.most = [20]
    run(cluster, [unit("a", memory=5), unit("b", memory=50)], memory=True)
    assert [memory for *_, memory, _ in cluster.calls] == [5, 20]


def test_memory_is_not_asked_for_before_a_worker_announced_some():
    cluster = ScriptedCluster()
    cluster.most = [0, 0, 20]
    _, said = run(cluster, [unit("a", memory=50)], memory=True)
    assert [memory for *_, memory, _ in cluster.calls] == [20]
    assert said.count("no worker announces memory; waiting for one") == 1


def test_a_scheduler_that_does_not_answer_about_memory_is_lost_where_no_task_tells_of_it():
    cluster = ScriptedCluster()
    cluster.most = [None, 20]
    ended, said = run(cluster, [unit("a")], memory=True)
    assert len(ended.done) == 1 and cluster.found_again == 1 and "the scheduler is gone with 0 tasks" in said


def test_a_unit_whose_workers_died_may_work_later():
    cluster = ScriptedCluster({"a": ["killed"]})
    ended, said = run(cluster, [unit("a"), unit("b")])
    assert len(cluster.calls) == 2 and "a failed: each worker that ran it died" in said
    assert _verdict(ended.failed) == 75
    assert _verdict(ended.failed | {unit("c"): ("damaged", 65)}) == 1


def ended_as(status: str, answer) -> object:
    """What becomes of a future that ended so, and answers so."""
    cluster = Cluster.__new__(Cluster)
    cluster._futures, outcomes = {"key": None}, queue.SimpleQueue()
    cluster._ended("key", outcomes, SimpleNamespace(status=status, result=answer, exception=answer))
    key, told = outcomes.get(timeout=1)
    assert key == "key" and not cluster._futures and outcomes.empty()
    return told


def test_each_future_that_ends_is_told_of():
    def lost():
        raise OSError("the scheduler went away")

    fields = {"code": 0, "said": "", "host": "host", "worker": "worker", "seconds": 1.0}
    assert ended_as("finished", lambda: fields) == Outcome(**fields)
    assert isinstance(ended_as("finished", lost), Lost) and isinstance(ended_as("error", lost), Lost)
    assert isinstance(ended_as("cancelled", lost), Lost)
    assert isinstance(ended_as("error", lambda: KilledWorker("key", None, 3)), Killed)
    told = ended_as("error", lambda: ValueError("no such module"))
    assert told.code == 75 and "Dask could not run it (ValueError('no such module'))" in told.said


def test_a_line_tells_units_rate_time_left_and_failures():
    units = [unit("a", 10), unit("b", 20), unit("c", 30)]
    progress = SweepProgress(units, io.StringIO())
    assert progress.line(60, 0, 0) == "0 of 3 units, 0 configurations, waiting for workers, 0 tasks out"
    progress.done.add(units[0])
    assert progress.line(1, 2, 2) == "1 of 3 units, 32 configurations, 2 workers, 2 tasks out"
    assert "1 units/min, about 5 min left, 2 workers" in progress.line(60, 2, 2)
    progress.failed.add(units[1])
    assert "about 60 s left, 1 failed, 2 workers" in progress.line(60, 2, 1)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_changes_on_a_terminal_and_makes_room_for_one_that_stays():
    stream = Terminal()
    progress = SweepProgress([unit("a")], stream)
    progress._told -= 1
    progress.show(3, 1)
    progress.show(3, 1)
    assert stream.getvalue().count("\r") == 1 and "\n" not in stream.getvalue()
    progress.note("a failed")
    assert stream.getvalue().endswith("\rfasa-sweep: a failed\n")
