"""`fasa-capture run`: runs a model over a text and writes the trace."""

from __future__ import annotations

import argparse
import hashlib
import os
from pathlib import Path

import numpy as np

from fasa_capture.capture import capture
from fasa_capture.dtypes import STORED_TYPES
from fasa_capture.engines import ENGINES, Engine
from fasa_capture.errors import CaptureError
from fasa_capture.metadata import TextFacts
from fasa_capture.models import resolve
from fasa_capture.plan import SAMPLINGS, Plan, check_lengths, parse_layers, split_tokens
from fasa_capture.progress import Progress

DESCRIPTION = """Runs MODEL over TEXT and writes what its attention saw as a trace. The prompt is the text's first
tokens. Decode steps are the text's next tokens (teacher-forced: what decoding exactly this text would compute) or tokens
that the model chooses (greedy, seeded). Before anything is written, attention recomputed from the rounded values is
compared with the engine's own output."""


def add_to(commands) -> None:
    parser = commands.add_parser("run", help="run a model and write a trace", description=DESCRIPTION)
    parser.add_argument("model", metavar="MODEL", help="a GGUF file, a Hugging Face model folder, or smollm2")
    parser.add_argument("text", metavar="TEXT", type=Path, help="a UTF-8 text file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="TRACE", help="the trace to write")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="llama.cpp", help="default: %(default)s")
    parser.add_argument("--threads", type=_positive, default=os.cpu_count() or 1, metavar="N", help="default: all")

    run = parser.add_argument_group("what is run")
    run.add_argument(
        "--prompt-tokens", type=_positive, metavar="P",
        help="length of the prompt (default: the whole text, less teacher-forced steps)",
    )
    run.add_argument("--decode", type=_count, default=64, metavar="N", help="decode steps (default: %(default)s)")
    run.add_argument("--sampling", choices=SAMPLINGS, default=SAMPLINGS[0], help="default: %(default)s")
    run.add_argument("--seed", type=_count, default=0, metavar="N", help="of --sampling seeded (default: 0)")
    run.add_argument(
        "--temperature", type=_temperature, default=1.0, metavar="T", help="of --sampling seeded (default: 1)"
    )
    run.add_argument(
        "--special-tokens", action="store_true", help="read control tokens, such as <|im_start|>, in the text"
    )

    keep = parser.add_argument_group("what is kept")
    keep.add_argument(
        "--layers", default="all", metavar="LAYERS", help="all, 0,5,14 or 0-9 (default: %(default)s)"
    )
    keep.add_argument(
        "--window", type=_count, default=64, metavar="W",
        help="observe the queries of the prompt's last W tokens as well (default: %(default)s)",
    )
    keep.add_argument("--dtype", choices=sorted(STORED_TYPES), default="f16", help="default: %(default)s")
    keep.add_argument("--engine-output", action="store_true", help="store the engine's attention output, layers.L.o")
    keep.add_argument(
        "--prompt-attention", action="store_true", help="store the attention each prompt token got over the prompt"
    )

    about = parser.add_argument_group("what the trace says of its text")
    about.add_argument("--title", help="default: the file's name")
    about.add_argument("--licence", default="unknown", help="default: %(default)s")
    about.add_argument("--kind", default="text", help="prose, code, legal, ... (default: %(default)s)")
    parser.set_defaults(perform=perform)


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _temperature(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


_count.__name__, _positive.__name__, _temperature.__name__ = "count", "positive count", "temperature"


def perform(options: argparse.Namespace) -> int:
    text, facts = read_text(options)
    output: Path = options.output
    if not output.parent.is_dir():
        raise CaptureError("no such folder", where=output.parent, do="make it, or choose another --output")
    engine = ENGINES[options.engine](resolve(options.model, options.engine), options.threads)
    try:
        plan = make_plan(options, engine, text)
        done = capture(engine, plan, facts, output, options.engine_output, Progress())
    finally:
        engine.close()
    for line in done.report.lines():
        print(line)
    print(
        f"{output}: {plan.prompt:,} prompt and {plan.decode:,} decode tokens, {len(plan.layers)} layers, "
        f"{done.bytes_written:,} bytes"
    )
    return 0


def read_text(options: argparse.Namespace) -> tuple[str, TextFacts]:
    try:
        raw = options.text.read_bytes()
        text = raw.decode()
    except OSError as error:
        raise CaptureError(f"cannot be read ({error.strerror})", where=options.text) from error
    except UnicodeDecodeError as error:
        raise CaptureError(
            "not UTF-8 text", where=options.text, found=f"byte {raw[error.start]:#04x} at {error.start}"
        ) from error
    if not text.strip():
        raise CaptureError("the text is empty", where=options.text)
    digest = hashlib.sha256(raw).hexdigest()
    return text, TextFacts(options.title or options.text.name, options.licence, options.kind, digest)


def make_plan(options: argparse.Namespace, engine: Engine, text: str) -> Plan:
    tokens = engine.tokenize(text, options.special_tokens)
    prompt = split_tokens(len(tokens), options.prompt_tokens, options.decode, options.sampling)
    check_lengths(prompt, options.decode, options.window, engine.model.trained_context)
    given = prompt + (options.decode if options.sampling == "teacher-forced" else 0)
    return Plan(
        given=np.array(tokens[:given], dtype=np.int32),
        prompt=prompt,
        decode=options.decode,
        window=options.window,
        layers=parse_layers(options.layers, engine.model.layers),
        stored=STORED_TYPES[options.dtype],
        sampling=options.sampling,
        seed=options.seed,
        temperature=options.temperature,
        prompt_attention=options.prompt_attention,
    )
