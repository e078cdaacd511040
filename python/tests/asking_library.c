/* A library of the interface that asks one policy of a caller's own, from a thread of its own, about numbers that are known:
   layer 3 of 6, KV head 1 of 2 with the query heads 2 and 3, 4 channels, values of 3; two steps at positions 5 and 6 of which
   the tokens from 1 on are visible, with a budget of 3. Query n is 1000 + n, key n is n, value n is 100 + n. */
#include "fasa_live.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADS = 2, DIM = 4, VALUE_DIM = 3, FIRST = 1, PROMPT = 5, STEPS = 2 };

static fasa_own_policy added;
static char added_name[64];

struct fasa_session {
  void *state;
  char error[256];
};

static char *copy(const char *text) { return strdup(text); }

uint32_t fasa_abi(void) { return ABI; }
const char *fasa_version(void) { return "asking"; }
int32_t fasa_policies(char **json) { return *json = copy("[]"), FASA_OK; }

int32_t fasa_add_policy(const char *name, fasa_own_policy policy, char **error) {
  if (!strcmp(name, "dense")) return *error = copy("policy 'dense': expected a name that is not the library's"), FASA_INVALID;
  added = policy;
  snprintf(added_name, sizeof added_name, "%s", name);
  return FASA_OK;
}

static void *begin(void) {
  fasa_group group = {3, 1, 2, HEADS, DIM, VALUE_DIM, PROMPT, 2, 6, 0.5f};
  return added.begin(added.context, &group);
}

static float *numbers(int first, int count) {
  float *made = malloc(count * sizeof *made);
  for (int i = 0; i < count; i++) made[i] = first + i;
  return made;
}

struct asked {
  void *state;
  int step, code;
  uint32_t counts[HEADS], tokens[HEADS * (PROMPT + STEPS)];
};

static void *ask_here(void *given) {
  struct asked *a = given;
  int tokens = PROMPT + a->step + 1;
  float *q = numbers(1000, HEADS * DIM), *k = numbers(0, tokens * DIM), *v = numbers(100, tokens * VALUE_DIM);
  fasa_question question = {a->step, tokens - 1, FIRST, 3, q, k, v};
  a->code = added.choose(a->state, &question, a->counts, a->tokens);
  free(q), free(k), free(v);
  return NULL;
}

static struct asked ask(void *state, int step) {
  struct asked a = {state, step};
  pthread_t thread;
  pthread_create(&thread, NULL, ask_here, &a);
  pthread_join(thread, NULL);
  return a;
}

/* The tokens of each step and query head. */
int32_t fasa_replay(const char *request, char **json, char **error) {
  char text[4096], *to = text;
  void *state = begin();
  if (!state) return asprintf(error, "policy '%s': it could not begin", added_name), FASA_UNFIT;
  to += sprintf(to, "{\"tokens\": [");
  for (int step = 0; step < STEPS; step++) {
    struct asked a = ask(state, step);
    if (a.code) return added.end(state), asprintf(error, "a policy: expected a choice, found 'error %d'", a.code), FASA_UNFIT;
    for (int head = 0, width = PROMPT + step + 1 - FIRST; head < HEADS; head++) {
      to += sprintf(to, "%s[", step + head ? ", " : "");
      for (uint32_t i = 0; i < a.counts[head]; i++) to += sprintf(to, "%s%u", i ? ", " : "", a.tokens[head * width + i]);
      to += sprintf(to, "]");
    }
  }
  added.end(state);
  sprintf(to, "]}");
  return *json = copy(text), FASA_OK;
}

int32_t fasa_open(const char *description, fasa_session **session, char **error) {
  void *state = begin();
  if (!state) return asprintf(error, "rows[0]: policy '%s': it could not begin", added_name), FASA_UNFIT;
  *session = calloc(1, sizeof **session);
  (*session)->state = state;
  return FASA_OK;
}

int32_t fasa_step(fasa_session *s, uint32_t layer, const float *q, const float *k, const float *v, float *out) {
  struct asked a = ask(s->state, 0);
  if (a.code) return snprintf(s->error, sizeof s->error, "found 'error %d'", a.code), FASA_UNFIT;
  out[0] = a.tokens[0];
  return FASA_OK;
}

int32_t fasa_prompt(
  fasa_session *s, uint32_t layer, uint32_t tokens, const float *k, const float *v, uint32_t window,
  const float *queries, const float *attention) {
  return FASA_OK;
}
int32_t fasa_store(const char *database, const char *report, char **error) { return FASA_OK; }
int32_t fasa_rewind(fasa_session *s) { return FASA_OK; }
int32_t fasa_results(fasa_session *s, char **json) { return *json = copy("{}"), FASA_OK; }
const char *fasa_error(const fasa_session *s) { return s->error; }
void fasa_free(char *text) { free(text); }
void fasa_close(fasa_session *s) { added.end(s->state), free(s); }
