"""ggml's CPU operations for Python, as llama.cpp runs them: the C functions that the xllamacpp wheel exports.

A graph's tensors lie in a buffer of ggml's own CPU backend, with the alignment that llama.cpp gives them.
"""

import ctypes
import importlib.util
from importlib.metadata import version
from pathlib import Path

import numpy as np

F32, F16, Q4_0, Q8_0 = 0, 1, 2, 8  # enum ggml_type

_pointer, _size, _float, _int, _long = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_float, ctypes.c_int, ctypes.c_int64)


class _Parameters(ctypes.Structure):
    """ggml_init_params"""

    _fields_ = [("mem_size", _size), ("mem_buffer", _pointer), ("no_alloc", ctypes.c_bool)]


_FUNCTIONS = {
    "ggml_version": (ctypes.c_char_p, []),
    "ggml_tensor_overhead": (_size, []),
    "ggml_graph_overhead": (_size, []),
    "ggml_init": (_pointer, [_Parameters]),
    "ggml_free": (None, [_pointer]),
    "ggml_new_tensor_4d": (_pointer, [_pointer, _int, _long, _long, _long, _long]),
    "ggml_new_graph": (_pointer, [_pointer]),
    "ggml_build_forward_expand": (None, [_pointer, _pointer]),
    "ggml_mul_mat": (_pointer, [_pointer] * 3),
    "ggml_soft_max_ext": (_pointer, [_pointer] * 3 + [_float] * 2),
    "ggml_flash_attn_ext": (_pointer, [_pointer] * 5 + [_float] * 3),
    "ggml_row_size": (_size, [_int, _long]),
    "ggml_quantize_chunk": (_size, [_int, _pointer, _pointer, _long, _long, _long, _pointer]),
    "ggml_get_data": (_pointer, [_pointer]),
    "ggml_nbytes": (_size, [_pointer]),
    "ggml_backend_cpu_init": (_pointer, []),
    "ggml_backend_cpu_set_n_threads": (None, [_pointer, _int]),
    "ggml_backend_alloc_ctx_tensors": (_pointer, [_pointer, _pointer]),
    "ggml_backend_buffer_free": (None, [_pointer]),
    "ggml_backend_tensor_set": (None, [_pointer, _pointer, _size, _size]),
    "ggml_backend_graph_compute": (_int, [_pointer, _pointer]),
}


class Ggml:
    """The library, and one CPU backend of one thread for each of `threads`."""

    def __init__(self, threads):
        folder = Path(importlib.util.find_spec("xllamacpp").origin).parent
        self.library = ctypes.CDLL(str(next(folder.glob("xllamacpp*.so"))))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments
        sets = [
            name
            for name in ("avx2", "avx512", "f16c", "fma", "neon")
            if getattr(self.library, f"ggml_cpu_has_{name}")()
        ]
        self.version = (
            f"ggml {self.library.ggml_version().decode()} of xllamacpp {version('xllamacpp')} ({', '.join(sets)})"
        )
        self.backends = [self.library.ggml_backend_cpu_init() for _ in range(threads)]
        for backend in self.backends:
            self.library.ggml_backend_cpu_set_n_threads(backend, 1)

    def quantized(self, rows, kind):
        """f32 rows [n][d] as ggml stores them in `kind`."""
        count, width = rows.shape
        out = np.zeros(count * self.library.ggml_row_size(kind, width), np.uint8)
        self.library.ggml_quantize_chunk(kind, rows.ctypes.data, out.ctypes.data, 0, count, width, None)
        return out


class Graphs:
    """Graphs over shared inputs: `inputs` is [(type, shape as ggml orders it, array)], `build(library, context,
    tensors)` gives the outputs' tensors, each of which becomes one graph."""

    def __init__(self, ggml, inputs, build):
        self._library = library = ggml.library
        self._backends = ggml.backends
        room = 64 * library.ggml_tensor_overhead() + 8 * library.ggml_graph_overhead()
        self._context = library.ggml_init(_Parameters(room, None, True))
        tensors = [
            library.ggml_new_tensor_4d(self._context, kind, *shape, *[1] * (4 - len(shape)))
            for kind, shape, _ in inputs
        ]
        self._outputs = build(library, self._context, tensors)
        self._graphs = [library.ggml_new_graph(self._context) for _ in self._outputs]
        for graph, output in zip(self._graphs, self._outputs):
            library.ggml_build_forward_expand(graph, output)
        self._buffer = library.ggml_backend_alloc_ctx_tensors(self._context, self._backends[0])
        for tensor, (_, _, array) in zip(tensors, inputs):
            if array.nbytes != library.ggml_nbytes(tensor):
                raise ValueError(
                    f"a ggml tensor takes {library.ggml_nbytes(tensor)} bytes, its array has {array.nbytes}"
                )
            library.ggml_backend_tensor_set(tensor, array.ctypes.data, 0, array.nbytes)

    def compute(self, number, thread):
        if self._library.ggml_backend_graph_compute(self._backends[thread], self._graphs[number]):
            raise RuntimeError("ggml did not compute the graph")
        return self, number

    def result(self, number, shape):
        """The f32 output of a computed graph."""
        address = self._library.ggml_get_data(self._outputs[number])
        count = int(np.prod(shape))
        return np.ctypeslib.as_array((ctypes.c_float * count).from_address(address)).reshape(shape).copy()

    def __del__(self):
        if getattr(self, "_buffer", None):
            self._library.ggml_backend_buffer_free(self._buffer)
            self._library.ggml_free(self._context)
