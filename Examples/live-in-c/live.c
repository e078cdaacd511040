/// Steps two policies over a prompt of random numbers and prints what each did: the least that an engine has to do.
///
///     cc live.c -I ../../Sources/CFasaLive/include -L LIBRARY -lfasalive -lm -o live && LD_LIBRARY_PATH=LIBRARY ./live

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fasa_live.h"

enum { LAYERS = 2, QUERY_HEADS = 4, KV_HEADS = 2, DIM = 16, PROMPT = 512, STEPS = 8, ROWS = 2 };

static float *numbers(size_t count) {
  float *result = malloc(count * sizeof(float));
  for (size_t i = 0; i < count; i++) result[i] = (float)rand() / (float)RAND_MAX - 0.5f;
  return result;
}

static void check(int32_t code, fasa_session *session) {
  if (code == FASA_OK) return;
  fprintf(stderr, "%s\n", fasa_error(session));
  exit(1);
}

int main(void) {
  const char *description =
      "{\"model\": {\"name\": \"random\", \"layers\": 2, \"query_heads\": 4, \"kv_heads\": 2, \"head_dim\": 16,"
      " \"value_dim\": 16, \"scale\": 0.25, \"rope\": {\"pairing\": \"half\", \"base\": 10000, \"rotary_dim\": 16}},"
      " \"rows\": [{\"policy\": \"dense\"}, {\"policy\": \"quest:dense-layers=0\", \"budget\": \"64\"}],"
      " \"prompt\": 512, \"steps\": 8, \"threads\": 1}";
  fasa_session *session = NULL;
  char *error = NULL;
  if (fasa_open(description, &session, &error) != FASA_OK) {
    fprintf(stderr, "%s\n", error);
    fasa_free(error);
    return 1;
  }
  for (uint32_t layer = 0; layer < LAYERS; layer++) {
    float *k = numbers(KV_HEADS * PROMPT * DIM), *v = numbers(KV_HEADS * PROMPT * DIM);
    check(fasa_prompt(session, layer, PROMPT, k, v, 0, NULL, NULL), session);
    free(k);
    free(v);
  }
  double difference = 0, size = 0;
  for (int step = 0; step < STEPS; step++) {
    for (uint32_t layer = 0; layer < LAYERS; layer++) {
      float *q = numbers(ROWS * QUERY_HEADS * DIM), *k = numbers(ROWS * KV_HEADS * DIM);
      float *v = numbers(ROWS * KV_HEADS * DIM), out[ROWS * QUERY_HEADS * DIM];
      // Both rows get the same, so that what differs is the policy's doing.
      for (int i = 0; i < QUERY_HEADS * DIM; i++) q[QUERY_HEADS * DIM + i] = q[i];
      for (int i = 0; i < KV_HEADS * DIM; i++) k[KV_HEADS * DIM + i] = k[i], v[KV_HEADS * DIM + i] = v[i];
      check(fasa_step(session, layer, q, k, v, out), session);
      for (int i = 0; i < QUERY_HEADS * DIM; i++) {
        difference += pow(out[QUERY_HEADS * DIM + i] - out[i], 2);
        size += pow(out[i], 2);
      }
      free(q);
      free(k);
      free(v);
    }
  }
  char *json = NULL;
  check(fasa_results(session, &json), session);
  printf("%s\n", json);
  printf("quest's outputs are %.3f away from dense attention's, relative to their length\n", sqrt(difference / size));
  fasa_free(json);
  fasa_close(session);
  return 0;
}
