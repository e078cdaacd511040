"""Writes what the project has of a reader's kind into a corpus's folder: seeds.py READER FOLDER"""

import json
import pathlib
import sqlite3
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "TracesTests" / "Fixtures"


def headers() -> list[bytes]:
    found = []
    for path in FIXTURES.glob("*.safetensors"):
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        found.append(data[8 : 8 + length])
    return found


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
            return [b"{}", *files("profiles/*.json")]
        case "sweep":
            return files("sweeps/*.yaml")
        case "hardware":
            return files("hardware/*.yaml")
        case "kernels":
            return files("hardware/kernels/*.yaml")
        case "measurements":
            return [b"\n".join(data.split(b"\n")[:20]) for data in files("hardware/measurements/*.csv")]
        case "external":
            return [b'{"layer":0,"head":0,"position":4,"tokens":[0,1]}\n', *headers()]
        case "database":
            path = pathlib.Path(sys.argv[2]) / "seed.db"
            with sqlite3.connect(path) as db:
                db.execute("PRAGMA application_id = 1178686273")
                db.execute("CREATE TABLE IF NOT EXISTS configurations (id INTEGER PRIMARY KEY)")
            return []
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
