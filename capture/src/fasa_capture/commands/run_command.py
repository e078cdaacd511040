"""`fasa-capture run`: runs a model over a text and writes the trace."""

from __future__ import annotations

import argparse
import hashlib
import os
from pathlib import Path

import numpy as np

from fasa_capture import worker
from fasa_capture.capture import capture
from fasa_capture.commands import option_types
from fasa_capture.dtypes import STORED_TYPES
from fasa_capture.engines import ENGINES, Engine
from fasa_capture.errors import CaptureError, plain
from fasa_capture.metadata import TextFacts
from fasa_capture.models import engine_of, files_of, resolve
from fasa_capture.next_steps import next_steps
from fasa_capture.output import opened, refuse_unfit, try_out
from fasa_capture.plan import MOST_TOKENS, SAMPLINGS, Plan, check_lengths, parse_layers, split_tokens
from fasa_capture.progress import Progress
from fasa_capture.shapes import refuse_mixed

# Four bytes for each token that a trace can hold.
LONGEST_TEXT = 4 * MOST_TOKENS
DESCRIPTION = """Runs MODEL over TEXT and writes what its attention saw as a trace. The prompt is the text's first
tokens. Decode steps are the text's next tokens (teacher-forced: what decoding exactly this text would compute) or tokens
that the model chooses (greedy, seeded). Before anything is written, attention recomputed from the rounded values is
compared with the engine's own output."""


def add_to(commands) -> None:
    parser = commands.add_parser("run", help="run a model and write a trace", description=DESCRIPTION)
    parser.add_argument("model", metavar="MODEL", help="a GGUF file, a Hugging Face model folder, or smollm2")
    parser.add_argument("text", metavar="TEXT", type=Path, help="a UTF-8 text file; a pipe is read to its end")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="TRACE", help="the trace to write")
    parser.add_argument("--engine", choices=sorted(ENGINES), help="default: hf for a folder, llama.cpp for a GGUF file")
    parser.add_argument(
        "--threads",
        type=option_types.threads,
        default=min(os.cpu_count() or 1, option_types.MOST_THREADS),
        metavar="N",
        help="default: all",
    )
    parser.add_argument(
        "--patience",
        type=option_types.patience,
        default=600.0,
        metavar="S",
        help="end an engine that shows no progress for so many seconds (default: %(default)g)",
    )

    run = parser.add_argument_group("what is run")
    run.add_argument(
        "--prompt-tokens",
        type=option_types.some_tokens,
        metavar="P",
        help="length of the prompt (default: the whole text, less teacher-forced steps)",
    )
    run.add_argument(
        "--most-tokens",
        type=option_types.some_tokens,
        metavar="N",
        help="cut the text, so that prompt and decode steps are N tokens at most (or what --prompt-tokens says)",
    )
    run.add_argument(
        "--decode", type=option_types.tokens, default=64, metavar="N", help="decode steps (default: %(default)s)"
    )
    run.add_argument("--sampling", choices=SAMPLINGS, default=SAMPLINGS[0], help="default: %(default)s")
    run.add_argument("--seed", type=option_types.seed, default=0, metavar="N", help="of --sampling seeded (default: 0)")
    run.add_argument(
        "--temperature",
        type=option_types.temperature,
        default=1.0,
        metavar="T",
        help="of --sampling seeded (default: 1)",
    )
    run.add_argument(
        "--special-tokens", action="store_true", help="read control tokens, such as <|im_start|>, in the text"
    )

    keep = parser.add_argument_group("what is kept")
    keep.add_argument("--layers", default="all", metavar="LAYERS", help="all, 0,5,14 or 0-9 (default: %(default)s)")
    keep.add_argument(
        "--window",
        type=option_types.tokens,
        default=64,
        metavar="W",
        help="observe the queries of the prompt's last W tokens as well (default: %(default)s)",
    )
    keep.add_argument("--dtype", choices=sorted(STORED_TYPES), default="f16", help="default: %(default)s")
    keep.add_argument("--engine-output", action="store_true", help="store the engine's attention output, layers.L.o")
    keep.add_argument(
        "--prompt-attention", action="store_true", help="store the attention each prompt token got over the prompt"
    )

    keep.add_argument(
        "--output-projection",
        action="store_true",
        help="store each layer's output projection, by which a replay measures the error of the layer's whole output",
    )
    keep.add_argument(
        "--value-norms",
        action="store_true",
        help="store how large each token's value is after each head's output projection, which need not be stored for it",
    )

    about = parser.add_argument_group("what the trace says of its text")
    about.add_argument("--title", type=option_types.label, help="default: the file's name")
    about.add_argument("--licence", type=option_types.label, default="unknown", help="default: %(default)s")
    about.add_argument(
        "--kind", type=option_types.label, default="text", help="prose, code, legal, ... (default: %(default)s)"
    )
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    refuse_unreadable(options.text)
    refuse_unfit(options.output, [options.text])
    model = resolve(options.model, options.engine)
    options.engine = options.engine or engine_of(model)
    inputs = [options.text, *files_of(model)]
    try_out(options.output, inputs)
    # Last, since a pipe's end may be long in coming.
    text, facts = read_text(options)
    with opened(options.output, inputs) as output:
        arguments = (options, text, facts, model, output.partial)
        lines = worker.run(run_model, arguments, Progress(), options.patience, model, scrap=output.partial)
        output.commit()
    for line in lines:
        print(line)
    return 0


def run_model(
    options: argparse.Namespace, text: str, facts: TextFacts, model: Path, partial: Path, progress: Progress
) -> list[str]:
    """Captures into ``partial``; what there is to tell of it."""
    engine = ENGINES[options.engine](model, options.threads, progress)
    try:
        plan = make_plan(options, engine, text)
        done = capture(engine, plan, facts, partial, options.engine_output, progress)
    finally:
        engine.close()
    return [
        *done.report.lines(),
        f"{plain(options.output)}: {plan.prompt:,} prompt and {plan.decode:,} decode tokens, {len(plan.layers)} layers, "
        f"{done.bytes_written:,} bytes",
        *next_steps(options, plan, engine.model),
    ]


def refuse_unreadable(text: Path) -> None:
    """What can be told of a text before it is read. A pipe is not opened: that would wait for whoever writes it."""
    try:
        if not text.is_fifo():
            text.open("rb").close()
    except OSError as error:
        raise unreadable(text, error) from error


def unreadable(text: Path, error: OSError) -> CaptureError:
    return CaptureError(f"cannot be read ({error.strerror})", where=text)


def read_text(options: argparse.Namespace) -> tuple[str, TextFacts]:
    try:
        # One byte more than may be tells of all that follow, which a device never ends to give.
        with options.text.open("rb") as file:
            raw = file.read(LONGEST_TEXT + 1)
        if len(raw) > LONGEST_TEXT:
            raise CaptureError(
                "the text is too long",
                where=options.text,
                expected=f"at most {LONGEST_TEXT:,} bytes",
                found="more",
                do="give a part of it",
            )
        text = raw.decode()
    except OSError as error:
        raise unreadable(options.text, error) from error
    except UnicodeDecodeError as error:
        raise CaptureError(
            "not UTF-8 text",
            where=options.text,
            found=f"byte {raw[error.start]:#04x} at {error.start}",
            do="convert it to UTF-8",
        ) from error
    if not text.strip():
        raise CaptureError("the text is empty", where=options.text)
    digest = hashlib.sha256(raw).hexdigest()
    return text, TextFacts(options.title or plain(options.text.name), options.licence, options.kind, digest)


def make_plan(options: argparse.Namespace, engine: Engine, text: str) -> Plan:
    layers = parse_layers(options.layers, engine.model.layers)
    if engine.model.shapes is not None:
        refuse_mixed({layer: engine.model.shapes[layer] for layer in layers})
    tokens = engine.tokenize(text, options.special_tokens)
    prompt = split_tokens(len(tokens), options.prompt_tokens, options.decode, options.sampling, options.most_tokens)
    check_lengths(prompt, options.decode, options.window, engine.model.trained_context)
    given = prompt + (options.decode if options.sampling == "teacher-forced" else 0)
    return Plan(
        given=np.array(tokens[:given], dtype=np.int32),
        prompt=prompt,
        decode=options.decode,
        window=options.window,
        layers=layers,
        stored=STORED_TYPES[options.dtype],
        sampling=options.sampling,
        seed=options.seed,
        temperature=options.temperature,
        prompt_attention=options.prompt_attention,
        output_projection=options.output_projection,
        value_norms=options.value_norms,
    )
