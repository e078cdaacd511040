"""The project's C kernels for Python: compiled as the Swift package compiles them, called through their table."""

import ctypes
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np

SOURCES = Path(__file__).resolve().parent.parent / "Sources" / "CKernels"
F16, BF16 = 0, 1
PANEL = 16

_words, _floats, _ints, _bytes = (ctypes.c_void_p,) * 4
_size, _float = ctypes.c_size_t, ctypes.c_float


class Cache(ctypes.Structure):
    """fs_cache"""

    _fields_ = [
        ("keys", _words),
        ("values", _words),
        ("element", ctypes.c_int),
        ("channels", _size),
        ("value_channels", _size),
    ]

    @classmethod
    def of(cls, keys, values, element):
        return cls(keys.ctypes.data, values.ctypes.data, element, keys.shape[1], values.shape[1])


class Range(ctypes.Structure):
    """fs_range"""

    _fields_ = [("start", _size), ("end", _size)]


class Logits(ctypes.Structure):
    """fs_logits"""

    _fields_ = [("scale", _float), ("cap", _float)]


class Partial(ctypes.Structure):
    """fs_partial; `of` keeps its arrays alive."""

    _fields_ = [("maxima", _floats), ("sums", _floats), ("out", _floats)]

    @classmethod
    def of(cls, heads, value_channels):
        arrays = [np.zeros(count, np.float32) for count in (heads, heads, heads * value_channels)]
        partial = cls(*(array.ctypes.data for array in arrays))
        partial.arrays = arrays
        return partial


# In the order of fs_kernels in CKernels.h; None is an entry that is not called from here.
_FIELDS = [
    ("widen", None),
    ("pack_keys", (None, [_bytes, ctypes.c_int, _size, _size, _floats])),
    ("pack_values", None),
    ("score", (None, [_floats, _size, _size, _floats, _size, _ints, _size, _size, _size, _floats, _size])),
    ("maximum", (_float, [_floats, _size])),
    ("exponentials", (None, [_floats, _size, _float, _float, _floats])),
    ("softcap", None),
    ("attend", None),
    ("gather_attend", None),
    ("top_k", (None, [_floats, _size, _size, _ints, _words])),
    ("decode_score_rows", (None, [_words, ctypes.c_int, _size, _size, _floats, _size, _floats, _size])),
    (
        "decode_score_planes",
        (None, [_words, _size, ctypes.c_int, _size, _floats, _size, _size, _ints, _size, _floats, _size]),
    ),
    ("decode_attend_rows", (None, [_words, ctypes.c_int, _size, _size, _floats, _size, _size, _floats])),
    (
        "decode_attend_runs",
        (None, [ctypes.POINTER(Cache), ctypes.POINTER(Range), _size, _floats, _size, Logits, Partial]),
    ),
    ("decode_attend_tokens", (None, [ctypes.POINTER(Cache), _ints, _size, _floats, _size, Logits, Partial])),
    ("decode_merge", (None, [ctypes.POINTER(Partial), _size, _size, _size, _floats])),
    ("decode_round_queries", (None, [_floats, _size, _size, _bytes, _floats, _floats])),
    (
        "decode_score_lowbit",
        (None, [_bytes, _size, _size, _ints, _size, _bytes, _floats, _floats, _size, _floats, _size]),
    ),
    ("decode_score_listed", None),
    ("decode_score_nibbles", (None, [_bytes, _size, _size, _bytes, _floats, _floats, _size, _floats, _size])),
    ("decode_round_tables", (None, [_floats, _size, _size, _bytes, _floats, _floats])),
    ("decode_score_bytes", (None, [_bytes, _size, _size, _size, _floats, _size, _floats, _size])),
    ("decode_group_tables", (None, [_floats, _size, _size, _size, _floats])),
    ("decode_match_buckets", (None, [_words, _size, _size, _size, _words, _size, _bytes, _size])),
    ("decode_collect", None),
    ("decode_sum_rows", None),
    ("decode_accumulate", None),
    ("decode_above", None),
    ("decode_top_p", (_size, [_floats, _size, _float, _float, _ints, _floats])),
    ("read_all", (ctypes.c_uint64, [_bytes, _size])),
    ("multiply_adds", None),
]


class _Table(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p)] + [(name, ctypes.c_void_p) for name, _ in _FIELDS]


class Kernels:
    """The fastest table of this processor. Arrays are passed as NumPy arrays; the caller answers for shapes."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        library = Path(self._folder.name) / "kernels.so"
        subprocess.run(
            [
                "clang",
                "-O2",
                "-shared",
                "-fPIC",
                f"-I{SOURCES / 'include'}",
                *map(str, SOURCES.glob("*.c")),
                "-o",
                str(library),
                "-lm",
            ],
            check=True,
        )
        best = ctypes.CDLL(str(library)).fs_kernels_best
        best.restype = ctypes.POINTER(_Table)
        table = best().contents
        self.name = table.name.decode()
        self.bare = SimpleNamespace()  # the same functions for addresses, quicker to call
        for field, signature in _FIELDS:
            if signature:
                function = ctypes.CFUNCTYPE(signature[0], *signature[1])(getattr(table, field))
                setattr(self.bare, field, function)
                setattr(self, field, self._caller(function))

    @staticmethod
    def _caller(function):
        def call(*values):
            return function(*[v.ctypes.data if isinstance(v, np.ndarray) else v for v in values])

        return call
