/* Rollouts in handwritten C: the yardstick of the compiled engine. One environment and one kind of network, chosen by macros, with
   their sizes as constants; the same episodes, results and lanes as processing/core: 16 agents side by side, GROUPS such groups; where
   a rollout ends, the next one starts in its lane. The benchmark asserts that returns and steps are equal. */
#include "lanes.h"
#include ENVIRONMENT
#include NETWORK

typedef struct {
  Environment environment;
  Network network;
  int64_t owner[LANES], born[LANES], deadline;
  unsigned alive;
} Group;

/* Rollouts 0..rollouts-1, one of each agent, from tickets that threads share; returns and steps by rollout. `starts` is the prefix of
   the keys of their initial states. */
void rollout(const Genomes *genomes, int64_t rollouts, uint64_t starts, int64_t limit, int64_t *ticket, double *returns,
             int32_t *steps) {
  Group *groups = aligned_alloc(64, sizeof(Group) * GROUPS);
  memset(groups, 0, sizeof(Group) * GROUPS);
  for (int g = 0; g < GROUPS; g++) prepare(&groups[g].network, genomes);
  unsigned running = 1;
  for (int64_t clock = -1; running; clock++) {
    running = 0;
    for (int g = 0; g < GROUPS; g++) {
      Group *s = groups + g;
      unsigned fallen = 0;
      if (clock >= 0) {
        if (!s->alive) continue;
        V x[SEEN], y[OUTPUTS];
        see(&s->environment, x);
        act(&s->network, x, y);
        fallen = step(&s->environment, y) & s->alive;
        if (!fallen && clock + 1 < s->deadline) {
          running |= s->alive;
          continue;
        }
      }
      s->deadline = clock + 1 + limit;
      for (int l = 0; l < LANES; l++) {
        if (s->alive >> l & 1) {
          int64_t age = clock + 1 - s->born[l];
          if (!(fallen >> l & 1) && age < limit) {
            if (s->born[l] + limit < s->deadline) s->deadline = s->born[l] + limit;
            continue;
          }
          returns[s->owner[l]] = (double)age;
          steps[s->owner[l]] = (int32_t)age;
          s->alive &= ~(1u << l);
        } else if (clock >= 0)
          continue;
        int64_t taken = __atomic_fetch_add(ticket, 1, __ATOMIC_RELAXED);
        if (taken >= rollouts) continue;
        s->owner[l] = taken, s->born[l] = clock + 1, s->alive |= 1u << l;
        start(&s->environment, l, episode_key(starts, COMMON ? 0 : (uint64_t)taken, 0));
        take(&s->network, genomes, taken, l);
      }
      running |= s->alive;
    }
  }
  for (int g = 0; g < GROUPS; g++) release(&groups[g].network);
  free(groups);
}
