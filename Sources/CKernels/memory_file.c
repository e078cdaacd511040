#if defined(__linux__)
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "CKernels.h"

int fs_memory_file(void) {
#if defined(__linux__)
  return memfd_create("fasa-sim", MFD_CLOEXEC);
#else
  return -1;
#endif
}

int fs_memory_lengthen(int file, size_t bytes) {
#if defined(__linux__)
  return ftruncate(file, (off_t)bytes);
#else
  (void)file, (void)bytes;
  return -1;
#endif
}

void *fs_memory_map(int file, size_t offset, size_t bytes, int is_private) {
#if defined(__linux__)
  void *start =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, is_private ? MAP_PRIVATE : MAP_SHARED, file, (off_t)offset);
  return start == MAP_FAILED ? NULL : start;
#else
  (void)file, (void)offset, (void)bytes, (void)is_private;
  return NULL;
#endif
}

void fs_memory_unmap(void *start, size_t bytes) {
#if defined(__linux__)
  munmap(start, bytes);
#else
  (void)start, (void)bytes;
#endif
}

void fs_memory_forget(int file, size_t offset, size_t bytes) {
#if defined(__linux__)
  // Where the file cannot be thinned out its pages stay until the process ends.
  (void)!fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes);
#else
  (void)file, (void)offset, (void)bytes;
#endif
}
