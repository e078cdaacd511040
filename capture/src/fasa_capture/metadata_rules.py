"""The rules of docs/trace-format.md on a trace's metadata."""

from __future__ import annotations

from fasa_capture.announced_rules import AnnouncedRules
from fasa_capture.errors import CaptureError, quoted
from fasa_capture.plan import MOST_TOKENS

VERSION = 1
LARGEST_BASE = 1e15
FACTORS = (1e-9, 1e9)
LARGEST_WINDOW = (1 << 31) - 1
# Sines of larger angles have few right digits.
MOST_RADIANS = 1e9
STRINGS = {
    "model": ("name", "architecture", "weights", "sha256"),
    "text": ("title", "licence", "kind", "sha256"),
    "capture": ("tool", "engine", "created"),
}


def check_metadata(metadata: object, where: str) -> None:
    """Raises unless the JSON under ``fasa-trace`` is that of a trace."""
    Checked(metadata, where).check()


class Checked(AnnouncedRules):
    def check(self) -> None:
        whole = self._typed(self.metadata, dict, "")
        version = self._member(whole, "version", int, "")
        if version != VERSION:
            raise CaptureError(
                "not a version of the format that is known",
                where=f"{self._where}.version",
                expected=VERSION,
                found=version,
                do="use a fasa-capture that reads that version",
            )
        sections = {
            name: self._member(whole, name, dict, "")
            for name in ("model", "geometry", "rope", "attention", "tokens", "text", "capture")
        }
        for name, keys in STRINGS.items():
            for key in keys:
                self._text(sections[name], key, name)
        self._choice(sections["capture"], "sampling", "capture", ("greedy", "seeded", "teacher-forced"))
        self._rotation_check(sections["capture"])
        self._choice(sections["rope"], "pairing", "rope", ("half", "interleaved"))
        self._geometry(sections["geometry"], self._list(whole, "captured_layers", int, ""))
        self._tokens(sections["tokens"])
        self._rope(sections["rope"])
        self._attention(sections["attention"])
        self._announcements(whole, self._captured, self._kv_heads)

    def _rotation_check(self, capture: dict) -> None:
        if capture.get("rotation_check") is None:
            return
        name = "capture.rotation_check"
        check = self._typed(capture["rotation_check"], dict, name)
        for key, kind in (
            ("method", str),
            ("tokens", int),
            ("largest_error", float),
            ("largest_error_layer", int),
            ("tolerance", float),
        ):
            self._member(check, key, kind, name)
        self._list(check, "shifts", int, name)

    def _geometry(self, geometry: dict, captured: list[int]) -> None:
        names = ("layers", "query_heads", "kv_heads", "head_dim", "value_dim")
        counts = {name: self._member(geometry, name, int, "geometry") for name in names}
        for name, count in counts.items():
            self._count(count, f"geometry.{name}")
        self._need(
            counts["query_heads"] % counts["kv_heads"] == 0,
            "geometry.query_heads",
            f"a multiple of the {counts['kv_heads']} KV heads",
            counts["query_heads"],
        )
        self._layers, self._head_dim, self._captured = counts["layers"], counts["head_dim"], captured
        self._kv_heads = counts["kv_heads"]
        self._need(bool(captured), "captured_layers", "at least one layer", "none")
        seen: set[int] = set()
        for layer in captured:
            self._need_layer(layer, "captured_layers")
            self._need(layer not in seen, "captured_layers", "layers that differ", f"{layer} twice")
            seen.add(layer)

    def _tokens(self, tokens: dict) -> None:
        counts = [self._member(tokens, name, int, "tokens") for name in ("prompt", "decode")]
        for name, count in zip(("prompt", "decode"), counts, strict=True):
            self._need(0 <= count <= MOST_TOKENS, f"tokens.{name}", f"a number from 0 to {MOST_TOKENS}", count)
        self._total = sum(counts)
        self._need(1 <= self._total <= MOST_TOKENS, "tokens", f"1 to {MOST_TOKENS} tokens in all", self._total)

    def _rope(self, rope: dict) -> None:
        base = self._member(rope, "base", float, "rope")
        rotary = self._member(rope, "rotary_dim", int, "rope")
        self._need(
            rotary % 2 == 0 and 2 <= rotary <= self._head_dim,
            "rope.rotary_dim",
            f"an even number from 2 to the head dimension {self._head_dim}",
            rotary,
        )
        frequencies = rope.get("frequencies")
        if frequencies is not None:
            self._frequencies(self._list(rope, "frequencies", float, "rope"), rotary, "rope.frequencies")
        for values in self._per_layer(rope, "layer_frequencies", list, "rope"):
            numbers = [self._typed(value, float, "rope.layer_frequencies") for value in values]
            self._frequencies(numbers, rotary, "rope.layer_frequencies")
        for value, part in [(base, "rope.base")] + [
            (value, "rope.layer_bases") for value in self._per_layer(rope, "layer_bases", float, "rope")
        ]:
            self._need(0 < value <= LARGEST_BASE, part, f"a number above 0 and at most {LARGEST_BASE:g}", value)
            if frequencies is None:
                self._turn(_fastest(value, rotary), part, value)

    def _frequencies(self, frequencies: list[float], rotary: int, part: str) -> None:
        self._need(len(frequencies) == rotary // 2, part, f"{rotary // 2} values, one per chunk", len(frequencies))
        for frequency in frequencies:
            self._need(frequency >= 0, part, "finite values of at least 0", frequency)
            self._turn(frequency, part, frequency)

    def _attention(self, attention: dict) -> None:
        self._factor(self._member(attention, "scale", float, "attention"), "attention.scale")
        if attention.get("logit_softcap") is not None:
            self._factor(self._member(attention, "logit_softcap", float, "attention"), "attention.logit_softcap")
        windows = [(value, "layer_windows") for value in self._per_layer(attention, "layer_windows", int, "attention")]
        if attention.get("sliding_window") is not None:
            windows.append((self._member(attention, "sliding_window", int, "attention"), "sliding_window"))
        for window, name in windows:
            self._need(
                1 <= window <= LARGEST_WINDOW, f"attention.{name}", f"1 to {LARGEST_WINDOW} tokens or null", window
            )

    def _per_layer(self, section: dict, key: str, kind: type, name: str) -> list:
        """The values that are not null of a list or an object by layer."""
        values, part = section.get(key), f"{name}.{key}"
        if values is None:
            return []
        if isinstance(values, dict):
            for layer in values:
                self._need(
                    layer.isascii() and layer.isdigit() and str(int(layer)) == layer,
                    part,
                    "keys that are layers' numbers",
                    quoted(layer),
                )
                self._need_layer(int(layer), part)
            values = list(values.values())
        else:
            self._typed(values, list, part)
            self._need(
                len(values) in (self._layers, len(self._captured)),
                part,
                f"{self._layers} values, one per layer, or {len(self._captured)}, one per captured layer",
                len(values),
            )
        return [self._typed(value, kind, part) for value in values if value is not None]

    def _factor(self, value: float, part: str) -> None:
        self._need(FACTORS[0] <= value <= FACTORS[1], part, f"a number from {FACTORS[0]:g} to {FACTORS[1]:g}", value)

    def _turn(self, frequency: float, part: str, found: float) -> None:
        self._need(
            frequency * self._total < MOST_RADIANS,
            part,
            f"rotations of less than 1e9 radians over the {self._total} tokens",
            found,
        )

    def _need_layer(self, layer: int, part: str) -> None:
        self._need(0 <= layer < self._layers, part, f"layers from 0 to {self._layers - 1}", layer)


def _fastest(base: float, rotary: int) -> float:
    """Radians per token of the fastest chunk: the first one's, or where the base is below 1, the last one's."""
    try:
        return max(1.0, base ** (2 / rotary - 1))
    except OverflowError:
        return float("inf")
