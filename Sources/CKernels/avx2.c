#include "table.h"

#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "lanes/avx2.h"

#include "kernels.inc"
#pragma clang attribute pop

const fs_kernels fs_avx2 = FS_TABLE("avx2");
#endif
