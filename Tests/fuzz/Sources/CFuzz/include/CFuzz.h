#pragma once

#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer, of the toolchain's `-sanitize=fuzzer`, with a command line of its own kind, on what is defined as `fz_one`.
int fz_run(int argc, char **argv);

/// A nameless file in memory with these bytes, or -1; its name is `/proc/self/fd/N`.
int fz_file(const uint8_t *data, size_t size);
