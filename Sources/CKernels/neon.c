#include "table.h"

#if defined(__aarch64__)
#include <math.h>
#include <string.h>

#include "lanes/neon.h"

#include "kernels.inc"

const fs_kernels fs_neon = FS_TABLE("neon");
#endif
