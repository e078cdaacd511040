"""Records the post-RoPE queries, keys and values of a real model run as a fasa-sim trace."""

__version__ = "0.1.0"
