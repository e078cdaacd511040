/// Policies inside a live model: sessions whose rows are configurations over a shared prompt, stepped by an engine.
///
/// An engine computes a prompt once, with full attention, hands over its keys and values, and then steps a batch. The batch
/// has a row for each configuration; each row has a cache of its own that goes on from the shared prompt. At every layer of a
/// step the engine gives the new tokens' queries, keys and values, and gets back what the row's policy makes of them, by
/// the very code that replays traces.
///
///     fasa_open(description, &session, &error);
///     for each layer: fasa_prompt(session, layer, tokens, k, v, window, queries, attention);
///     for each step, for each layer in ascending order: fasa_step(session, layer, q, k, v, out);
///     fasa_results(session, &json);
///     fasa_close(session);
///
/// Arrays are 32-bit floats without gaps; the last index runs fastest. H query heads, G KV heads, d channels of a query or
/// key, dv of a value, B rows. Queries and keys are rotated already. Query head h reads KV head h / (H / G).
///
/// A function that returns int32_t returns 0, or a negative number where it refused: `fasa_error` then says in one line what
/// was expected and found, and what to do; nothing has changed. Texts are UTF-8. A session is for one thread at a time;
/// it computes on as many threads as its description says.
#ifndef FASA_LIVE_H
#define FASA_LIVE_H

#include <stdint.h>

// Null is answered with an error wherever it is not allowed.
#ifdef __clang__
#define FASA_NULLABLE _Nullable
#else
#define FASA_NULLABLE
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fasa_session fasa_session;

/// Why a call was refused.
enum {
  FASA_OK = 0,
  /// An argument, or a field of a description, is not what it must be.
  FASA_INVALID = -1,
  /// The call does not come where it may: a step before all layers have their prompt, a layer out of turn.
  FASA_OUT_OF_TURN = -2,
  /// A policy cannot run so: it lacks a profile or a window, or chooses for more than a step at a time.
  FASA_UNFIT = -3,
  /// Scores or outputs are beyond 32-bit floats.
  FASA_OVERFLOW = -4,
  /// A file could not be read or written.
  FASA_FILE = -5,
};

/// Grows by one whenever a function here changes.
uint32_t fasa_abi(void);

/// Of the project; not to be freed.
const char *FASA_NULLABLE fasa_version(void);

/// Every policy with its parameters, as JSON, to be freed with `fasa_free`.
int32_t fasa_policies(char *FASA_NULLABLE *FASA_NULLABLE json);

/// Opens a session.
///
/// - Parameters:
///   - description: a JSON object:
///
///         {"model": {"name": "SmolLM2", "layers": 30, "query_heads": 9, "kv_heads": 3, "head_dim": 64, "value_dim": 64,
///                    "scale": 0.125, "logit_softcap": null, "sliding_window": null,
///                    "rope": {"pairing": "half", "base": 100000, "rotary_dim": 64}},
///          "element": "f16",
///          "rows": [{"policy": "dense"}, {"policy": "fasa", "budget": "256"}],
///          "prompt": 4096, "steps": 128, "threads": 2, "profile": null, "seed": 0, "open_loop": true}
///
///     `scale` is what scores are multiplied by before softmax, `element` the type of the engine's cache, which bytes are
///     counted in; `prompt` the prompt's tokens; `steps` the most decode steps; `open_loop` whether every policy is asked
///     about row 0's inputs too. Layers that differ have lists with an entry for each: "layer_windows" beside
///     "sliding_window", "layer_bases" and "layer_frequencies" beside the rope's "base". Row 0 is what the others are held
///     against: dense, as a rule.
///   - session: set where 0 is returned.
///   - error: set where it is not, to be freed with `fasa_free`.
int32_t fasa_open(
  const char *FASA_NULLABLE description, fasa_session *FASA_NULLABLE *FASA_NULLABLE session,
  char *FASA_NULLABLE *FASA_NULLABLE error);

/// The prompt of one layer, computed with full attention; layers in any order, each once.
///
/// - Parameters:
///   - tokens: as many as were described.
///   - k: `[G][tokens][d]`
///   - v: `[G][tokens][dv]`
///   - window: how many of the prompt's last queries are given; 0 for none.
///   - queries: `[H][window][d]`, or null.
///   - attention: `[H][tokens]`, attention to each token summed over all queries of the prompt, or null.
int32_t fasa_prompt(
  fasa_session *FASA_NULLABLE session, uint32_t layer, uint32_t tokens, const float *FASA_NULLABLE k,
  const float *FASA_NULLABLE v, uint32_t window, const float *FASA_NULLABLE queries,
  const float *FASA_NULLABLE attention);

/// One layer of one decode step of all rows; layers in ascending order, from 0 again at the next step.
///
/// - Parameters:
///   - q: `[B][H][d]`
///   - k: `[B][G][d]`
///   - v: `[B][G][dv]`
///   - out: gets `[B][H][dv]`.
int32_t fasa_step(
  fasa_session *FASA_NULLABLE session, uint32_t layer, const float *FASA_NULLABLE q,
  const float *FASA_NULLABLE k, const float *FASA_NULLABLE v, float *FASA_NULLABLE out);

/// Back to the end of the prompt: caches, policies and results as they were before the first step.
int32_t fasa_rewind(fasa_session *FASA_NULLABLE session);

/// What every row did since the prompt, as JSON, to be freed with `fasa_free`; between two steps only.
///
///     {"steps": 128, "rows": [{"policy": "fasa", "budget": "256", "label": "fasa @ 256", "calls": 3840,
///       "own": {"recall": 0.93, "mass": 0.97, "output_error": 0.1, "weighted_output_error": 0.05, ...},
///       "open_loop": {...}, "by_step": {"own": {"recall": [..], ...}, "open_loop": {..}}, "by_layer": {..},
///       "read_bytes": 1234567, "choices": "sha-256 of all token sets"}, ...]}
///
/// `calls` counts the layers and steps at which the policy ran; `own` is measured on the row's own caches, `open_loop` on
/// row 0's. A metric that is undefined is null.
int32_t fasa_results(fasa_session *FASA_NULLABLE session, char *FASA_NULLABLE *FASA_NULLABLE json);

/// Replays a trace file and gives a row per configuration, as JSON, to be freed with `fasa_free`.
///
/// - Parameter request: a JSON object: `{"trace": "t.zst", "policies": ["fasa", "quest:page=32"], "budgets": ["256"],
///   "layers": null, "profile": null, "seed": 0, "threads": 2}`.
///
/// The answer is
///
///     {"trace": "t.zst", "steps": 128, "notes": [..], "rows": [{"policy": "fasa", "budget": "256", "label": "fasa @ 256",
///       "metrics": {"recall": 0.93, ...}, "read_bytes": 1234567, "dense_read_bytes": 7654321, "choices": "sha-256"}, ...]}
int32_t fasa_replay(
  const char *FASA_NULLABLE request, char *FASA_NULLABLE *FASA_NULLABLE json,
  char *FASA_NULLABLE *FASA_NULLABLE error);

/// Stores what a live model's run gave in a database of results, which `fasa-sim` reads; a file that is not there is made. What is
/// there already is left as it is, but for new keys of a passkey run.
///
/// - Parameters:
///   - database: a path.
///   - report: a JSON object: what `fasa-live run --json` prints, whose "task" is "text"; or one whose "task" is "passkey", with
///     "engine", "model", "settings" and "library" as there, and "rows", each with "keys":
///
///         {"policy": "fasa", "budget": "64", "label": "fasa @ 64", "keys": [{"length": 2048, "depth": 0.5, "number": 0,
///           "seed": 0, "key": "12345", "context_tokens": 2031, "found": true, "nll": 0.1, "kl": 0.02}, ...]}
///   - error: set where 0 is not returned, to be freed with `fasa_free`.
int32_t fasa_store(
  const char *FASA_NULLABLE database, const char *FASA_NULLABLE report, char *FASA_NULLABLE *FASA_NULLABLE error);

/// What a policy's object is made for: one KV head of one layer, of one row.
typedef struct fasa_group {
  uint32_t layer, kv_head;
  /// Of those that read the KV head.
  uint32_t first_query_head, query_heads;
  uint32_t head_dim, value_dim;
  uint32_t prompt_tokens;
  /// Of the model.
  uint32_t kv_heads, layers;
  /// What scores are multiplied by before softmax.
  float scale;
} fasa_group;

/// One decode step of one KV head; arrays are valid during the call only.
typedef struct fasa_question {
  /// The step, from 0, and its query's place in the text, which sees tokens `first_visible`…`position`.
  uint32_t step, position, first_visible;
  /// How many tokens each query head may choose, at most.
  uint32_t budget;
  /// `[query_heads][head_dim]`, rotated.
  const float *FASA_NULLABLE queries;
  /// `[position + 1][head_dim]`, rotated.
  const float *FASA_NULLABLE keys;
  /// `[position + 1][value_dim]`
  const float *FASA_NULLABLE values;
} fasa_question;

/// A policy of the caller's own, in functions that may be called from any of the library's threads, for each state by one at
/// a time.
typedef struct fasa_own_policy {
  /// Handed to `begin`; valid as long as the process.
  void *FASA_NULLABLE context;
  /// What the policy is to remember of one KV head. Null is an error.
  void *FASA_NULLABLE (*FASA_NULLABLE begin)(void *FASA_NULLABLE context, const fasa_group *FASA_NULLABLE group);
  /// Chooses for one step; steps come in order. `counts` is `[query_heads]`; `tokens` is
  /// `[query_heads][position + 1 - first_visible]`, each head's ascending, from 1 to `budget` of them. Returns 0, or else
  /// what ends the replay or session with an error.
  int32_t (*FASA_NULLABLE choose)(
    void *FASA_NULLABLE state, const fasa_question *FASA_NULLABLE question, uint32_t *FASA_NULLABLE counts,
    uint32_t *FASA_NULLABLE tokens);
  /// Ends what `begin` began.
  void (*FASA_NULLABLE end)(void *FASA_NULLABLE state);
} fasa_own_policy;

/// Adds a policy, by whose name sessions that are opened and replays that are asked for from now on find it; one that was
/// added by the same name is replaced. What it reads is not known, so that bytes are those of the chosen tokens alone.
///
/// - Parameters:
///   - name: of small letters, digits and hyphens, and of no policy of the library.
///   - error: set where 0 is not returned, to be freed with `fasa_free`.
int32_t fasa_add_policy(
  const char *FASA_NULLABLE name, fasa_own_policy policy, char *FASA_NULLABLE *FASA_NULLABLE error);

/// One line about the last call that was refused; valid until the next call.
const char *FASA_NULLABLE fasa_error(const fasa_session *FASA_NULLABLE session);

/// Frees what a function here gave out; null is allowed.
void fasa_free(char *FASA_NULLABLE text);

/// Ends a session; null is allowed.
void fasa_close(fasa_session *FASA_NULLABLE session);

#ifdef __cplusplus
}
#endif

#endif
