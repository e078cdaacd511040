"""What Benchmarks/run kernels times: decode kernels, each beside the libraries that do the same work."""
