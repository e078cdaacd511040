#ifndef FASA_CKERNELS_H
#define FASA_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// The numeric kernels of fasa-sim, once per instruction set, behind one table.
///
/// Exact kernels fix the order of every floating-point operation by the data's shape alone, so that
/// every table gives the same bits (docs/determinism.md). Decode kernels may sum in any order: they
/// are timed, never scored.
///
/// Layouts, all little-endian, C order, T tokens, d channels:
///   key panels    [ceil(T / 16)][d][16]             f32, lanes are tokens, absent tokens are zero
///   value tiles   [ceil(T / 256)][ceil(dv / 16)][256][16]  f32, lanes are channels, the rest zero
///   key planes    [d][ld]                           16-bit, one row per channel
///   rows          [T][d]                            as a model's cache holds them
///   nibble codes  [ceil(T / 32)][m][16]             byte j: token j's code, and above it token j + 16's
///   byte codes    [ceil(T / 32)][m][32]             byte j: token j's code; zero where the block has no token

enum { FS_PANEL = 16, FS_TILE = 256, FS_CODE_TOKENS = 32 };

typedef enum { FS_F16 = 0, FS_BF16 = 1, FS_F32 = 2 } fs_element;

/// Tokens from `start` up to, not including, `end`.
typedef struct { size_t start, end; } fs_range;

/// One KV head's rows as a decoder holds them: keys [T][channels], values [T][value_channels], f16 or bf16.
typedef struct {
  const uint16_t *keys, *values;
  fs_element element;
  size_t channels, value_channels;
} fs_cache;

/// A logit is the score times `scale`, or, where `cap` is above zero, cap * tanh(score * scale / cap).
typedef struct { float scale, cap; } fs_logits;

/// Softmax attention over part of the tokens, per head: the largest logit, the sum of exp(logit - largest), and the
/// values' sum with those weights, [heads][value_channels].
typedef struct { float *maxima, *sums, *out; } fs_partial;

/// A table is never written after it is compiled, so Swift may share it between threads.
typedef struct __attribute__((swift_attr("@Sendable"))) fs_kernels {
  const char *name;

  // ---- exact ----

  /// Widens `count` stored elements to f32.
  void (*widen)(const void *source, fs_element element, size_t count, float *out);
  /// rows [tokens][channels] → key panels.
  void (*pack_keys)(const void *rows, fs_element element, size_t tokens, size_t channels, float *panels);
  /// rows [tokens][channels] → value tiles.
  void (*pack_values)(const void *rows, fs_element element, size_t tokens, size_t channels, float *tiles);
  /// out[r][t] = fma chain over `channel_list` in its order, from zero, of queries[r][c] * K[t][c], for
  /// the tokens of panels first_panel ..< first_panel + panel_count. out points at token
  /// first_panel * 16 of row 0.
  void (*score)(const float *queries, size_t query_stride, size_t rows, const float *panels, size_t channels,
                const int32_t *channel_list, size_t channel_count, size_t first_panel, size_t panel_count,
                float *out, size_t out_stride);
  /// The largest of `count` > 0 values.
  float (*maximum)(const float *values, size_t count);
  /// Of each of `count` columns of values[rows][stride] the largest value and the number of its row, counted from `first`:
  /// what `largest` and `numbers` hold stays where no row has more, and of equal rows the lower counts. Numbers below 2^24.
  void (*keep_largest)(const float *values, size_t stride, size_t rows, size_t count, size_t first, float *largest,
                       float *numbers);
  /// out[i] = exp((values[i] - offset) * scale), for arguments <= 0; see fs_exp in exact.inc.
  void (*exponentials)(const float *values, size_t count, float offset, float scale, float *out);
  /// out[i] = cap * tanh(values[i] * scale / cap)
  void (*softcap)(const float *values, size_t count, float scale, float cap, float *out);
  /// Softmax attention before its division: with weights w[t] = exp((scores[r][t] - offsets[r]) * scale) of the
  /// tokens that a row sees, out[r][c] = sum of w[t] * V[t][c] (fma) and sums[r] = sum of w[t]; each sum is over
  /// the tiles, ascending, of the chain over a tile's tokens, ascending. out_stride >= 16 * strips.
  void (*attend)(const float *scores, size_t stride, size_t rows, const fs_range *visible,
                 const float *offsets, float scale, const float *tiles, size_t channels, float *out,
                 size_t out_stride, float *sums);
  /// The same sums over an ascending token list with a weight for each of its tokens; out[16 * strips];
  /// returns the weights' sum.
  float (*gather_attend)(const float *weights, const int32_t *tokens, size_t count, const float *tiles,
                         size_t channels, float *out);
  /// Writes the `k` <= count positions of the largest values, ascending; ties go to the lower position.
  /// `scratch` holds 3 * count + 48 32-bit words.
  void (*top_k)(const float *values, size_t count, size_t k, int32_t *out, uint32_t *scratch);

  // ---- decode, timed ----

  /// scores[h][t] = queries[h] . K[t] over token-major 16-bit rows; the heads share one pass.
  void (*decode_score_rows)(const uint16_t *keys, fs_element element, size_t tokens, size_t channels,
                            const float *queries, size_t heads, float *scores, size_t stride);
  /// The same from key planes, plane_stride a multiple of 32, over `channel_list` only. A row of scores has room
  /// for tokens rounded up to 32.
  void (*decode_score_planes)(const uint16_t *planes, size_t plane_stride, fs_element element, size_t tokens,
                              const float *queries, size_t query_stride, size_t heads,
                              const int32_t *channel_list, size_t channel_count, float *scores, size_t stride);
  /// out[h] = weights[h] . V over all tokens, token-major rows, the heads sharing one pass.
  void (*decode_attend_rows)(const uint16_t *values, fs_element element, size_t tokens, size_t channels,
                             const float *weights, size_t stride, size_t heads, float *out);
  /// One pass of attention over the tokens of `runs`, for `heads` queries [heads][channels] together.
  void (*decode_attend_runs)(const fs_cache *cache, const fs_range *runs, size_t run_count, const float *queries,
                             size_t heads, fs_logits logits, fs_partial out);
  /// The same over a list of tokens.
  void (*decode_attend_tokens)(const fs_cache *cache, const int32_t *tokens, size_t count, const float *queries,
                               size_t heads, fs_logits logits, fs_partial out);
  /// out[heads][value_channels] = attention over the tokens of all parts together; zeros where they have none.
  void (*decode_merge)(const fs_partial *parts, size_t count, size_t heads, size_t value_channels, float *out);

  /// Queries [heads][width] rounded to 8 bits: each is about out * scales[head]; sums are of a head's rounded query.
  void (*decode_round_queries)(const float *queries, size_t width, size_t heads, int8_t *out, float *scales,
                               float *sums);
  /// scores[h][i] = the rounded query times row list[i], or row i where there is no list, of `width` codes of 8, 4
  /// or 2 bits: n = width * bits / 8 bytes, of which byte j holds channels j, n + j ... from its lowest bits up, then
  /// scale and offset in f16; a value is offset + scale * code.
  void (*decode_score_lowbit)(const uint8_t *rows, size_t bits, size_t width, const int32_t *list, size_t count,
                              const int8_t *queries, const float *scales, const float *sums, size_t heads,
                              float *scores, size_t stride);

  /// scores[h][i] = queries[h] . K[list[i]] over token-major 16-bit rows.
  void (*decode_score_listed)(const uint16_t *keys, fs_element element, const int32_t *list, size_t count,
                              size_t channels, const float *queries, size_t heads, float *scores, size_t stride);
  /// scores[h][t] = bases[h] + steps[h] * the sum over subspaces of tables[h][m][code], from nibble codes. Tables are
  /// [heads][subspaces rounded up to 4][16], at most 256 subspaces.
  void (*decode_score_nibbles)(const uint8_t *codes, size_t subspaces, size_t tokens, const uint8_t *tables,
                               const float *steps, const float *bases, size_t heads, float *scores, size_t stride);
  /// Tables [heads][subspaces][16] as decode_score_nibbles reads them.
  void (*decode_round_tables)(const float *tables, size_t subspaces, size_t heads, uint8_t *out, float *steps,
                              float *bases);
  /// scores[h][t] = the sum over subspaces of the table's entry, from byte codes below `entries`. Tables are
  /// [ceil(heads / 4)][subspaces][entries][4].
  void (*decode_score_bytes)(const uint8_t *codes, size_t subspaces, size_t entries, size_t tokens,
                             const float *tables, size_t heads, float *scores, size_t stride);
  /// Tables [heads][subspaces][entries] as decode_score_bytes reads them.
  void (*decode_group_tables)(const float *tables, size_t subspaces, size_t entries, size_t heads, float *out);
  /// counts[h][t] = tables in which token t lies in the query's bucket: buckets [tables][bucket_stride], queries
  /// [heads][tables], at most 255 tables.
  void (*decode_match_buckets)(const uint16_t *buckets, size_t bucket_stride, size_t tables, size_t tokens,
                               const uint16_t *queries, size_t heads, uint8_t *counts, size_t stride);
  /// Writes the tokens whose count is at least `least`, ascending; returns how many. `out` holds `tokens`.
  size_t (*decode_collect)(const uint8_t *counts, size_t tokens, uint8_t least, int32_t *out);
  /// out[t] = the sum over heads of rows[h][t].
  void (*decode_sum_rows)(const float *rows, size_t stride, size_t heads, size_t tokens, float *out);
  /// state[t] += the sum over heads of rows[h][t].
  void (*decode_accumulate)(const float *rows, size_t stride, size_t heads, size_t tokens, float *state);
  /// Writes the tokens whose score is at least `least`, ascending; returns how many. `out` holds `tokens`.
  size_t (*decode_above)(const float *scores, size_t tokens, float least, int32_t *out);
  /// Writes the fewest tokens of largest weight exp(scale * score) that have `share` of all weight, equal ones
  /// together, ascending; returns how many. `out` holds `tokens` > 0, `scratch` 2 * tokens + 32 floats.
  size_t (*decode_top_p)(const float *scores, size_t tokens, float scale, float share, int32_t *out, float *scratch);

  // ---- the machine ----

  /// A read of `bytes` (a multiple of 256) that the compiler cannot drop: measures bandwidth.
  uint64_t (*read_all)(const void *data, size_t bytes);
  /// As many multiply-adds as registers allow, `rounds` times; returns the operations done, two a multiply-add.
  uint64_t (*multiply_adds)(size_t rounds, float *out);
} fs_kernels;

/// The table of an instruction set ("portable", "avx2", "avx512", "neon"), or NULL where it was not
/// compiled in or this processor lacks it.
const fs_kernels *fs_kernels_named(const char *name);

/// The fastest table this processor can run, or the one that the environment variable FASA_SIM_ISA names, where it can run that.
const fs_kernels *fs_kernels_best(void);

/// A nameless, empty file in memory, parts of which may be mapped more than once; -1 where the system has none.
int fs_memory_file(void);

/// Makes the file so long; not 0 where that fails. It must never become shorter: what is mapped beyond its end cannot be touched.
int fs_memory_lengthen(int file, size_t bytes);

/// Maps a part of it, at a multiple of the page size: shared, or private, where what is written is seen by this mapping alone. NULL
/// where the system maps no more.
void *fs_memory_map(int file, size_t offset, size_t bytes, int is_private);

void fs_memory_unmap(void *start, size_t bytes);

/// Gives the memory of a part back that nobody maps any more.
void fs_memory_forget(int file, size_t offset, size_t bytes);

#endif
