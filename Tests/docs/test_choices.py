"""What fasa-sim writes for libCacheSim is read back by that simulator's own reader."""

import json
import subprocess

import libcachesim
import pytest
from conftest import ROOT

TRACE = ROOT / "traces" / "code-896-all-layers.zst"
POLICY = ["--policy", "oracle", "--budget", "32", "--layers", "4", "--steps", "0-31"]


@pytest.fixture(scope="module")
def traces(tmp_path_factory, environment):
    folder = tmp_path_factory.mktemp("choices") / "traces"
    command = ["fasa-sim", "choices", TRACE, *POLICY, "--format", "libcachesim", "-o", folder]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    found = sorted(folder.glob("*.oracleGeneral"))
    assert [path.name for path in found] == [f"layer-4-kv-head-{head}.oracleGeneral" for head in range(3)]
    return found


def misses(trace, cache) -> int:
    reader = libcachesim.TraceReader(trace=str(trace), trace_type=libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    share, _ = cache(cache_size=128).process_trace(reader)
    return round(share * trace.stat().st_size / 24)


def test_hits_are_near_those_of_a_replay(traces, environment, tmp_path):
    """A buffer of four times the choice: that a step's own picks stay, which libCacheSim knows nothing of, matters little."""
    for order, cache in [("lru", libcachesim.LRU), ("fifo", libcachesim.FIFO), ("belady", libcachesim.Belady)]:
        command = [
            "fasa-sim",
            "replay",
            TRACE,
            *POLICY,
            "--hot-buffer",
            f"128,{order},start=empty",
            "--no-timing",
            "--db",
            "r.db",
        ]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
        command = ["fasa-sim", "export", "hot_groups", "--db", "r.db", "-o", f"{order}.json"]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
        rows = [row for row in json.loads((tmp_path / f"{order}.json").read_text())][-3:]
        for row, trace in zip(sorted(rows, key=lambda row: row["kv_head"]), traces):
            requests = row["hits"] + row["misses"]
            assert requests == trace.stat().st_size / 24 > 500
            assert abs(misses(trace, cache) - row["misses"]) < 0.05 * requests, order
