// One lane, in standard C. fmaf is exactly rounded whatever the hardware, so a lane here
// equals a lane of any vector unit; where the target lacks the instruction it is a slow library call.
#include <math.h>
#include <string.h>

#define LANES 1
#define BLOCK_ROWS 4
#define BLOCK_PANELS 1
#define SUM_ROWS 4
// Rows scored, and vectors of channels summed, for so many heads at once.
#define SHARED_ROWS(heads) 4
#define SHARED_WIDTH(heads) ((heads) == 1 ? 8 : 4)
#define LONE_ROWS SHARED_ROWS
#define LONE_WIDTH SHARED_WIDTH

typedef float vf;

static inline vf v_load(const float *p) { return *p; }
static inline void v_store(float *p, vf a) { *p = a; }
static inline vf v_all(float a) { return a; }
static inline float v_first(vf a) { return a; }
static inline vf v_add(vf a, vf b) { return a + b; }
static inline vf v_sub(vf a, vf b) { return a - b; }
static inline vf v_mul(vf a, vf b) { return a * b; }
static inline vf v_fma(vf a, vf b, vf c) { return fmaf(a, b, c); }
static inline vf v_div(vf a, vf b) { return a / b; }
static inline vf v_with_sign_of(vf magnitude, vf a) { return copysignf(magnitude, a); }
static inline vf v_max(vf a, vf b) { return a > b ? a : b; }
static inline vf v_zero_below(vf x, vf limit, vf a) { return x < limit ? 0.0f : a; }
/// `then` where a > b, else `otherwise`.
static inline vf v_where_above(vf a, vf b, vf then, vf otherwise) { return a > b ? then : otherwise; }

/// a * 2^n, n in the low bits of `shifted` (see fs_exp).
static inline vf v_scale_by_exponent(vf a, vf shifted) {
  uint32_t bits, n;
  memcpy(&bits, &a, 4);
  memcpy(&n, &shifted, 4);
  bits += n << 23;
  memcpy(&a, &bits, 4);
  return a;
}

static inline float v_reduce_max(vf a) { return a; }

static inline float widen_f16(uint16_t h) {
  const uint32_t sign = (uint32_t)(h & 0x8000) << 16;
  const uint32_t magnitude = h & 0x7fff;
  uint32_t bits;
  float result;
  if (magnitude >= 0x7c00) {
    // A NaN turns quiet, as in vector units.
    bits = sign | 0x7f800000 | (uint32_t)(magnitude > 0x7c00) << 22 | (magnitude & 0x3ff) << 13;
  } else if (magnitude >= 0x0400) {
    bits = sign | ((magnitude << 13) + 0x38000000);
  } else {
    result = (float)magnitude * 0x1p-24f;
    memcpy(&bits, &result, 4);
    bits |= sign;
  }
  memcpy(&result, &bits, 4);
  return result;
}

static inline vf v_load_f16(const uint16_t *p) { return widen_f16(*p); }
static inline vf v_load_bf16(const uint16_t *p) {
  const uint32_t bits = (uint32_t)*p << 16;
  float result;
  memcpy(&result, &bits, 4);
  return result;
}
/// out[0...3] = the sums over lanes of a, b, c and d, in any order.
static inline void v_store_sums(float *out, vf a, vf b, vf c, vf d) {
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}
#include "parts.h"

/// Lanes in which a >= b, as bits.
static inline unsigned v_mask_at_least(vf a, vf b) { return a >= b; }
/// Writes the lanes of `mask` side by side; what it writes beyond them, up to LANES, is of no meaning.
static inline void v_compress(float *out, vf a, unsigned mask) {
  (void)mask;
  *out = a;
}

typedef int32_t vi;
static inline vi vi_load(const int32_t *p) { return *p; }
static inline vi vi_from(int32_t first) { return first; }
static inline void vi_compress(int32_t *out, vi a, unsigned mask) {
  (void)mask;
  *out = a;
}
static inline unsigned mask_count(unsigned mask) { return mask; }

static inline vf v_from_ints(const int32_t *p) { return (float)*p; }
/// The lower and upper half of a word as f16 values.
static inline vf v_low_halves(const uint32_t *p) { return widen_f16((uint16_t)*p); }
static inline vf v_high_halves(const uint32_t *p) { return widen_f16((uint16_t)(*p >> 16)); }

// Bytes: sixteen of a row, and sums of all.
#define BYTE_ROWS 1
typedef struct { uint8_t byte[16]; } vb;
typedef int32_t vw;
typedef int32_t vq;
static inline vb vb_same(const void *p) {
  vb bytes;
  memcpy(&bytes, p, sizeof bytes);
  return bytes;
}
static inline vb vb_load_rows(const uint8_t *const *rows, size_t step, size_t at) {
  (void)step;
  return vb_same(rows[0] + at);
}
static inline vb vb_codes(vb a, int shift, int mask) {
  for (int i = 0; i < 16; i++) a.byte[i] = (uint8_t)(a.byte[i] >> shift & mask);
  return a;
}
static inline vw vw_zero(void) { return 0; }
static inline vw vw_add_products(vw sum, vb codes, vb query) {
  for (int i = 0; i < 16; i++) sum += codes.byte[i] * (int8_t)query.byte[i];
  return sum;
}
static inline vq vq_zero(void) { return 0; }
static inline vq vq_add_sums(vq sum, vw a) { return sum + a; }
static inline vq vq_add_products(vq sum, vb codes, const int16_t *query) {
  for (int i = 0; i < 16; i++) sum += codes.byte[i] * query[i];
  return sum;
}
static inline void vq_store_sums(int32_t *out, vq a, vq b, vq c, vq d) {
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

static inline vb vb_load(const uint8_t *p) { return vb_same(p); }
static inline vb vb_load_some(const uint8_t *p, size_t rows) {
  (void)rows;
  return vb_same(p);
}
/// The bytes of `table` that `codes` < 16 number.
static inline vb vb_lookup(vb table, vb codes) {
  for (int i = 0; i < 16; i++) codes.byte[i] = table.byte[codes.byte[i]];
  return codes;
}

/// Sums of bytes of sixteen tokens.
typedef struct { uint16_t sum[16]; } byte_sums;
static inline void bytes_clear(byte_sums *sums) { memset(sums, 0, sizeof *sums); }
static inline void bytes_add(byte_sums *sums, vb a) {
  for (int i = 0; i < 16; i++) sums->sum[i] = (uint16_t)(sums->sum[i] + a.byte[i]);
}
static inline void bytes_store(uint16_t *out, const byte_sums *sums) { memcpy(out, sums, sizeof *sums); }
static inline vf v_from_words(const uint16_t *p) { return *p; }

// Words: one 16-bit number.
#define WORD_LANES 1
static inline vw vw_load(const uint16_t *p) { return *p; }
static inline vw vw_all(uint16_t a) { return a; }
/// Adds one where a and b are equal.
static inline vw vw_count_equal(vw sum, vw a, vw b) { return sum + (a == b); }
/// Adds a count to a byte, or, `begins`, puts it there.
static inline void vw_add_to_bytes(uint8_t *bytes, vw a, int begins) { *bytes = (uint8_t)((begins ? 0 : *bytes) + a); }
static inline unsigned mask_bytes_at_least(const uint8_t *p, uint8_t least) { return *p >= least; }
