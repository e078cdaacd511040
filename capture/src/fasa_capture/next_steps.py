"""What to do with a trace: the commands that come next, as a shell takes them."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from fasa_capture.errors import plain
from fasa_capture.facts import ModelFacts
from fasa_capture.models import engine_of, packaged_title
from fasa_capture.plan import Plan


def next_steps(options: argparse.Namespace, plan: Plan, model: ModelFacts) -> list[str]:
    """None where the trace has no decode steps, which are what is replayed and what calibrates."""
    if plan.decode == 0:
        return []
    trace = shlex.quote(str(options.output))
    # fasa-sim brings the packaged model's profile.
    if packaged_title(model.sha256) is not None:
        return [plain(f"next: fasa-sim replay {trace}")]
    profile = shlex.quote(str(options.output.with_suffix(".json")))
    other = shlex.quote(str(options.output.with_name(f"{options.output.stem}-calibration.zst")))
    capture = ["fasa-capture", "run", options.model, "OTHER-TEXT", "-o"]
    command = f"{shlex.join(capture)} {other} --decode {plan.decode}"
    if options.engine != engine_of(Path(options.model)):
        command += f" --engine {options.engine}"
    if options.layers != "all":
        command += f" --layers {shlex.quote(options.layers)}"
    return [
        "Policies that are calibrated, fasa among them, want a second text of this model, since none is scored on what",
        "calibrated it. Next:",
        "  " + plain(command),
        "  " + plain(f"fasa-sim calibrate {other} -o {profile}"),
        "  " + plain(f"fasa-sim replay {trace} --profile {profile}"),
    ]
