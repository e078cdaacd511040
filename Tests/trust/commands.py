"""The commands that are killed, interrupted and starved here, and how one is started."""

import dataclasses
import pathlib
import random
import subprocess

from whole import digests

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / ".build" / "release" / "fasa-sim"
TRACES = [ROOT / "traces" / name for name in ("qa-4096.zst", "technical-4096.zst")]
POLICIES = "oracle,fasa,quest,streaming-llm,snapkv,knorm"
# Of this database every command below is an uninterrupted one's.
DATABASE = "work.db"


def grid(command: str, *traces: str | pathlib.Path, budgets: str = "32,64,128", policies: str = POLICIES) -> list[str]:
    """A replay or a sweep of short parts of traces."""
    return [command, *map(str, traces), "--policy", policies, "--budget", budgets, "--steps", "0-31"]


SWEEP = [*grid("sweep", *TRACES, budgets="32,64,128,256"), "--no-timing", "--threads", "2"]
COMMANDS = {
    "sweep": [*SWEEP, "--db", DATABASE],
    "sweep, every step": [*SWEEP, "--detail", "step", "--db", DATABASE],
    "sweep, a shard": [*SWEEP, "--shard", "1/1", "--scratch", ".", "--db", DATABASE],
    "replay": [*grid("replay", *TRACES, budgets="32,64,128,256"), "--db", DATABASE],
    "explore": [
        "explore",
        str(TRACES[0]),
        "--max-output-error",
        "0.3",
        "--policy",
        "fasa,quest,snapkv",
        "--steps",
        "0-15",
        "--max-trials",
        "20",
        "--db",
        DATABASE,
    ],
    "merge": ["merge", DATABASE, "parts"],
}


@dataclasses.dataclass(frozen=True)
class Given:
    """What a fault is tried with: a tool, an empty folder, and how much of it."""

    tool: str
    folder: pathlib.Path
    draw: random.Random
    is_short: bool

    def start(self, command: list[str], **options) -> subprocess.Popen:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([self.tool, *command], cwd=self.folder, text=True, **streams | options)

    def run(self, command: list[str], **options) -> subprocess.CompletedProcess:
        with self.start(command, **options) as process:
            output, errors = process.communicate(timeout=550)
        return subprocess.CompletedProcess(command, process.returncode, output or "", errors or "")

    def finish(self, command: list[str], **options) -> dict[str, str]:
        """What the database holds after a run in which nothing goes wrong."""
        found = self.run(command, **options)
        assert found.returncode == 0, found.stderr
        return digests(self.folder / command[command.index("--db") + 1])


def one_line(errors: str, beginning: str = "Error: ") -> str:
    """The only line that a command may have written."""
    assert errors.endswith("\n") and errors.count("\n") == 1 and errors.startswith(beginning), errors
    return errors.strip()
