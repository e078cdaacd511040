"""Calls the library's functions with what no caller should give, in any order: python hammer.py LIBRARY SEED ROUNDS

Every answer must be 0 or one of the header's numbers, with one line that says why; whatever was refused, a session goes on.
A crash ends this process, which is how it is found. The seed of a round is printed before it where VERBOSE is set.
"""

from __future__ import annotations

import copy
import ctypes as c
import json
import math
import os
import random
import sys

import numpy as np

CODES = {0, -1, -2, -3, -4, -5}
ODD = [
    None,
    True,
    -1,
    0,
    1,
    3,
    7,
    1 << 20,
    1 << 40,
    -(1 << 63),
    1e308,
    -0.5,
    1e-320,
    "",
    "x",
    "\u0000",
    "256",
    "0.19",
    "-3",
    [],
    {},
    [1],
    "é" * 300,
]
POLICIES = [
    "dense",
    "oracle",
    "quest",
    "quest:page=8",
    "streaming-llm",
    "h2o",
    "snapkv",
    "random",
    "sparq",
    "pqcache",
    "tidal",
    "omnikv",
    "infllm",
    "external:file=x",
    "fasa",
    "nonsense",
    "quest:page=0",
    "all",
    "",
    ":",
    "rocketkv",
    "magicpig",
    "adakv",
    "knorm",
]
BUDGETS = [None, "1", "8", "16", "4096", "0.5", "1.0", "0", "-1", "x", "99999999999999999999", "0.0000001"]


def description(draw: random.Random) -> dict:
    heads, layers = draw.choice([1, 2]), draw.choice([1, 2])
    return {
        "model": {
            "name": "m",
            "layers": layers,
            "query_heads": heads * draw.choice([1, 3]),
            "kv_heads": heads,
            "head_dim": draw.choice([2, 8, 16]),
            "value_dim": draw.choice([1, 8, 20]),
            "scale": 0.3,
            "logit_softcap": draw.choice([None, None, 20.0]),
            "sliding_window": draw.choice([None, None, 5]),
            "layer_windows": draw.choice([None, None, [None, 3][:layers], [2, 2]]),
            "rope": {
                "pairing": draw.choice(["half", "interleaved"]),
                "base": 10_000.0,
                "rotary_dim": 2,
                "layer_bases": draw.choice([None, None, [100.0, 1e6][:layers]]),
                "layer_frequencies": draw.choice([None, None, [None, [0.5]][:layers], [[1.0, 2.0]] * layers]),
            },
        },
        "element": draw.choice(["f16", "bf16", "f32"]),
        "rows": [
            {"policy": draw.choice(POLICIES[:13]), "budget": draw.choice(BUDGETS[1:6])}
            for _ in range(draw.randint(1, 3))
        ],
        "prompt": draw.choice([1, 5, 40]),
        "steps": draw.choice([1, 3]),
        "threads": draw.choice([1, 2, 3]),
        "open_loop": draw.random() < 0.5,
    }


def spoiled(tree: dict, draw: random.Random) -> str:
    """The description as text, with up to three of its parts changed, or its bytes."""
    tree = copy.deepcopy(tree)
    for _ in range(draw.choice([0, 0, 1, 1, 2, 3])):
        part = draw.choice(
            [
                tree,
                tree["model"],
                tree["model"].get("rope") or {},
                *(tree["rows"] if isinstance(tree.get("rows"), list) else []),
            ]
            if isinstance(tree.get("model"), dict)
            else [tree]
        )
        if not isinstance(part, dict) or not part:
            continue
        name = draw.choice(sorted(part))
        if draw.random() < 0.2:
            del part[name]
        elif name == "policy":
            part[name] = draw.choice(POLICIES)
        elif name == "budget":
            part[name] = draw.choice(BUDGETS)
        else:
            part[name] = draw.choice(ODD)
        if "model" not in tree or "rows" not in tree:
            break
    text = json.dumps(tree)
    if draw.random() < 0.1:
        place = draw.randrange(len(text))
        text = text[:place] + draw.choice(["", "{", '"', ",", "\\u0000", "9"]) + text[place + draw.randint(0, 3) :]
    return text


class Hammer:
    def __init__(self, path: str) -> None:
        self.library = c.CDLL(path)
        self.library.fasa_error.restype = c.c_char_p
        self.library.fasa_free.argtypes = [c.c_void_p]
        self.library.fasa_close.argtypes = [c.c_void_p]
        self.answers: dict[str, int] = {}

    def text(self, place: c.c_void_p) -> str:
        if not place.value:
            return ""
        found = c.string_at(place.value).decode()
        self.library.fasa_free(place)
        return found

    def judge(self, name: str, code: int, message: str) -> None:
        assert code in CODES, (name, code)
        assert code == 0 or (message and "\n" not in message), (name, code, message)
        self.answers[f"{name} {code}"] = self.answers.get(f"{name} {code}", 0) + 1

    def round(self, draw: random.Random) -> None:
        tree = description(draw)
        text = spoiled(tree, draw)
        session, message = c.c_void_p(), c.c_void_p()
        code = self.library.fasa_open(text.encode(), c.byref(session), c.byref(message))
        self.judge("open", code, self.text(message))
        if code != 0:
            assert not session.value
            self.library.fasa_open(None, c.byref(session), None)
            return
        try:
            told = json.loads(text)
            if small(told):
                self.calls(session, told, draw)
        finally:
            self.library.fasa_close(session)

    def calls(self, session: c.c_void_p, told: dict, draw: random.Random) -> None:
        """Mostly in turn, with arrays as large as the description says."""
        model, rows = told["model"], len(told["rows"])
        layers, heads, groups, d, dv = (
            int(model[name]) for name in ("layers", "query_heads", "kv_heads", "head_dim", "value_dim")
        )
        prompt = int(told["prompt"])

        def numbers(*shape: int) -> np.ndarray:
            kind = draw.random()
            values = np.array([draw.uniform(-2, 2) for _ in range(math.prod(shape))], dtype=np.float32)
            if kind < 0.03:
                values[draw.randrange(values.size)] = draw.choice([np.nan, np.inf, -np.inf, 3e38, 1e-45])
            elif kind < 0.06:
                values[:] = draw.choice([0, 1, 3e38, -3e38])
            return values

        def ask(name: str, *arguments) -> int:
            code = getattr(self.library, name)(session, *arguments)
            self.judge(name, code, (self.library.fasa_error(session) or b"").decode() if code else "")
            return code

        def give(layer: int) -> int:
            window = draw.choice([0, min(prompt, 4), prompt])
            queries = numbers(heads, window, d) if window else None
            attention = np.abs(numbers(heads, prompt)) if draw.random() < 0.5 else None
            keys, values = numbers(groups, prompt, d), numbers(groups, prompt, dv)
            tokens = prompt if draw.random() < 0.95 else draw.choice([0, prompt - 1])
            return ask(
                "fasa_prompt",
                c.c_uint32(layer),
                c.c_uint32(tokens),
                point(keys),
                point(values),
                c.c_uint32(window),
                point(queries),
                point(attention),
            )

        def step(layer: int) -> int:
            arrays = [
                numbers(rows, heads, d),
                numbers(rows, groups, d),
                numbers(rows, groups, dv),
                np.zeros((rows, heads, dv), np.float32),
            ]
            pointers = [point(array) if draw.random() < 0.99 else None for array in arrays]
            return ask("fasa_step", c.c_uint32(layer), *pointers)

        def results() -> int:
            json_text = c.c_void_p()
            code = ask("fasa_results", c.byref(json_text) if draw.random() < 0.95 else None)
            if code == 0:
                json.loads(self.text(json_text))
            return code

        if draw.random() < 0.9:
            for layer in draw.sample(range(layers), layers):
                give(layer)
        for _ in range(draw.randint(1, 4)):
            for layer in range(layers):
                step(layer)
            draw.choice(
                [
                    results,
                    results,
                    lambda: give(draw.choice([0, layers, 1 << 31])),
                    lambda: step(draw.randrange(layers)),
                    lambda: ask("fasa_rewind"),
                    lambda: None,
                ]
            )()


def point(array: np.ndarray | None):
    return None if array is None else array.ctypes.data_as(c.c_void_p)


def small(told: dict) -> bool:
    """Whether a description that was taken is one for which arrays are made here."""
    model = told["model"]
    sizes = [
        model["layers"],
        model["query_heads"],
        model["head_dim"],
        model["value_dim"],
        told["prompt"],
        told["steps"],
        told.get("threads") or 1,
    ]
    return math.prod(map(int, sizes)) < 1 << 22 and int(told["steps"]) <= 64


def main() -> None:
    path, seed, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    hammer = Hammer(path)
    for number in range(seed, seed + rounds):
        if "VERBOSE" in os.environ:
            print(number, flush=True)
        hammer.round(random.Random(number))
    print(json.dumps(dict(sorted(hammer.answers.items()))))


if __name__ == "__main__":
    main()
