#include "table.h"

#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)
#include "lanes/avx512.h"

#include "kernels.inc"
#pragma clang attribute pop

const fs_kernels fs_avx512 = FS_TABLE("avx512");
#endif
