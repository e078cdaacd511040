"""What `fasa-sweep` does, from its options to its last line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from fasa_sim.errors import Error
from fasa_sim.sweeping.progress import SweepProgress, duration
from fasa_sim.sweeping.task import DONE, FAILED, TRY_AGAIN, Task
from fasa_sim.sweeping.tool import Tool
from fasa_sim.sweeping.units import SweepFile, Unit, heaviest_first
from fasa_sim.tables import table


def perform(options) -> int:
    file = SweepFile(options.sweep)
    cache = ("--trace-cache", options.trace_cache) if options.trace_cache else ()
    tool = Tool(_found(options.tool), options.sweep, cache)
    shards = (options.shards or options.output.with_suffix(".shards")).absolute()
    units = heaviest_first(_known(tool, options.output, shards, look_only=options.dry_run))
    left = [unit for unit in units if not unit.is_stored]
    if options.dry_run:
        print(_listing(units))
        return DONE
    _say(f"{_amount(units)}, {len(units) - len(left):,} of the units done before")
    failed: dict[Unit, tuple[str, int]] = {}
    if left:
        failed = _run(options, file, left, shards)
    _merge(tool, options.output, shards, [unit for unit in left if unit not in failed], failed)
    return _verdict(failed)


def _run(options, file: SweepFile, units: list[Unit], shards: Path) -> dict[Unit, tuple[str, int]]:
    """Runs these, and gives those that failed."""
    from fasa_sim.sweeping.cluster import Cluster
    from fasa_sim.sweeping.sweep import Sweep

    _make(shards)
    progress = SweepProgress(units)
    cluster = Cluster(options.scheduler, options.workers, options.patience)
    try:
        sweep = Sweep(
            cluster, units, _tasks(options, file, shards), progress, tries=options.tries, memory=options.memory
        )
        return sweep.run().failed
    except BaseException:
        progress.clear()
        cluster.stop()
        raise
    finally:
        cluster.close()


def _tasks(options, file: SweepFile, shards: Path) -> Callable[[Unit], Task]:
    more = ["--threads", str(options.threads)]
    tool = os.path.abspath(options.tool) if os.sep in options.tool else options.tool
    for name in ("scratch", "trace_cache"):
        if getattr(options, name):
            more += [f"--{name.replace('_', '-')}", os.path.abspath(getattr(options, name))]

    def task(unit: Unit) -> Task:
        return Task(
            run="",
            unit=unit.name,
            tool=tool,
            sweep=file.of(unit.trace),
            title=file.title,
            folder=os.getcwd(),
            shard=str(unit.shard(shards)),
            options=tuple(more),
            pause=options.pause,
        )

    return task


def _known(tool: Tool, out: Path, shards: Path, *, look_only: bool) -> list[Unit]:
    """All units. Shards that are there are merged first, so that the tool itself says which units they hold whole."""
    units = tool.units(out)
    there = [shard for unit in units if not unit.is_stored and (shard := unit.shard(shards)).exists()]
    if look_only or not there:
        return units
    for bad in tool.merge(out, there, keep_going=True)["left_out"]:
        aside = Path(bad["file"]).with_suffix(".left-out")
        Path(bad["file"]).replace(aside)
        _say(f"{bad['file']}: {bad['reason']}; it is {aside.name} now, and its unit runs again")
    return tool.units(out)


def _merge(tool: Tool, out: Path, shards: Path, done: list[Unit], failed: dict[Unit, tuple[str, int]]) -> None:
    """Merges all that there is, of failed units too, and holds the database to what was done."""
    files = [shard for unit in [*done, *failed] if (shard := unit.shard(shards)).exists()]
    came = ""
    if files:
        added = tool.merge(out, files)["added"]
        came = f"; {added:,} configurations came from {len(files):,} shards"
    stored = tool.units(out)
    lacking = {unit.name for unit in stored if not unit.is_stored} - {unit.name for unit in failed}
    whole = [unit for unit in stored if unit.is_stored]
    _say(f"{out} holds {_amount(whole)} of this sweep{came}")
    if lacking:
        raise Error(
            f"{len(lacking)} units are done and not stored, such as {min(lacking)}",
            where=out,
            expected="shards of this fasa-sim's build",
            do="see that all workers have the same fasa-sim",
            code=FAILED,
        )


def _verdict(failed: dict[Unit, tuple[str, int]]) -> int:
    if not failed:
        return DONE
    _say(f"{len(failed):,} units failed:")
    for unit, (said, _) in failed.items():
        _say(f"  {unit.name} ({unit.trace}): {said}")
    return TRY_AGAIN if all(code == TRY_AGAIN for _, code in failed.values()) else FAILED


def _listing(units: list[Unit]) -> str:
    lines = [
        [
            unit.name,
            f"{unit.configurations}",
            duration(unit.seconds),
            f"{unit.memory_bytes / 2**20:,.0f} MiB",
            "stored" if unit.is_stored else "",
            unit.trace,
        ]
        for unit in units
    ]
    left = [unit for unit in units if not unit.is_stored]
    total = f"{_amount(left)} to run, about {duration(sum(unit.seconds for unit in left))} of one such machine as this"
    return "\n".join([table(["unit", "configurations", "time", "memory", "", "trace"], lines), "", total])


def _amount(units: list[Unit]) -> str:
    return f"{len(units):,} units, {sum(unit.configurations for unit in units):,} configurations"


def _found(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        raise Error("no such tool here", where=tool, do="put fasa-sim on the PATH, or name it by --tool", code=FAILED)
    return found


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Error(f"shards cannot be put there ({error.strerror})", where=folder, code=TRY_AGAIN) from error


def _say(line: str) -> None:
    print(f"fasa-sweep: {line}", file=sys.stderr, flush=True)
