/* A library of the interface that answers with what it was given, by which the Python side's calls can be seen. */
#include "fasa_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef ABI
#define ABI 1
#endif

struct fasa_session {
  char description[4096], error[256];
  float prompt[4];
  uint32_t tokens, window;
};

static char *copy(const char *text) { return strdup(text); }

uint32_t fasa_abi(void) { return ABI; }
const char *fasa_version(void) { return "echo"; }
int32_t fasa_policies(char **json) { return *json = copy("[{\"name\": \"dense\", \"uses_budget\": false}]"), FASA_OK; }

int32_t fasa_open(const char *description, fasa_session **session, char **error) {
  if (strstr(description, "\"nonsense\"")) return *error = copy("no policy 'nonsense': see fasa-sim policies"), FASA_INVALID;
  *session = calloc(1, sizeof **session);
  snprintf((*session)->description, sizeof (*session)->description, "%s", description);
  return FASA_OK;
}

/* Remembers the last number of each array. Heads: 2 over 1, 4 channels, values of 3. */
int32_t fasa_prompt(
  fasa_session *s, uint32_t layer, uint32_t tokens, const float *k, const float *v, uint32_t window,
  const float *queries, const float *attention) {
  if (layer > 1) return snprintf(s->error, sizeof s->error, "layer %u: expected 0 or 1", layer), FASA_INVALID;
  s->tokens = tokens, s->window = window;
  s->prompt[0] = k[tokens * 4 - 1], s->prompt[1] = v[tokens * 3 - 1];
  s->prompt[2] = queries ? queries[2 * window * 4 - 1] : -1, s->prompt[3] = attention ? attention[2 * tokens - 1] : -1;
  return FASA_OK;
}

/* Row b's head h gets q's first, k's last and v's last number. */
int32_t fasa_step(fasa_session *s, uint32_t layer, const float *q, const float *k, const float *v, float *out) {
  if (layer > 1) return snprintf(s->error, sizeof s->error, "layer %u out of turn", layer), FASA_OUT_OF_TURN;
  for (int b = 0; b < 2; b++)
    for (int h = 0; h < 2; h++) {
      float *o = out + (b * 2 + h) * 3;
      o[0] = q[(b * 2 + h) * 4], o[1] = k[b * 4 + 3], o[2] = v[b * 3 + 2];
    }
  return FASA_OK;
}

/* The database is the report. */
int32_t fasa_store(const char *database, const char *report, char **error) {
  FILE *file = fopen(database, "w");
  if (!file) return *error = copy("no database can be made there"), FASA_FILE;
  return fputs(report, file) < 0 || fclose(file) ? FASA_FILE : FASA_OK;
}

int32_t fasa_rewind(fasa_session *s) { return s->tokens = 0, FASA_OK; }

int32_t fasa_results(fasa_session *s, char **json) {
  char text[8192];
  snprintf(
    text, sizeof text, "{\"description\": %s, \"prompt\": [%g, %g, %g, %g], \"tokens\": %u, \"window\": %u}",
    s->description, s->prompt[0], s->prompt[1], s->prompt[2], s->prompt[3], s->tokens, s->window);
  return *json = copy(text), FASA_OK;
}

int32_t fasa_replay(const char *request, char **json, char **error) { return *json = copy(request), FASA_OK; }
int32_t fasa_add_policy(const char *name, fasa_own_policy policy, char **error) {
  return *error = copy("this library only answers what it was given"), FASA_INVALID;
}
const char *fasa_error(const fasa_session *s) { return s->error; }
void fasa_free(char *text) { free(text); }
void fasa_close(fasa_session *s) { free(s); }
