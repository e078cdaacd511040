#define _GNU_SOURCE
#include "CFuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));

int fz_one(const uint8_t *data, size_t size);

/// By this name libFuzzer's own main, which some linkers take, finds it.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fz_one(data, size); }

int fz_run(int argc, char **argv) { return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput); }

int fz_file(const uint8_t *data, size_t size) {
  int file = memfd_create("fuzz", 0);
  if (file < 0) return -1;
  for (size_t done = 0; done < size;) {
    ssize_t count = write(file, data + done, size - done);
    if (count <= 0) {
      close(file);
      return -1;
    }
    done += (size_t)count;
  }
  lseek(file, 0, SEEK_SET);
  return file;
}
