#pragma once

#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer, of the toolchain's `-sanitize=fuzzer`, with a command line of its own kind.
int fz_run(int argc, char **argv, int (*one)(const uint8_t *data, size_t size));

/// A nameless file in memory with these bytes, or -1; its name is `/proc/self/fd/N`.
int fz_file(const uint8_t *data, size_t size);
