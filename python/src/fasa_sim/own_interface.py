"""What the library and a policy of one's own tell each other: the header's structures and functions."""

from __future__ import annotations

import ctypes as c


class Group(c.Structure):
    """``fasa_group``."""

    _fields_ = (
        *(
            (name, c.c_uint32)
            for name in (
                "layer",
                "kv_head",
                "first_query_head",
                "query_heads",
                "head_dim",
                "value_dim",
                "prompt_tokens",
                "kv_heads",
                "layers",
            )
        ),
        ("scale", c.c_float),
    )


class Question(c.Structure):
    """``fasa_question``, its arrays as addresses."""

    _fields_ = (
        *((name, c.c_uint32) for name in ("step", "position", "first_visible", "budget")),
        *((name, c.c_void_p) for name in ("queries", "keys", "values")),
    )


BEGIN = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.POINTER(Group))
# Counts and tokens, which are to be written, as addresses.
CHOOSE = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(Question), c.c_void_p, c.c_void_p)
END = c.CFUNCTYPE(None, c.c_void_p)


class Policy(c.Structure):
    """``fasa_own_policy``."""

    _fields_ = (("context", c.c_void_p), ("begin", BEGIN), ("choose", CHOOSE), ("end", END))
