// Holds every instruction set that this processor runs to the portable kernels, bit for bit, without Swift: for
// processors that only an emulator stands in for. KernelsTests is the thorough check; this is the same promise
// on other machines. Decode kernels may sum in any order and are held to a tolerance.
#include "CKernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;
static uint64_t state = 42;

static void check(int right, const char *kernel, const char *set, int tokens, int channels) {
  right ? passed++ : failed++;
  if (!right) printf("%s: %s differs from portable at %d tokens, %d channels\n", set, kernel, tokens, channels);
}

static float draw(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (float)((double)(state >> 40) / (1 << 23) - 1);
}

static void *room(size_t floats) {
  void *bytes = calloc(floats + 64, sizeof(float));
  if (!bytes) exit(2);
  return bytes;
}

/// 16-bit values of moderate size, of either format.
static uint16_t *halves(size_t count, fs_element element) {
  uint16_t *out = room(count / 2 + 1);
  for (size_t i = 0; i < count; i++) {
    const float value = draw();
    uint32_t bits;
    memcpy(&bits, &value, 4);
    out[i] = element == FS_BF16 ? bits >> 16
                                : (bits >> 16 & 0x8000) | (0x3000 + (bits >> 13 & 0x3ff)) | ((bits >> 23 & 1) << 10);
  }
  return out;
}

static int close_to(const float *a, const float *b, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (fabsf(a[i] - b[i]) > 1e-3f * (1 + fabsf(b[i]))) return 0;
  return 1;
}

enum { ROWS = 13, HEADS = 5 };

/// Attention in one pass over everything, runs and a list, with and without a soft cap.
static void compare_attention(const fs_kernels *base, const fs_kernels *other, const uint16_t *rows,
                              fs_element element, size_t tokens, size_t channels, const float *queries) {
  const fs_cache cache = {rows, rows, element, channels, channels};
  const fs_range runs[] = {{0, tokens / 3 + 1}, {tokens / 2, tokens}};
  int32_t list[] = {0, (int32_t)tokens / 2, (int32_t)tokens - 1};
  float *out[2], *state[2];
  for (int k = 0; k < 2; k++) out[k] = room(HEADS * channels), state[k] = room(3 * HEADS * (channels + 2));
  for (size_t heads = 1; heads <= HEADS; heads++)
    for (int cap = 0; cap < 2; cap++) {
      for (int k = 0; k < 2; k++) {
        const fs_kernels *kernels = k ? other : base;
        const fs_logits logits = {.2f, cap ? 2 : 0};
        fs_partial parts[2];
        for (int p = 0; p < 2; p++) {
          float *at = state[k] + (size_t)p * HEADS * (channels + 2);
          parts[p] = (fs_partial){at, at + HEADS, at + 2 * HEADS};
        }
        kernels->decode_attend_runs(&cache, runs, 2, queries, heads, logits, parts[0]);
        kernels->decode_attend_tokens(&cache, list, 3, queries, heads, logits, parts[1]);
        kernels->decode_merge(parts, 2, heads, channels, out[k]);
      }
      check(close_to(out[0], out[1], heads * channels), "decode_attend", other->name, (int)tokens, (int)channels);
    }
  for (int k = 0; k < 2; k++) free(out[k]), free(state[k]);
}

/// Low-bit rows, codes and hashes: their sums are of integers, but for codes of more than four bits.
static void compare_codes(const fs_kernels *base, const fs_kernels *other, size_t tokens, size_t width) {
  const size_t row = width + 4, padded = (tokens + 31) / 32 * 32;
  uint8_t *bytes = room((padded * row + 3) / 4), *counts[2], *tables = room(HEADS * (width + 3) * 4);
  int8_t *rounded = room(HEADS * width);
  float *queries = room(HEADS * width * 16), *scores[2], *grouped = room(8 * width * 256);
  float *scales = room(HEADS), *sums = room(HEADS);
  int32_t *chosen[2];
  uint16_t *wanted = room(HEADS * width);
  for (size_t i = 0; i < padded * row; i++) bytes[i] = (uint8_t)(128 + 127 * draw());
  // A scale and an offset of moderate size.
  for (int bits = 2; bits <= 8; bits *= 2)
    for (size_t t = 0, n = width * (size_t)bits / 8; t < tokens; t++) bytes[t * (n + 4) + n + 1] &= 0x3f, bytes[t * (n + 4) + n + 3] &= 0x3f;
  for (size_t i = 0; i < HEADS * width * 16; i++) queries[i] = draw();
  for (size_t i = 0; i < HEADS * width; i++) wanted[i] = (uint16_t)(bytes[i % (padded * row)] * 257);
  for (int k = 0; k < 2; k++) scores[k] = room(HEADS * tokens), counts[k] = room(HEADS * tokens), chosen[k] = room(tokens);
#define BOTH(CALL)                                                                                           \
  for (int k = 0; k < 2; k++) {                                                                              \
    const fs_kernels *kernels = k ? other : base;                                                            \
    CALL;                                                                                                    \
  }
#define CLOSE(KERNEL) check(close_to(scores[1], scores[0], HEADS * tokens), KERNEL, other->name, (int)tokens, (int)width)
  base->decode_round_queries(queries, width, HEADS, rounded, scales, sums);
  for (size_t bits = 2; bits <= 8; bits *= 2) {
    BOTH(kernels->decode_score_lowbit(bytes, bits, width, NULL, tokens, rounded, scales, sums, HEADS, scores[k], tokens))
    CLOSE("decode_score_lowbit");
  }
  base->decode_round_tables(queries, width, HEADS, tables, scales, sums);
  BOTH(kernels->decode_score_nibbles(bytes, width, tokens, tables, scales, sums, HEADS, scores[k], tokens))
  CLOSE("decode_score_nibbles");
  for (size_t i = 0; i < 8 * width * 256; i++) grouped[i] = queries[i % (HEADS * width * 16)];
  BOTH(kernels->decode_score_bytes(bytes, width, 256, tokens, grouped, HEADS, scores[k], tokens))
  CLOSE("decode_score_bytes");
  // The same bytes as buckets of half as many tables.
  const size_t hashes = width / 2 < 255 ? width / 2 : 255;
  BOTH(kernels->decode_match_buckets((const uint16_t *)(const void *)bytes, tokens, hashes, tokens, wanted, HEADS, counts[k], tokens))
  check(memcmp(counts[0], counts[1], HEADS * tokens) == 0, "decode_match_buckets", other->name, (int)tokens, (int)width);
  size_t found[2];
  BOTH(found[k] = kernels->decode_collect(bytes, tokens, 100, chosen[k]))
  check(found[0] == found[1] && memcmp(chosen[0], chosen[1], found[0] * 4) == 0, "decode_collect", other->name, (int)tokens, (int)width);
  BOTH(found[k] = kernels->decode_above(queries, tokens < width ? tokens : width, .3f, chosen[k]))
  check(found[0] == found[1] && memcmp(chosen[0], chosen[1], found[0] * 4) == 0, "decode_above", other->name, (int)tokens, (int)width);
  BOTH(kernels->decode_sum_rows(queries, width, HEADS, tokens < width ? tokens : width, scores[k]))
  BOTH(kernels->decode_accumulate(queries, width, HEADS, tokens < width ? tokens : width, scores[k]))
  CLOSE("decode_accumulate");
  for (int k = 0; k < 2; k++) free(scores[k]), free(counts[k]), free(chosen[k]);
  free(bytes), free(tables), free(rounded), free(queries), free(grouped), free(scales), free(sums), free(wanted);
#undef CLOSE
#undef BOTH
}

static void compare(const fs_kernels *base, const fs_kernels *other, size_t tokens, size_t channels,
                    fs_element element) {
#define SAME(KERNEL, A, B, FLOATS)                                                                           \
  check(memcmp(A, B, (FLOATS) * sizeof(float)) == 0, KERNEL, other->name, (int)tokens, (int)channels)
  const size_t padded = (tokens + 15) / 16 * 16, tiles = (tokens + 255) / 256 * 256;
  const size_t strips = (channels + 15) / 16 * 16, stride = padded + 16;
  uint16_t *rows = halves(tokens * channels, element);
  float *panels[2], *values[2], *scores[2], *out[2], *sums[2], *spare[2];
  int32_t *list = room(channels), *chosen[2];
  uint32_t *scratch = room(3 * tokens + 48);
  for (size_t c = 0; c < channels; c++) list[c] = (int32_t)c;
  float *queries = room(ROWS * channels);
  for (size_t i = 0; i < ROWS * channels; i++) queries[i] = draw();
  fs_range visible[ROWS];
  float offsets[ROWS];
  for (int r = 0; r < ROWS; r++) visible[r] = (fs_range){r % 3 ? 0 : tokens / 2, tokens > 20 ? tokens - r : tokens};
  for (int k = 0; k < 2; k++) {
    const fs_kernels *kernels = k ? other : base;
    panels[k] = room(padded * channels), values[k] = room(tiles * strips), scores[k] = room(ROWS * stride);
    out[k] = room(ROWS * strips), sums[k] = room(ROWS), spare[k] = room(HEADS * (tokens + 64));
    chosen[k] = room(tokens);
    kernels->pack_keys(rows, element, tokens, channels, panels[k]);
    kernels->pack_values(rows, element, tokens, channels, values[k]);
    kernels->score(queries, channels, ROWS, panels[k], channels, list, channels, 0, padded / 16, scores[k], stride);
    for (int r = 0; r < ROWS; r++)
      offsets[r] = kernels->maximum(scores[k] + r * stride + visible[r].start, visible[r].end - visible[r].start);
    kernels->attend(scores[k], stride, ROWS, visible, offsets, .125f, values[k], channels, out[k], strips, sums[k]);
    kernels->exponentials(scores[k], tokens, offsets[1] + 90, 1, spare[k]);
  }
  SAME("pack_keys", panels[0], panels[1], padded * channels);
  SAME("pack_values", values[0], values[1], tiles * strips);
  SAME("score", scores[0], scores[1], ROWS * stride);
  SAME("attend", out[0], out[1], ROWS * strips);
  SAME("attend's sums", sums[0], sums[1], ROWS);
  SAME("exponentials", spare[0], spare[1], tokens);
  for (int k = 0; k < 2; k++) (k ? other : base)->softcap(scores[k], tokens, .125f, 30, spare[k]);
  SAME("softcap", spare[0], spare[1], tokens);
  for (int k = 0; k < 2; k++) {
    // Of the rows after the first, beside what the first one gives.
    float *largest = spare[k], *numbers = spare[k] + tokens;
    memcpy(largest, scores[k], tokens * sizeof(float));
    memset(numbers, 0, tokens * sizeof(float));
    (k ? other : base)->keep_largest(scores[k] + stride, stride, ROWS - 1, tokens, 1, largest, numbers);
  }
  SAME("keep_largest", spare[0], spare[1], 2 * tokens);
  for (size_t k = 1; k <= tokens; k += tokens / 5 + 1) {
    for (int t = 0; t < 2; t++) (t ? other : base)->top_k(scores[t], tokens, k, chosen[t], scratch);
    SAME("top_k", chosen[0], chosen[1], k);
    float total[2];
    for (int t = 0; t < 2; t++) total[t] = (t ? other : base)->gather_attend(spare[t], chosen[t], k, values[t], channels, out[t]);
    SAME("gather_attend", out[0], out[1], strips);
    SAME("gather_attend's sum", total, total + 1, 1);
  }
  for (int k = 0; k < 2; k++) {
    const fs_kernels *kernels = k ? other : base;
    kernels->exponentials(scores[k], tokens, kernels->maximum(scores[k], tokens), .125f, spare[k]);
    kernels->decode_attend_rows(rows, element, tokens, channels, spare[k], tokens, 1, out[k]);
    kernels->decode_score_rows(rows, element, tokens, channels, queries, HEADS, spare[k], tokens + 32);
  }
  check(close_to(out[0], out[1], channels), "decode_attend_rows", other->name, (int)tokens, (int)channels);
  check(close_to(spare[0], spare[1], HEADS * (tokens + 32)), "decode_score_rows", other->name, (int)tokens, (int)channels);
  // The same bytes read as planes.
  const size_t plane = tokens / 32 * 32;
  for (int k = 0; k < 2; k++)
    (k ? other : base)->decode_score_planes(rows, plane, element, plane, queries, channels, HEADS, list, channels - 3, spare[k], tokens + 32);
  check(close_to(spare[0], spare[1], HEADS * (tokens + 32)), "decode_score_planes", other->name, (int)tokens, (int)channels);
  compare_attention(base, other, rows, element, tokens, channels, queries);
  for (int k = 0; k < 2; k++) free(panels[k]), free(values[k]), free(scores[k]), free(out[k]), free(sums[k]), free(spare[k]), free(chosen[k]);
  free(rows), free(list), free(scratch), free(queries);
}

int main(void) {
  static const char *const names[] = {"avx2", "avx512", "neon"};
  static const size_t tokens[] = {1, 15, 257, 300, 2500}, channels[] = {8, 64, 72, 96, 128, 256};
  const fs_kernels *base = fs_kernels_named("portable");
  int sets = 0;
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    const fs_kernels *other = fs_kernels_named(names[n]);
    if (!other) continue;
    sets++;
    for (size_t t = 0; t < sizeof tokens / sizeof *tokens; t++)
      for (size_t c = 0; c < sizeof channels / sizeof *channels; c++) {
        compare_codes(base, other, tokens[t], channels[c]);
        for (int element = FS_F16; element <= FS_BF16; element++)
          compare(base, other, tokens[t], channels[c], (fs_element)element);
      }
    printf("%s held to portable\n", other->name);
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed || !sets;
}
