#if defined(__linux__)
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "CKernels.h"

int fs_memory_file(size_t bytes) {
#if defined(__linux__)
  const int file = memfd_create("fasa-sim", MFD_CLOEXEC);
  if (file < 0) return -1;
  if (ftruncate(file, (off_t)bytes) == 0) return file;
  close(file);
#else
  (void)bytes;
#endif
  return -1;
}
