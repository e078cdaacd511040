"""Sweeps on many machines: one task of Dask's for each unit, a shard each, one merge."""
