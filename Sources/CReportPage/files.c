#include "CReportPage.h"

#include <string.h>

// Clang embeds files in any version of C, and says that this is C23's.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page_html[] = {
#embed "page/page.html"
};
static const unsigned char page_css[] = {
#embed "page/page.css"
};
static const unsigned char data_js[] = {
#embed "page/data.js"
};
static const unsigned char view_js[] = {
#embed "page/view.js"
};
static const unsigned char opening_js[] = {
#embed "page/opening.js"
};
static const unsigned char draw_js[] = {
#embed "page/draw.js"
};
static const unsigned char charts_js[] = {
#embed "page/charts.js"
};
static const unsigned char machines_js[] = {
#embed "page/machines.js"
};
static const unsigned char tables_js[] = {
#embed "page/tables.js"
};
static const unsigned char provenance_js[] = {
#embed "page/provenance.js"
};
static const unsigned char live_js[] = {
#embed "page/live.js"
};
static const unsigned char controls_js[] = {
#embed "page/controls.js"
};
static const unsigned char charts_quality_json[] = {
#embed "page/charts/quality.json"
};
static const unsigned char charts_time_json[] = {
#embed "page/charts/time.json"
};
static const unsigned char charts_heat_json[] = {
#embed "page/charts/heat.json"
};
static const unsigned char charts_bytes_json[] = {
#embed "page/charts/bytes.json"
};
static const unsigned char charts_roofline_json[] = {
#embed "page/charts/roofline.json"
};
static const unsigned char charts_crossover_json[] = {
#embed "page/charts/crossover.json"
};
static const unsigned char charts_live_json[] = {
#embed "page/charts/live.json"
};
static const unsigned char vega_min_js_gz[] = {
#embed "vendor/vega.min.js.gz"
};
static const unsigned char LICENSES_txt[] = {
#embed "vendor/LICENSES.txt"
};

#define FILE_NAMED(name, bytes) {name, bytes, sizeof bytes}

static const struct report_page_file files[] = {
  FILE_NAMED("page.html", page_html),
  FILE_NAMED("page.css", page_css),
  FILE_NAMED("data.js", data_js),
  FILE_NAMED("view.js", view_js),
  FILE_NAMED("opening.js", opening_js),
  FILE_NAMED("draw.js", draw_js),
  FILE_NAMED("charts.js", charts_js),
  FILE_NAMED("machines.js", machines_js),
  FILE_NAMED("tables.js", tables_js),
  FILE_NAMED("provenance.js", provenance_js),
  FILE_NAMED("live.js", live_js),
  FILE_NAMED("controls.js", controls_js),
  FILE_NAMED("charts/quality.json", charts_quality_json),
  FILE_NAMED("charts/time.json", charts_time_json),
  FILE_NAMED("charts/heat.json", charts_heat_json),
  FILE_NAMED("charts/bytes.json", charts_bytes_json),
  FILE_NAMED("charts/roofline.json", charts_roofline_json),
  FILE_NAMED("charts/crossover.json", charts_crossover_json),
  FILE_NAMED("charts/live.json", charts_live_json),
  FILE_NAMED("vega.min.js.gz", vega_min_js_gz),
  FILE_NAMED("LICENSES.txt", LICENSES_txt),
};

const struct report_page_file *report_page_file_at(size_t place) {
  return place < sizeof files / sizeof files[0] ? &files[place] : NULL;
}

const struct report_page_file *report_page_file(const char *name) {
  for (size_t place = 0; place < sizeof files / sizeof files[0]; place++) {
    if (strcmp(files[place].name, name) == 0) return &files[place];
  }
  return NULL;
}
