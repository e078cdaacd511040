"""What the notebooks share: running fasa-sim, reading its database, saving a picture and an answer.

`SMALL=1` in the environment asks for little work, as tests do; pictures and answers then go beside the databases in
`.build/notebooks/small`, and never over those of the documentation.
"""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import altair
import numpy
import polars
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SMALL = os.environ.get("SMALL") == "1"
SCRATCH = ROOT / ".build" / "notebooks" / ("small" if SMALL else "full")
PICTURES = SCRATCH if SMALL else ROOT / "docs" / "pictures" / "notebooks"
BUNDLED_PROFILE = ROOT / "profiles" / "smollm2-135m-instruct.json"
TITLES = {
    "prose-8192": "prose",
    "technical-4096": "technical",
    "qa-4096": "question answering",
    "code-896-all-layers": "code",
}
LARGEST_PICTURE_BYTES = 150_000

# Okabe and Ito's colours, which those who see fewer colours tell apart.
BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, RED, GREY = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#f0e442",
    "#56b4e9",
    "#d55e00",
    "#6b6f78",
)


class ToolError(Exception):
    """fasa-sim is not built, or said that something is wrong."""


def binary() -> Path:
    """`FASA_SIM`, or the release build."""
    path = Path(os.environ.get("FASA_SIM", ROOT / ".build" / "release" / "fasa-sim"))
    if not os.access(path, os.X_OK):
        raise ToolError(f"no fasa-sim at {path}: run swift build -c release --product fasa-sim, or set FASA_SIM")
    return path


def fasa_sim(*arguments) -> str:
    """Runs fasa-sim from the root of the repository and returns what it printed."""
    run = subprocess.run([str(binary()), *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    if run.returncode != 0:
        raise ToolError(f"fasa-sim {' '.join(map(str, arguments))}: {run.stderr.strip()}")
    return run.stdout


def trace(name: str) -> Path:
    return ROOT / "traces" / f"{name}.zst"


def scratch(name: str) -> Path:
    SCRATCH.mkdir(parents=True, exist_ok=True)
    return SCRATCH / name


def fresh_database(name: str) -> Path:
    """A path with no database: what an older build stored there is not read for what this one computes."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{scratch(name)}{suffix}").unlink(missing_ok=True)
    return scratch(name)


def replay(database: Path, traces, policies, budgets, *more) -> None:
    """Scores policies at budgets on traces; `more` are further arguments of `fasa-sim replay`."""
    fasa_sim(
        "replay",
        *traces,
        "--policy",
        ",".join(policies),
        "--budget",
        ",".join(map(str, budgets)),
        "--no-timing",
        "--db",
        database,
        *more,
    )


def query(database: Path, sql: str) -> polars.DataFrame:
    with closing(sqlite3.connect(database)) as connection:
        return polars.read_database(sql, connection, infer_schema_length=None)


def compare(database: Path, a: str, b: str) -> dict[str, dict]:
    """Paired differences, b less a, by metric: `difference`, `low` and `high` (95 %), over all traces stored."""
    told = json.loads(fasa_sim("compare", a, b, "--db", database, "--json"))
    return {metric["metric"]: metric for metric in told["metrics"]}


def chunk_agreement(profile: Path, window: int) -> polars.DataFrame:
    """Contextual agreement of a profile at one K: layer, query head, chunk, agreement."""
    rows = [
        (entry["layer"], head, chunk, value)
        for entry in json.loads(profile.read_text())["layers"]
        if entry["window"] == window
        for head, values in enumerate(entry["agreement"])
        for chunk, value in enumerate(values)
    ]
    if not rows:
        raise ToolError(f"{profile} has no contextual agreement at K = {window}")
    return polars.DataFrame(rows, schema=["layer", "query_head", "chunk", "agreement"], orient="row")


def save(chart: altair.TopLevelMixin, name: str) -> altair.TopLevelMixin:
    """Saves a chart as PNG and returns it, so that a notebook shows it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    styled = (
        chart.configure(background="white", font="DejaVu Sans")
        .configure_axis(gridColor="#e4e6ea", labelFontSize=11, titleFontSize=12, titleFontWeight="normal")
        .configure_legend(labelFontSize=11, titleFontSize=11, titleFontWeight="normal", labelLimit=260)
        .configure_title(anchor="start", fontSize=13, fontWeight="normal", subtitleFontSize=11)
        .configure_view(stroke=None)
    )
    styled.save(path, ppi=110)
    # 128 colours are enough for lines and labels, in a third of the bytes.
    Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    if (size := path.stat().st_size) > LARGEST_PICTURE_BYTES:
        raise ToolError(f"{path} has {size} bytes, and a picture may have {LARGEST_PICTURE_BYTES}: draw less in it")
    return styled


def answer(name: str, question: str, text: str) -> None:
    """Prints the answer, and keeps it for the README that `readme.py` makes."""
    text = " ".join(text.split())
    scratch(f"{name}.answer.json").write_text(json.dumps({"question": question, "answer": text}))
    print(f"{question}\n\n{text}")


def block_interval(values: numpy.ndarray, draws: int = 2_000, block: int = 8) -> tuple[float, float]:
    """95 % interval of the mean of a series of steps, from a circular block bootstrap: neighbours are alike."""
    count = len(values)
    starts = numpy.random.default_rng(0).integers(0, count, (draws, -(-count // block)))
    drawn = ((starts[..., None] + numpy.arange(block)) % count).reshape(draws, -1)[:, :count]
    low, high = numpy.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def interval(metric: dict, digits: int = 3) -> str:
    """A paired difference with its interval, as text."""
    return f"{metric['difference']:+.{digits}f} ({metric['low']:+.{digits}f} to {metric['high']:+.{digits}f})"
