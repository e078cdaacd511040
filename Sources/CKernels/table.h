#ifndef FASA_TABLE_H
#define FASA_TABLE_H

#include "CKernels.h"

// One table per instruction set; a file that does not apply to the target defines none.
extern const fs_kernels fs_portable;
#if defined(__x86_64__)
extern const fs_kernels fs_avx2;
extern const fs_kernels fs_avx512;
#elif defined(__aarch64__)
extern const fs_kernels fs_neon;
#endif

/// See lane_numbers.c.
extern const uint64_t fs_lane_numbers[256];

#endif
