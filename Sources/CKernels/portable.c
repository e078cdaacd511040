#include "table.h"

#include "lanes/portable.h"

#include "kernels.inc"

const fs_kernels fs_portable = FS_TABLE("portable");
