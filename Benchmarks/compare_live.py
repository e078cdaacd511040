"""A step of a model whose attention a session does, beside the engine's own dense attention: ms a token.

    .venv/bin/python Benchmarks/compare_live.py [--prompts 2048,8000] [--steps 32] [--rounds 5] [--threads 2]

The engine is transformers in float32, by itself with a cache of its own and PyTorch's scaled dot-product attention; then one
row of a session, dense and FASA at 256 tokens, which also compute full attention to measure against. Rounds take turns.
Wants what `pip install -e 'capture[hf]' -e 'python[hf]'` installs, and the library (see docs/live.md).
"""

import argparse
import time
from pathlib import Path
from statistics import median

import torch
from fasa_capture.engines.hugging_face_load import load
from fasa_capture.models import resolve
from fasa_capture.progress import Progress
from fasa_sim.description import Description, Row
from fasa_sim.engines.hugging_face import HuggingFaceEngine
from fasa_sim.session import Session
from transformers import AttentionInterface, DynamicCache
from transformers.integrations.sdpa_attention import sdpa_attention_forward

ROOT = Path(__file__).resolve().parent.parent
TIMED = "timed_sdpa"


class Clock:
    """Seconds inside one function, over calls."""

    def __init__(self, function):
        self.function, self.seconds = function, 0.0

    def __call__(self, *arguments, **named):
        start = time.perf_counter()
        try:
            return self.function(*arguments, **named)
        finally:
            self.seconds += time.perf_counter() - start


class Timed:
    """A session whose steps are timed."""

    def __init__(self, session):
        self.session, self.step = session, Clock(session.step)


def own(model, cache, tokens, prompt, clock):
    """The engine by itself; ms a token in all, and of it attention."""
    clock.seconds, start = 0.0, time.perf_counter()
    with torch.inference_mode():
        for position in range(prompt, len(tokens)):
            model(torch.tensor([[tokens[position]]]), past_key_values=cache, use_cache=True)
    cache.crop(prompt - len(tokens))
    return per_token(time.perf_counter() - start, clock.seconds, len(tokens) - prompt)


def stepped(engine, session, tokens, prompt):
    """The engine with a session."""
    timed, start = Timed(session), time.perf_counter()
    for position in range(prompt, len(tokens)):
        engine.step([tokens[position]], position, timed)
    found = per_token(time.perf_counter() - start, timed.step.seconds, len(tokens) - prompt)
    session.rewind()
    return found


def per_token(seconds, attention, steps):
    return seconds / steps * 1e3, attention / steps * 1e3


def compare(engine, model, clock, tokens, prompt, options):
    described = engine.describe(tokens, len(tokens))
    sessions = {
        f"session, {row.label}": Session(
            Description(
                described,
                (row,),
                prompt,
                len(tokens) - prompt,
                threads=options.threads,
                profile=options.profile,
                open_loop=False,
            )
        )
        for row in (Row("dense"), Row("fasa", "256"))
    }
    engine.prefill(tokens[:prompt], lambda *layer: [session.prompt(*layer) for session in sessions.values()])
    cache = DynamicCache(config=model.config)
    with torch.inference_mode():
        model(torch.tensor([tokens[:prompt]]), past_key_values=cache, use_cache=True, logits_to_keep=1)
    ways = {"transformers, own dense attention": lambda: own(model, cache, tokens, prompt, clock)}
    for name, session in sessions.items():
        ways[name] = lambda session=session: stepped(engine, session, tokens, prompt)
    found = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            found[name].append(way())
    for name, pairs in found.items():
        whole, attention = (median(side) for side in zip(*pairs, strict=True))
        print(f"| {prompt:,} | {name} | {whole:.1f} | {attention:.1f} |", flush=True)
    for session in sessions.values():
        session.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", default="2048,8000", help="tokens of the prompts")
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--profile", default=str(ROOT / "profiles" / "smollm2-135m-instruct.json"))
    parser.add_argument("--text", default=str(ROOT / "traces" / "texts" / "prose.txt"))
    options = parser.parse_args()
    path = resolve("smollm2", "hf")
    engine = HuggingFaceEngine(path, options.threads, Progress())
    clock = Clock(sdpa_attention_forward)
    AttentionInterface.register(TIMED, clock)
    _, model = load(path, TIMED)
    text = engine.tokenize(Path(options.text).read_text())
    prompts = [int(prompt) for prompt in options.prompts.split(",")]
    if len(text) < max(prompts) + options.steps:
        parser.error(
            f"{options.text}: {len(text):,} tokens, and {max(prompts):,} of a prompt with {options.steps} steps are asked for: "
            "take a longer --text or shorter --prompts"
        )
    print(
        f"transformers and a session, float32, {options.threads} threads, {options.steps} steps, medians of {options.rounds} rounds\n"
    )
    print("| tokens | attention by | ms a token | of it attention, ms |\n|---|---|---|---|")
    for prompt in prompts:
        compare(engine, model, clock, text[: prompt + options.steps], prompt, options)


main()
