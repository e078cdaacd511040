"""How fast this machine is by programs that are not ours: what the roofline itself is held against.

The peaks that `bench` measures are of kernels of the project. Were they all built without optimisation, every share would be as before.
"""

import hashlib
import time

BYTES = 128 << 20
HASHED = 4 << 20
REPEATS = 5


def least_seconds(work) -> float:
    """Of processor time of this thread, so that what else runs counts for little."""
    taken = []
    for _ in range(REPEATS):
        begun = time.thread_time()
        work()
        taken.append(time.thread_time() - begun)
    return min(taken)


def copied() -> float:
    """Seconds a byte that the C library copies from memory to memory."""
    source, target = bytearray(BYTES), bytearray(BYTES)
    # Pages are there once they are written to.
    source[::4096] = target[::4096] = b"1" * (BYTES // 4096)
    one, other = memoryview(source), memoryview(target)

    def copy():
        other[:] = one

    return least_seconds(copy) / BYTES


def hashed() -> float:
    """Seconds a byte of OpenSSL's SHA-256."""
    content = bytes(HASHED)
    return least_seconds(lambda: hashlib.sha256(content).digest()) / HASHED
