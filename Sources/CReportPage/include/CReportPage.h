#ifndef FASA_SIM_REPORT_PAGE_H
#define FASA_SIM_REPORT_PAGE_H

#include <stddef.h>

/// A file of a report's page, compiled into the program so that its binary needs nothing beside it. UTF-8 without a final NUL, but for
/// what is compressed, whose name ends in .gz.
struct report_page_file {
  const char *name;
  const unsigned char *bytes;
  size_t count;
};

/// The file of that name, or NULL.
const struct report_page_file *report_page_file(const char *name);

/// The file at a place from 0 on, or NULL beyond the last.
const struct report_page_file *report_page_file_at(size_t place);

#endif
