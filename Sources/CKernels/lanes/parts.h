// Parts of a vector, through full-width copies, for instruction sets without masked loads and stores.

/// The first `count` < LANES values, the rest zero; nothing past them is touched.
static inline vf v_load_part(const float *p, size_t count) {
  float lanes[LANES] = {0};
  memcpy(lanes, p, count * sizeof(float));
  return v_load(lanes);
}
static inline void v_store_part(float *p, vf a, size_t count) {
  float lanes[LANES];
  v_store(lanes, a);
  memcpy(p, lanes, count * sizeof(float));
}
static inline vf v_load_f16_part(const uint16_t *p, size_t count) {
  uint16_t lanes[LANES] = {0};
  memcpy(lanes, p, count * sizeof(uint16_t));
  return v_load_f16(lanes);
}
static inline vf v_load_bf16_part(const uint16_t *p, size_t count) {
  uint16_t lanes[LANES] = {0};
  memcpy(lanes, p, count * sizeof(uint16_t));
  return v_load_bf16(lanes);
}
