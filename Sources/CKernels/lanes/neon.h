// Four lanes of AArch64 NEON.
#include <arm_neon.h>

#define LANES 4
// 6 rows x 4 vectors = 24 chains: 4 FMA ports x 4 cycles of latency need 16, and 32 registers hold 24 sums, 4 keys
// and a query.
#define BLOCK_ROWS 6
#define BLOCK_PANELS 1
// While rows are summed too: 4 rows x 4 vectors and 4 sums.
#define SUM_ROWS 4
// Rows scored, and vectors of channels summed, for so many heads at once.
#define SHARED_ROWS(heads) 4
#define SHARED_WIDTH(heads) ((heads) == 1 ? 8 : 4)
#define LONE_ROWS SHARED_ROWS
#define LONE_WIDTH SHARED_WIDTH

typedef float32x4_t vf;

static inline vf v_load(const float *p) { return vld1q_f32(p); }
static inline void v_store(float *p, vf a) { vst1q_f32(p, a); }
static inline vf v_all(float a) { return vdupq_n_f32(a); }
static inline float v_first(vf a) { return vgetq_lane_f32(a, 0); }
static inline vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
static inline vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
static inline vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
static inline vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
static inline vf v_div(vf a, vf b) { return vdivq_f32(a, b); }
/// `magnitude` with the sign of a.
static inline vf v_with_sign_of(vf magnitude, vf a) {
  return vbslq_f32(vdupq_n_u32(0x80000000), a, magnitude);
}
static inline vf v_max(vf a, vf b) { return vmaxq_f32(a, b); }
static inline vf v_zero_below(vf x, vf limit, vf a) {
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(a), vcltq_f32(x, limit)));
}
/// `then` where a > b, else `otherwise`.
static inline vf v_where_above(vf a, vf b, vf then, vf otherwise) {
  return vbslq_f32(vcgtq_f32(a, b), then, otherwise);
}
static inline vf v_scale_by_exponent(vf a, vf shifted) {
  const uint32x4_t n = vshlq_n_u32(vreinterpretq_u32_f32(shifted), 23);
  return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(a), n));
}
static inline float v_reduce_max(vf a) { return vmaxvq_f32(a); }
static inline vf v_load_f16(const uint16_t *p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline vf v_load_bf16(const uint16_t *p) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
/// out[0...3] = the sums over lanes of a, b, c and d, in any order.
static inline void v_store_sums(float *out, vf a, vf b, vf c, vf d) {
  vst1q_f32(out, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
}
#include "parts.h"

/// Lanes in which a >= b, as bits.
static inline unsigned v_mask_at_least(vf a, vf b) {
  const uint32x4_t bits = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32(vcgeq_f32(a, b), bits));
}
/// Writes the lanes of `mask` side by side; what it writes beyond them, up to LANES, is of no meaning.
static inline void v_compress(float *out, vf a, unsigned mask) {
  float lanes[4];
  vst1q_f32(lanes, a);
  for (unsigned lane = 0, place = 0; lane < 4; place += mask >> lane & 1, lane++) out[place] = lanes[lane];
}

typedef int32x4_t vi;
static inline vi vi_load(const int32_t *p) { return vld1q_s32(p); }
static inline vi vi_from(int32_t first) {
  const int32x4_t numbers = {0, 1, 2, 3};
  return vaddq_s32(vdupq_n_s32(first), numbers);
}
static inline void vi_compress(int32_t *out, vi a, unsigned mask) {
  int32_t lanes[4];
  vst1q_s32(lanes, a);
  for (unsigned lane = 0, place = 0; lane < 4; place += mask >> lane & 1, lane++) out[place] = lanes[lane];
}
static inline unsigned mask_count(unsigned mask) { return (unsigned)__builtin_popcount(mask); }

/// LANES integers as floats, and the lower and upper halves of LANES words as f16 values.
static inline vf v_from_ints(const int32_t *p) { return vcvtq_f32_s32(vld1q_s32(p)); }
static inline vf v_low_halves(const uint32_t *p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(vld1q_u32(p))));
}
static inline vf v_high_halves(const uint32_t *p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vshrn_n_u32(vld1q_u32(p), 16)));
}

// Bytes: sixteen of each of BYTE_ROWS rows.
#define BYTE_ROWS 1
typedef uint8x16_t vb;
typedef int16x8_t vw;
typedef int32x4_t vq;
static inline vb vb_load_rows(const uint8_t *const *rows, size_t step, size_t at) {
  (void)step;
  return vld1q_u8(rows[0] + at);
}
static inline vb vb_same(const void *p) { return vld1q_u8(p); }
#define vb_codes(a, shift, mask) vandq_u8(vshlq_u8(a, vdupq_n_s8(-(shift))), vdupq_n_u8(mask))
static inline vw vw_zero(void) { return vdupq_n_s16(0); }
/// Adds products of bytes below 128 and signed bytes: 16-bit sums, of which none may exceed 32767.
static inline vw vw_add_products(vw sum, vb codes, vb query) {
  const int8x16_t a = vreinterpretq_s8_u8(codes), b = vreinterpretq_s8_u8(query);
  return vmlal_high_s8(vmlal_s8(sum, vget_low_s8(a), vget_low_s8(b)), a, b);
}
static inline vq vq_zero(void) { return vdupq_n_s32(0); }
static inline vq vq_add_sums(vq sum, vw a) { return vpadalq_s16(sum, a); }
/// Adds products of sixteen unsigned bytes and `query`, sixteen 16-bit numbers.
static inline vq vq_add_products(vq sum, vb codes, const int16_t *query) {
  const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(codes)));
  const int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(codes));
  const int16x8_t a = vld1q_s16(query), b = vld1q_s16(query + 8);
  sum = vmlal_high_s16(vmlal_s16(sum, vget_low_s16(low), vget_low_s16(a)), low, a);
  return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(high), vget_low_s16(b)), high, b);
}
/// out[0...3] = the sums of a, b, c and d.
static inline void vq_store_sums(int32_t *out, vq a, vq b, vq c, vq d) {
  vst1q_s32(out, vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)));
}

/// Sixteen bytes; BYTE_ROWS is 1, so that none are left over.
static inline vb vb_load(const uint8_t *p) { return vld1q_u8(p); }
static inline vb vb_load_some(const uint8_t *p, size_t rows) {
  (void)rows;
  return vld1q_u8(p);
}
/// The bytes of `table` that `codes` < 16 number.
static inline vb vb_lookup(vb table, vb codes) { return vqtbl1q_u8(table, codes); }

/// Sums of bytes of sixteen tokens.
typedef struct { uint16x8_t low, high; } byte_sums;
static inline void bytes_clear(byte_sums *sums) { sums->low = sums->high = vdupq_n_u16(0); }
static inline void bytes_add(byte_sums *sums, vb a) {
  sums->low = vaddw_u8(sums->low, vget_low_u8(a));
  sums->high = vaddw_high_u8(sums->high, a);
}
static inline void bytes_store(uint16_t *out, const byte_sums *sums) {
  vst1q_u16(out, sums->low);
  vst1q_u16(out + 8, sums->high);
}
/// LANES 16-bit numbers as floats.
static inline vf v_from_words(const uint16_t *p) { return vcvtq_f32_u32(vmovl_u16(vld1_u16(p))); }

// Words: WORD_LANES 16-bit numbers.
#define WORD_LANES 8
static inline vw vw_load(const uint16_t *p) { return vreinterpretq_s16_u16(vld1q_u16(p)); }
static inline vw vw_all(uint16_t a) { return vdupq_n_s16((int16_t)a); }
/// Adds one where a and b are equal.
static inline vw vw_count_equal(vw sum, vw a, vw b) { return vsubq_s16(sum, vreinterpretq_s16_u16(vceqq_s16(a, b))); }
/// Adds WORD_LANES counts to bytes, or, `begins`, puts them there.
static inline void vw_add_to_bytes(uint8_t *bytes, vw a, int begins) {
  const uint8x8_t packed = vmovn_u16(vreinterpretq_u16_s16(a));
  vst1_u8(bytes, begins ? packed : vadd_u8(vld1_u8(bytes), packed));
}
/// Of LANES bytes, those that are at least `least`, as bits.
static inline unsigned mask_bytes_at_least(const uint8_t *p, uint8_t least) {
  unsigned mask = 0;
  for (unsigned lane = 0; lane < LANES; lane++) mask |= (unsigned)(p[lane] >= least) << lane;
  return mask;
}
