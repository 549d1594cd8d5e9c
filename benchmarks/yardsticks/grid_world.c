/* Grid-world rollouts of 24-10-9 tanh networks in handwritten C: the yardstick of the compiled engine.

   The same episodes, results and lanes as processing/core: 16 agents side by side in one vector, GROUPS such groups; where a
   rollout ends, the next one starts in its lane. All sizes are constants, all sums stay in registers. Multiply-adds are
   written a * b + c and contracted by the compiler (-ffp-contract=fast); the benchmark asserts that fitness and steps are equal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef GROUPS
#define GROUPS 2
#endif
enum { LANES = 16, IN = 24, HIDDEN = 10, OUT = 9, B1 = IN * HIDDEN, W2 = B1 + HIDDEN, B2 = W2 + HIDDEN * OUT, W = B2 + OUT };
enum { FREE, PRIZE, BLOCKED };
typedef float V __attribute__((vector_size(64)));
typedef int32_t I __attribute__((vector_size(64)));

static inline V pick(I where, V yes, V no) { return (V)(((I)yes & where) | ((I)no & ~where)); }
static inline I pick_int(I where, I yes, I no) { return (yes & where) | (no & ~where); }
static inline V all(float x) { return x - (V){0}; }

/* Four columns of the 16 table rows at `row`, as vectors: 4 x 4 blocks, transposed in registers. Loading whole quarters of
   rows beats gather instructions by 40 ns a step. */
typedef float Q __attribute__((vector_size(16)));
typedef Q Quarter __attribute__((aligned(4)));
static inline V joined(Q a, Q b, Q c, Q d) {
  typedef float H __attribute__((vector_size(32)));
  H ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7), cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
#define EXCHANGE(a, b, p, q, r, s)                                                                                   \
  __builtin_shufflevector(a, b, p, q, r, s, p + 4, q + 4, r + 4, s + 4, p + 8, q + 8, r + 8, s + 8, p + 12, q + 12,   \
                          r + 12, s + 12)
static inline void columns(const float *table, const int32_t *view, int i, V *x) {
#define ROW(l) (*(const Quarter *)(table + view[l] * IN + i))
  V a = joined(ROW(0), ROW(4), ROW(8), ROW(12)), b = joined(ROW(1), ROW(5), ROW(9), ROW(13));
  V c = joined(ROW(2), ROW(6), ROW(10), ROW(14)), d = joined(ROW(3), ROW(7), ROW(11), ROW(15));
#undef ROW
  V low_ab = EXCHANGE(a, b, 0, 16, 1, 17), high_ab = EXCHANGE(a, b, 2, 18, 3, 19);
  V low_cd = EXCHANGE(c, d, 0, 16, 1, 17), high_cd = EXCHANGE(c, d, 2, 18, 3, 19);
  x[0] = EXCHANGE(low_ab, low_cd, 0, 1, 16, 17), x[1] = EXCHANGE(low_ab, low_cd, 2, 3, 18, 19);
  x[2] = EXCHANGE(high_ab, high_cd, 0, 1, 16, 17), x[3] = EXCHANGE(high_ab, high_cd, 2, 3, 18, 19);
}

static inline V tanh_of(V x) {
  V clip = all(7.90531110763549805f);
  x = pick(x > clip, clip, x);
  x = pick(x < -clip, -clip, x);
  V y = x * x;
  V p = y * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = y * p + -8.60467152213735e-11f;
  p = y * p + 5.12229709037114e-08f;
  p = y * p + 1.48572235717979e-05f;
  p = y * p + 6.37261928875436e-04f;
  p = y * p + 4.89352455891786e-03f;
  V q = y * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = y * q + 2.26843463243900e-03f;
  q = y * q + 4.89352518554385e-03f;
  return x * p / q;
}

static inline I act(const V *w, const float *table, const int32_t *view) {
  V x[4], h[HIDDEN], y[OUT];
  for (int j = 0; j < HIDDEN; j++) h[j] = w[B1 + j];
#pragma GCC unroll 6
  for (int i = 0; i < IN; i += 4) {
    columns(table, view, i, x);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
#pragma GCC unroll 10
      for (int j = 0; j < HIDDEN; j++) h[j] = x[k] * w[(i + k) * HIDDEN + j] + h[j];
  }
  for (int j = 0; j < HIDDEN; j++) h[j] = tanh_of(h[j]);
  for (int k = 0; k < OUT; k++) y[k] = w[B2 + k];
#pragma GCC unroll 10
  for (int j = 0; j < HIDDEN; j++)
#pragma GCC unroll 9
    for (int k = 0; k < OUT; k++) y[k] = h[j] * w[W2 + j * OUT + k] + y[k];
  V top = y[0];
  I best = {0};
  for (int k = 1; k < OUT; k++) {
    I more = y[k] > top;
    top = pick(more, y[k], top);
    best = pick_int(more, (I){0} + k, best);
  }
  return best;
}

typedef struct {
  V w[GROUPS][W];
  I action[GROUPS];
  int32_t view[GROUPS][LANES], position[GROUPS][LANES], collected[GROUPS][LANES], left[GROUPS][LANES];
  int64_t owner[GROUPS][LANES], born[GROUPS][LANES], deadline[GROUPS];
  double gain[GROUPS][LANES];
  uint8_t alive[GROUPS][LANES], over[GROUPS][LANES];
  int running[GROUPS];
} State;

/* Rollouts 0..rollouts-1, from tickets that threads share; fitness and steps by rollout. */
void rollout(const float *genomes, int64_t rollouts, const int8_t *cells, const int32_t *goal_of, const int32_t *moves,
             const float *table, const double *rewards, int64_t start, int64_t goals, int64_t words, int64_t size,
             int64_t limit, int64_t *ticket, double *fitness, int32_t *steps) {
  State *s = aligned_alloc(64, (sizeof(State) + 63) / 64 * 64);
  uint64_t *visited = malloc(sizeof(uint64_t) * GROUPS * LANES * words);
  memset(s, 0, sizeof(State));
  for (int g = 0; g < GROUPS; g++)
    for (int l = 0; l < LANES; l++) s->view[g][l] = (int)start;
  int64_t total = 0;
  for (int64_t clock = 0; clock == 0 || total > 0; clock++) {
    for (int g = 0; g < GROUPS; g++) {
      int64_t soonest = clock + 1 + limit;
      if (clock > 0) {
        if (!s->running[g]) continue;
        s->action[g] = act(s->w[g], table, s->view[g]);
        int ended = 0;
        for (int l = 0; l < LANES; l++) {
          if (!s->alive[g][l]) continue;
          int to = s->position[g][l] + moves[s->action[g][l]], kind = cells[to];
          if (kind == BLOCKED) {
            s->over[g][l] = 1, ended++;
            continue;
          }
          s->position[g][l] = to;
          s->view[g][l] = s->collected[g][l] + to;
          uint64_t *word = visited + (g * LANES + l) * words + (to >> 6), bit = (uint64_t)1 << (to & 63);
          if (*word & bit) {
            s->gain[g][l] += rewards[2];
            continue;
          }
          *word |= bit;
          if (kind == FREE) {
            s->gain[g][l] += rewards[0];
            continue;
          }
          s->gain[g][l] += rewards[1];
          s->collected[g][l] += (int)size << goal_of[to];
          s->view[g][l] = s->collected[g][l] + to;
          if (--s->left[g][l] == 0) s->over[g][l] = 1, ended++;
        }
        if (!ended && clock + 1 < s->deadline[g]) continue;
      }
      for (int l = 0; l < LANES; l++) {
        if (s->alive[g][l]) {
          int64_t age = clock + 1 - s->born[g][l];
          if (!s->over[g][l] && age < limit) {
            if (s->born[g][l] + limit < soonest) soonest = s->born[g][l] + limit;
            continue;
          }
          fitness[s->owner[g][l]] = s->gain[g][l];
          steps[s->owner[g][l]] = (int32_t)age;
          s->running[g]--, total--;
        } else if (clock > 0)
          continue;
        s->alive[g][l] = 0;
        int64_t taken = __atomic_fetch_add(ticket, 1, __ATOMIC_RELAXED);
        if (taken >= rollouts) continue;
        s->owner[g][l] = taken, s->born[g][l] = clock + 1, s->alive[g][l] = 1, s->over[g][l] = 0, s->gain[g][l] = 0;
        s->running[g]++, total++;
        s->position[g][l] = (int)start, s->collected[g][l] = 0, s->left[g][l] = (int)goals;
        s->view[g][l] = (int)start;
        memset(visited + (g * LANES + l) * words, 0, sizeof(uint64_t) * words);
        visited[(g * LANES + l) * words + (start >> 6)] = (uint64_t)1 << (start & 63);
        const float *from = genomes + taken * W;
        float *to = (float *)s->w[g] + l;
        for (int k = 0; k < W; k++) to[k * LANES] = from[k];
      }
      s->deadline[g] = soonest;
    }
  }
  free(visited);
  free(s);
}
