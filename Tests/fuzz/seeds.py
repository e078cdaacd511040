"""Writes what the project has of a reader's kind into a corpus's folder: seeds.py READER FOLDER"""

import json
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / ".build" / "release" / "fasa-sim"
FIXTURES = ROOT / "Tests" / "TracesTests" / "Fixtures"


def headers() -> list[bytes]:
    found = []
    for path in FIXTURES.glob("*.safetensors"):
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        found.append(data[8 : 8 + length])
    return found


def choices() -> list[bytes]:
    """Two tokens for each query head and decode step of the fixtures' trace, in both formats."""
    layers, heads, positions = (1, 3), range(4), range(16, 20)
    lines = [
        json.dumps({"layer": layer, "head": head, "position": position, "tokens": [position - 1, position]})
        for layer in layers
        for head in heads
        for position in positions
    ]
    sets = struct.pack("<32i", *(token for _ in heads for position in positions for token in (position - 1, position)))
    header = json.dumps(
        {
            f"layers.{layer}.tokens": {
                "dtype": "I32",
                "shape": [4, 4, 2],
                "data_offsets": [number * len(sets), (number + 1) * len(sets)],
            }
            for number, layer in enumerate(layers)
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    return ["\n".join(lines).encode() + b"\n", struct.pack("<Q", len(header)) + header + 2 * sets]


def made(file: str) -> list[bytes]:
    """A small file as the program writes it: the project's own are larger than an input may be."""
    if not TOOL.exists():
        sys.exit("seeds: expected a release build, found none: swift build -c release --product fasa-sim")
    with tempfile.TemporaryDirectory() as name:
        for command in (
            "synth t.zst --layers 0 --query-heads 2 --kv-heads 1 --head-dim 8 --tokens 24 --decode 4 --window 4",
            "calibrate t.zst -o profile.json",
            "replay t.zst --policy oracle,quest --budget 8 --no-timing --detail step --db results.db",
        ):
            subprocess.run([TOOL, *command.split()], cwd=name, check=True, capture_output=True)
        return [(pathlib.Path(name) / file).read_bytes()]


def seeds(reader: str) -> list[bytes]:
    def files(*patterns: str) -> list[bytes]:
        return [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))]

    match reader:
        case "trace":
            return files("Tests/TracesTests/Fixtures/*.zst", "Tests/TracesTests/Fixtures/*.safetensors")
        case "header":
            return headers()
        case "metadata":
            return [json.loads(header)["__metadata__"]["fasa-trace"].encode() for header in headers()]
        case "profile":
            return [b"{}", *made("profile.json")]
        case "sweep":
            return files("sweeps/*.yaml")
        case "hardware":
            return files("hardware/*.yaml")
        case "kernels":
            return files("hardware/kernels/*.yaml")
        case "measurements":
            return [b"\n".join(data.split(b"\n")[:20]) for data in files("hardware/measurements/*.csv")]
        case "external":
            return choices()
        case "database":
            foreign = sqlite3.connect(":memory:")
            foreign.execute("PRAGMA application_id = 1178686273")
            foreign.execute("CREATE TABLE configurations (id INTEGER PRIMARY KEY)")
            return [foreign.serialize(), *made("results.db")]
        case "config":
            return [b'{"model_type":"llama","hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4}']
        case "gguf":
            return [
                b"GGUF"
                + struct.pack("<IQQ", 3, 0, 1)
                + struct.pack("<Q", 20)
                + b"general.architecture"
                + struct.pack("<IQ", 8, 5)
                + b"llama"
            ]
    raise SystemExit(f"seeds: expected a reader, found '{reader}'")


for number, data in enumerate(seeds(sys.argv[1])):
    (pathlib.Path(sys.argv[2]) / f"seed-{number}").write_bytes(data)
