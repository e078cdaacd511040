// Sixteen lanes of AVX-512.
#include <immintrin.h>

#define LANES 16
// 12 rows x 2 vectors = 24 chains: a broadcast query serves two products, so that two loads a cycle keep two FMA
// ports busy, and 32 registers hold 24 sums, 2 keys and the query.
#define BLOCK_ROWS 12
#define BLOCK_PANELS 2
// While rows are summed too: 8 rows x 2 vectors and 8 sums.
#define SUM_ROWS 8
// Rows scored, and vectors of channels summed, for so many heads at once.
#define SHARED_ROWS(heads) 4
#define SHARED_WIDTH(heads) ((heads) == 1 ? 8 : 4)
#define LONE_ROWS SHARED_ROWS
#define LONE_WIDTH SHARED_WIDTH

typedef __m512 vf;

static inline vf v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
static inline vf v_all(float a) { return _mm512_set1_ps(a); }
static inline float v_first(vf a) { return _mm512_cvtss_f32(a); }
static inline vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
/// `magnitude` >= 0 with the sign of a.
static inline vf v_with_sign_of(vf magnitude, vf a) {
  return _mm512_or_ps(magnitude, _mm512_and_ps(a, _mm512_set1_ps(-0.0f)));
}
static inline vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf v_zero_below(vf x, vf limit, vf a) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_GE_OQ), a);
}
/// `then` where a > b, else `otherwise`.
static inline vf v_where_above(vf a, vf b, vf then, vf otherwise) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), otherwise, then);
}
static inline vf v_scale_by_exponent(vf a, vf shifted) {
  const __m512i n = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), n));
}
static inline float v_reduce_max(vf a) { return _mm512_reduce_max_ps(a); }
static inline vf v_load_f16(const uint16_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
static inline vf v_load_bf16(const uint16_t *p) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
static inline __m256 v_halves(vf a) {
  return _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
}
/// out[0...3] = the sums over lanes of a, b, c and d, in any order.
static inline void v_store_sums(float *out, vf a, vf b, vf c, vf d) {
  const __m256 low = _mm256_hadd_ps(v_halves(a), v_halves(b)), high = _mm256_hadd_ps(v_halves(c), v_halves(d));
  const __m256 sums = _mm256_hadd_ps(low, high);
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1)));
}
/// The first `count` < LANES values, the rest zero; nothing past them is touched.
static inline __mmask16 v_first_lanes(size_t count) { return (__mmask16)((1u << count) - 1); }
static inline vf v_load_part(const float *p, size_t count) { return _mm512_maskz_loadu_ps(v_first_lanes(count), p); }
static inline void v_store_part(float *p, vf a, size_t count) { _mm512_mask_storeu_ps(p, v_first_lanes(count), a); }
static inline vf v_load_f16_part(const uint16_t *p, size_t count) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(v_first_lanes(count), p));
}
static inline vf v_load_bf16_part(const uint16_t *p, size_t count) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(v_first_lanes(count), p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

/// Lanes in which a >= b, as bits.
static inline unsigned v_mask_at_least(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
/// Writes the lanes of `mask` side by side; what it writes beyond them, up to LANES, is of no meaning.
static inline void v_compress(float *out, vf a, unsigned mask) {
  _mm512_storeu_ps(out, _mm512_maskz_compress_ps((__mmask16)mask, a));
}

typedef __m512i vi;
static inline vi vi_load(const int32_t *p) { return _mm512_loadu_si512(p); }
static inline vi vi_from(int32_t first) {
  const __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_add_epi32(_mm512_set1_epi32(first), numbers);
}
static inline void vi_compress(int32_t *out, vi a, unsigned mask) {
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi32((__mmask16)mask, a));
}
static inline unsigned mask_count(unsigned mask) { return (unsigned)__builtin_popcount(mask); }

/// LANES integers as floats, and the lower and upper halves of LANES words as f16 values.
static inline vf v_from_ints(const int32_t *p) { return _mm512_cvtepi32_ps(vi_load(p)); }
static inline vf v_low_halves(const uint32_t *p) {
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_loadu_si512(p)));
}
static inline vf v_high_halves(const uint32_t *p) {
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_loadu_si512(p), 16)));
}

// Bytes: sixteen of each of BYTE_ROWS rows, a row in every 128-bit part.
#define BYTE_ROWS 4
typedef __m512i vb;
typedef __m512i vw;
typedef __m512i vq;
/// Part l is of rows[l * step].
static inline vb vb_load_rows(const uint8_t *const *rows, size_t step, size_t at) {
  __m512i all = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(rows[0] + at)));
  all = _mm512_inserti32x4(all, _mm_loadu_si128((const __m128i *)(rows[step] + at)), 1);
  all = _mm512_inserti32x4(all, _mm_loadu_si128((const __m128i *)(rows[2 * step] + at)), 2);
  return _mm512_inserti32x4(all, _mm_loadu_si128((const __m128i *)(rows[3 * step] + at)), 3);
}
static inline vb vb_same(const void *p) { return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)p)); }
#define vb_codes(a, shift, mask) _mm512_and_si512(_mm512_srli_epi16(a, shift), _mm512_set1_epi8(mask))
static inline vw vw_zero(void) { return _mm512_setzero_si512(); }
/// Adds products of unsigned and signed bytes: 16-bit sums, of which none may exceed 32767.
static inline vw vw_add_products(vw sum, vb codes, vb query) {
  return _mm512_add_epi16(sum, _mm512_maddubs_epi16(codes, query));
}
static inline vq vq_zero(void) { return _mm512_setzero_si512(); }
static inline vq vq_add_sums(vq sum, vw a) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(a, _mm512_set1_epi16(1)));
}
/// Adds products of sixteen unsigned bytes and `query`, sixteen 16-bit numbers.
static inline vq vq_add_products(vq sum, vb codes, const int16_t *query) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i low = _mm512_madd_epi16(_mm512_unpacklo_epi8(codes, zero), vb_same(query));
  return _mm512_add_epi32(_mm512_add_epi32(sum, low),
                          _mm512_madd_epi16(_mm512_unpackhi_epi8(codes, zero), vb_same(query + 8)));
}
/// out[4 * l + ...] = the sums over part l of a, b, c and d.
static inline void vq_store_sums(int32_t *out, vq a, vq b, vq c, vq d) {
  const __m512i low = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  const __m512i high = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
  _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high)));
}

/// BYTE_ROWS times sixteen bytes side by side; or `rows` < BYTE_ROWS times, and zeros.
static inline vb vb_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
static inline vb vb_load_some(const uint8_t *p, size_t rows) {
  return _mm512_maskz_loadu_epi64((__mmask8)((1u << 2 * rows) - 1), p);
}
/// Of each part, the bytes of `table` that `codes` < 16 number.
static inline vb vb_lookup(vb table, vb codes) { return _mm512_shuffle_epi8(table, codes); }

/// Sums of bytes of sixteen tokens, apart for each part: of all pairs, modulo 2^16, and of the odd ones.
typedef struct { vw pairs, odd; } byte_sums;
static inline void bytes_clear(byte_sums *sums) { sums->pairs = sums->odd = vw_zero(); }
static inline void bytes_add(byte_sums *sums, vb a) {
  sums->pairs = _mm512_add_epi16(sums->pairs, a);
  sums->odd = _mm512_add_epi16(sums->odd, _mm512_srli_epi16(a, 8));
}
/// Sixteen sums over all parts.
static inline void bytes_store(uint16_t *out, const byte_sums *sums) {
  const vw even = _mm512_sub_epi16(sums->pairs, _mm512_slli_epi16(sums->odd, 8));
  const __m256i even_halves = _mm256_add_epi16(_mm512_castsi512_si256(even), _mm512_extracti64x4_epi64(even, 1));
  const __m256i odd_halves =
      _mm256_add_epi16(_mm512_castsi512_si256(sums->odd), _mm512_extracti64x4_epi64(sums->odd, 1));
  const __m128i e = _mm_add_epi16(_mm256_castsi256_si128(even_halves), _mm256_extracti128_si256(even_halves, 1));
  const __m128i o = _mm_add_epi16(_mm256_castsi256_si128(odd_halves), _mm256_extracti128_si256(odd_halves, 1));
  _mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi16(e, o));
  _mm_storeu_si128((__m128i *)(out + 8), _mm_unpackhi_epi16(e, o));
}
/// LANES 16-bit numbers as floats.
static inline vf v_from_words(const uint16_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)));
}

// Words: WORD_LANES 16-bit numbers.
#define WORD_LANES 32
static inline vw vw_load(const uint16_t *p) { return _mm512_loadu_si512(p); }
static inline vw vw_all(uint16_t a) { return _mm512_set1_epi16((short)a); }
/// Adds one where a and b are equal.
static inline vw vw_count_equal(vw sum, vw a, vw b) {
  return _mm512_mask_add_epi16(sum, _mm512_cmpeq_epi16_mask(a, b), sum, _mm512_set1_epi16(1));
}
/// Adds WORD_LANES counts to bytes, or, `begins`, puts them there.
static inline void vw_add_to_bytes(uint8_t *bytes, vw a, int begins) {
  const __m256i packed = _mm512_cvtepi16_epi8(a);
  const __m256i old = begins ? _mm256_setzero_si256() : _mm256_loadu_si256((const __m256i *)bytes);
  _mm256_storeu_si256((__m256i *)bytes, _mm256_add_epi8(old, packed));
}
/// Of LANES bytes, those that are at least `least`, as bits.
static inline unsigned mask_bytes_at_least(const uint8_t *p, uint8_t least) {
  return _mm_cmpge_epu8_mask(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8((char)least));
}
