#include "table.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static int has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#endif

const fs_kernels *fs_kernels_named(const char *name) {
  if (strcmp(name, fs_portable.name) == 0) return &fs_portable;
#if defined(__x86_64__)
  if (strcmp(name, fs_avx2.name) == 0) return has_avx2() ? &fs_avx2 : NULL;
  if (strcmp(name, fs_avx512.name) == 0) return has_avx512() ? &fs_avx512 : NULL;
#elif defined(__aarch64__)
  if (strcmp(name, fs_neon.name) == 0) return &fs_neon;
#endif
  return NULL;
}

const fs_kernels *fs_kernels_best(void) {
  const char *asked = getenv("FASA_SIM_ISA");
  const fs_kernels *named = asked ? fs_kernels_named(asked) : NULL;
  if (named) return named;
#if defined(__x86_64__)
  if (has_avx512()) return &fs_avx512;
  if (has_avx2()) return &fs_avx2;
#elif defined(__aarch64__)
  return &fs_neon;
#endif
  return &fs_portable;
}
