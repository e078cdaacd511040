// Eight lanes of AVX2 + FMA + F16C.
#include <immintrin.h>

#define LANES 8
// 6 rows x 2 vectors = 12 chains: 2 FMA ports x 4 cycles of latency need 8, and 16 registers
// hold 12 sums, 2 keys and a broadcast query.
#define BLOCK_ROWS 6
#define BLOCK_PANELS 1
// While rows are summed too: 4 rows x 2 vectors and 4 sums.
#define SUM_ROWS 4
// Rows scored, and vectors of channels summed, for so many heads at once: sums enough for the latency of two
// multiply-adds a cycle, and few enough that sixteen registers hold them beside their factors. SHARED in attention of
// one pass, LONE in a kernel that does nothing else.
#define SHARED_ROWS(heads) ((heads) < 3 ? 4 : (heads) == 3 ? 3 : 2)
#define SHARED_WIDTH(heads) ((heads) == 1 ? 8 : (heads) == 2 ? 4 : (heads) == 3 ? 3 : 2)
#define LONE_ROWS(heads) ((heads) < 4 ? 4 : 3)
#define LONE_WIDTH(heads) ((heads) == 1 ? 8 : (heads) == 2 ? 4 : 3)

typedef __m256 vf;

static inline vf v_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
static inline vf v_all(float a) { return _mm256_set1_ps(a); }
static inline float v_first(vf a) { return _mm256_cvtss_f32(a); }
static inline vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf v_div(vf a, vf b) { return _mm256_div_ps(a, b); }
/// `magnitude` >= 0 with the sign of a.
static inline vf v_with_sign_of(vf magnitude, vf a) {
  return _mm256_or_ps(magnitude, _mm256_and_ps(a, _mm256_set1_ps(-0.0f)));
}
static inline vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf v_zero_below(vf x, vf limit, vf a) {
  return _mm256_andnot_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ), a);
}
/// `then` where a > b, else `otherwise`.
static inline vf v_where_above(vf a, vf b, vf then, vf otherwise) {
  return _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
}
static inline vf v_scale_by_exponent(vf a, vf shifted) {
  const __m256i n = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), n));
}
static inline float v_reduce_max(vf a) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
static inline vf v_load_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
static inline vf v_load_bf16(const uint16_t *p) {
  const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
/// out[0...3] = the sums over lanes of a, b, c and d, in any order.
static inline void v_store_sums(float *out, vf a, vf b, vf c, vf d) {
  const __m256 sums = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1)));
}
#include "parts.h"

/// Lanes in which a >= b, as bits.
static inline unsigned v_mask_at_least(vf a, vf b) {
  return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ));
}
/// For a mask, the numbers of its lanes in order: its bits are spread to bytes, which pick from 0...7.
static inline __m256i lanes_of(unsigned mask) {
  // BMI2's pdep and pext would do this, but are slow before Zen 3: a table of 2 KiB is fast everywhere.
  return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)fs_lane_numbers[mask]));
}
/// Writes the lanes of `mask` side by side; what it writes beyond them, up to LANES, is of no meaning.
static inline void v_compress(float *out, vf a, unsigned mask) {
  _mm256_storeu_ps(out, _mm256_permutevar8x32_ps(a, lanes_of(mask)));
}

typedef __m256i vi;
static inline vi vi_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline vi vi_from(int32_t first) {
  return _mm256_add_epi32(_mm256_set1_epi32(first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline void vi_compress(int32_t *out, vi a, unsigned mask) {
  _mm256_storeu_si256((__m256i *)out, _mm256_permutevar8x32_epi32(a, lanes_of(mask)));
}
static inline unsigned mask_count(unsigned mask) { return (unsigned)__builtin_popcount(mask); }

/// LANES integers as floats, and the lower and upper halves of LANES words as f16 values.
static inline vf v_from_ints(const int32_t *p) { return _mm256_cvtepi32_ps(vi_load(p)); }
static inline vf v_low_halves(const uint32_t *p) {
  const __m256i low = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)p), _mm256_set1_epi32(0xffff));
  return _mm256_cvtph_ps(_mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1)));
}
static inline vf v_high_halves(const uint32_t *p) {
  const __m256i high = _mm256_srli_epi32(_mm256_loadu_si256((const __m256i *)p), 16);
  return _mm256_cvtph_ps(_mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1)));
}

// Bytes: sixteen of each of BYTE_ROWS rows, a row in every 128-bit part.
#define BYTE_ROWS 2
typedef __m256i vb;
typedef __m256i vw;
typedef __m256i vq;
/// Part l is of rows[l * step].
static inline vb vb_load_rows(const uint8_t *const *rows, size_t step, size_t at) {
  const __m128i low = _mm_loadu_si128((const __m128i *)(rows[0] + at));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), _mm_loadu_si128((const __m128i *)(rows[step] + at)), 1);
}
static inline vb vb_same(const void *p) { return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p)); }
#define vb_codes(a, shift, mask) _mm256_and_si256(_mm256_srli_epi16(a, shift), _mm256_set1_epi8(mask))
static inline vw vw_zero(void) { return _mm256_setzero_si256(); }
/// Adds products of unsigned and signed bytes: 16-bit sums, of which none may exceed 32767.
static inline vw vw_add_products(vw sum, vb codes, vb query) {
  return _mm256_add_epi16(sum, _mm256_maddubs_epi16(codes, query));
}
static inline vq vq_zero(void) { return _mm256_setzero_si256(); }
static inline vq vq_add_sums(vq sum, vw a) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, _mm256_set1_epi16(1)));
}
/// Adds products of sixteen unsigned bytes and `query`, sixteen 16-bit numbers.
static inline vq vq_add_products(vq sum, vb codes, const int16_t *query) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi8(codes, zero), vb_same(query));
  return _mm256_add_epi32(_mm256_add_epi32(sum, low),
                          _mm256_madd_epi16(_mm256_unpackhi_epi8(codes, zero), vb_same(query + 8)));
}
/// out[4 * l + ...] = the sums over part l of a, b, c and d.
static inline void vq_store_sums(int32_t *out, vq a, vq b, vq c, vq d) {
  const __m256i sums = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  _mm256_storeu_si256((__m256i *)out, sums);
}

/// BYTE_ROWS times sixteen bytes side by side; or `rows` < BYTE_ROWS times, and zeros.
static inline vb vb_load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline vb vb_load_some(const uint8_t *p, size_t rows) {
  (void)rows;
  return _mm256_inserti128_si256(_mm256_setzero_si256(), _mm_loadu_si128((const __m128i *)p), 0);
}
/// Of each part, the bytes of `table` that `codes` < 16 number.
static inline vb vb_lookup(vb table, vb codes) { return _mm256_shuffle_epi8(table, codes); }

/// Sums of bytes of sixteen tokens, apart for each part: of all pairs, modulo 2^16, and of the odd ones.
typedef struct { vw pairs, odd; } byte_sums;
static inline void bytes_clear(byte_sums *sums) { sums->pairs = sums->odd = vw_zero(); }
static inline void bytes_add(byte_sums *sums, vb a) {
  sums->pairs = _mm256_add_epi16(sums->pairs, a);
  sums->odd = _mm256_add_epi16(sums->odd, _mm256_srli_epi16(a, 8));
}
/// Sixteen sums over all parts.
static inline void bytes_store(uint16_t *out, const byte_sums *sums) {
  const vw even = _mm256_sub_epi16(sums->pairs, _mm256_slli_epi16(sums->odd, 8));
  const __m128i e = _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
  const __m128i o = _mm_add_epi16(_mm256_castsi256_si128(sums->odd), _mm256_extracti128_si256(sums->odd, 1));
  _mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi16(e, o));
  _mm_storeu_si128((__m128i *)(out + 8), _mm_unpackhi_epi16(e, o));
}
/// LANES 16-bit numbers as floats.
static inline vf v_from_words(const uint16_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)));
}

// Words: WORD_LANES 16-bit numbers.
#define WORD_LANES 16
static inline vw vw_load(const uint16_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline vw vw_all(uint16_t a) { return _mm256_set1_epi16((short)a); }
/// Adds one where a and b are equal.
static inline vw vw_count_equal(vw sum, vw a, vw b) { return _mm256_sub_epi16(sum, _mm256_cmpeq_epi16(a, b)); }
/// Adds WORD_LANES counts to bytes, or, `begins`, puts them there.
static inline void vw_add_to_bytes(uint8_t *bytes, vw a, int begins) {
  const __m128i packed = _mm_packus_epi16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  const __m128i old = begins ? _mm_setzero_si128() : _mm_loadu_si128((const __m128i *)bytes);
  _mm_storeu_si128((__m128i *)bytes, _mm_add_epi8(old, packed));
}
/// Of LANES bytes, those that are at least `least`, as bits.
static inline unsigned mask_bytes_at_least(const uint8_t *p, uint8_t least) {
  const __m128i a = _mm_loadl_epi64((const __m128i *)p);
  const __m128i is_least = _mm_cmpeq_epi8(_mm_max_epu8(a, _mm_set1_epi8((char)least)), a);
  return (unsigned)_mm_movemask_epi8(is_least) & 0xff;
}
