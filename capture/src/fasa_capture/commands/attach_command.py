"""`fasa-capture attach`: adds scores that somebody else computed to a trace."""

from __future__ import annotations

import argparse
from pathlib import Path

from fasa_capture.announced_tensors import INDEX, TOKEN, VALUE_NORM
from fasa_capture.attached_scores import AttachedScores
from fasa_capture.errors import CaptureError, plain
from fasa_capture.output import opened, try_out
from fasa_capture.scores_file import ScoresFile
from fasa_capture.trace_reader import TraceReader
from fasa_capture.trace_writer import write_trace

DESCRIPTION = """Writes TRACE again with the scores in SCORES beside it: what a token is worth by some other method, the norms
of values after the output projection, or an index's keys, queries and weights. The new trace's metadata announces them, and
all else stays as it is. SCORES is a safetensors file of F16, BF16 or F32:

  layers.L.token_score  [KV heads, tokens]           more is better, as KVzip and its like score tokens
  layers.L.value_norm   [query heads, tokens]        at least 0
  layers.L.index_k      [tokens, channels]           an index's keys
  layers.L.index_q      [heads, queries, channels]   its queries, of the traced positions
  layers.L.index_w      [heads, queries]             its heads' weights (DeepSeek's lightning indexer);
                                                     without them it has a head for each KV head

It may hold any layers of TRACE. An index's keys and queries are rounded to the type of the trace's keys, others are stored as
F32. The strings token_name and index_name of its metadata say what the scores are; without them, its own name does."""
EXAMPLES = """examples:
  fasa-capture attach book.zst kvzip.safetensors -o book-kvzip.zst
  fasa-capture attach book-kvzip.zst kvzip-2.safetensors -o book-kvzip-2.zst --replace

writing SCORES:
  safetensors.numpy.save_file({"layers.5.token_score": scores}, "kvzip.safetensors", metadata={"token_name": "KVzip"})"""


def add_to(commands) -> None:
    parser = commands.add_parser(
        "attach",
        help="add scores that you computed to a trace",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("trace", metavar="TRACE", type=Path, help="seekable zstd, any zstd, or bare safetensors")
    parser.add_argument("scores", metavar="SCORES", type=Path, help="the safetensors file of scores")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="NEW", help="the trace to write")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="put the scores in the place of those of their kind that TRACE has, in all its layers",
    )
    parser.set_defaults(perform=perform)


def perform(options: argparse.Namespace) -> int:
    inputs = [options.trace, options.scores]
    try_out(options.output, inputs)
    scores = ScoresFile(options.scores)
    trace = TraceReader(options.trace)
    trace.verify()
    attached = AttachedScores(trace, scores, options.replace)
    attached.check(options.output)
    with opened(options.output, inputs) as output:
        try:
            write_trace(output.partial, attached.metadata, attached.tensors, texts=trace.texts)
            size = output.partial.stat().st_size
        except OSError as error:
            raise CaptureError(
                f"the trace cannot be written ({error.strerror})",
                where=options.output.parent,
                do="make room, or choose another --output",
            ) from error
        trace.check_unchanged()
        scores.check_unchanged()
        output.commit()
    print(f"{plain(options.output)}: {'; '.join(_told(attached, scores))}; {size:,} bytes")
    return 0


def _told(attached: AttachedScores, scores: ScoresFile) -> list[str]:
    index = attached.fitting.index or {}
    weighted = "weighted" if index.get("weighted") else "one for each KV head"
    what = {
        TOKEN: f"token scores ({plain(scores.names[TOKEN], 80)})",
        VALUE_NORM: "norms of values",
        INDEX: f"an index ({plain(scores.names[INDEX], 80)}) of {index.get('heads')} heads, {weighted}, of "
        f"{index.get('channels')} channels,",
    }
    return [
        f"{what[kind]} of {len(layers)} layer{'s' if len(layers) > 1 else ''}"
        for kind, layers in attached.fitting.layers.items()
        if layers
    ]
