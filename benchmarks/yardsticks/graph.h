/* Graphs in lanes: SEEN inputs and a bias of 1, OUTPUTS outputs, one activation, nodes in an order in which they can be computed,
   or (PASSES) each from what the others were one pass before.

   Sums have the order that processing/core/genomes/graph_program.py gives them. Nodes lie at the end of the list of positions, so
   that the outputs of all lanes are computed together; a lane that has fewer links adds 0 * -0. Sources that are the same in all
   lanes are loaded, others gathered. */
enum { INPUTS = SEEN + 1, DIRECT = INPUTS * OUTPUTS };
typedef struct {
  const int64_t *starts, *links; /* first node of each agent, first link of each node */
  const int32_t *sources;
  const float *weights, *direct;  /* of links; (agents, INPUTS, OUTPUTS) */
  const uint8_t *present;         /* whether there is such a link */
  const int64_t *offsets;         /* (positions + 1) first row of links */
  int64_t positions;
} Genomes;
typedef struct {
  V direct[DIRECT], missing[DIRECT]; /* missing: 1 where a lane lacks the link */
  uint16_t lacking[DIRECT];
  V *values, *before, *weights; /* values: inputs, bias, a row of 0, nodes */
  I *sources;
  int32_t *same, *most, *counts; /* same: the source in all lanes, -1 where they differ */
  const int64_t *offsets;
  int64_t size[LANES], positions, first;
  int changed;
} Network;

static void *room(int64_t bytes) {
  bytes = (bytes + 64) / 64 * 64;
  return memset(aligned_alloc(64, bytes), 0, bytes);
}

static void prepare(Network *n, const Genomes *g) {
  int64_t rows = g->offsets[g->positions];
  n->positions = g->positions, n->offsets = g->offsets;
  n->values = room((INPUTS + 1 + g->positions) * sizeof(V)), n->before = room(g->positions * sizeof(V));
  n->weights = room(rows * sizeof(V)), n->sources = room(rows * sizeof(I));
  n->same = room(rows * 4), n->most = room(g->positions * 4), n->counts = room(g->positions * LANES * 4);
  for (int64_t row = 0; row < rows; row++)
    for (int l = 0; l < LANES; l++) n->weights[row][l] = -0.0f, n->sources[row][l] = INPUTS * LANES + l;
  n->values[SEEN] = all(1.0f);
}

static void release(Network *n) {
  free(n->values), free(n->before), free(n->weights), free(n->sources), free(n->same), free(n->most), free(n->counts);
}

static void take(Network *n, const Genomes *g, int64_t agent, int lane) {
  int64_t node = g->starts[agent], size = g->starts[agent + 1] - node, unused = n->positions - size;
  int64_t oldest = n->positions - n->size[lane];
  n->changed = 1;
  for (int d = 0; d < DIRECT; d++) {
    int has = g->present[agent * DIRECT + d];
    n->direct[d][lane] = g->direct[agent * DIRECT + d];
    n->missing[d][lane] = !has;
    n->lacking[d] = (uint16_t)((n->lacking[d] & ~(1u << lane)) | (unsigned)!has << lane);
  }
  for (int64_t p = unused < oldest ? unused : oldest; p < n->positions; p++) {
    int64_t row = g->offsets[p], count = 0, had = n->counts[p * LANES + lane];
    if (PASSES) n->values[INPUTS + 1 + p][lane] = 0;
    if (p >= unused) {
      int64_t link = g->links[node];
      count = g->links[++node] - link;
      for (int64_t c = 0; c < count; c++) {
        int64_t source = g->sources[link + c];
        if (source >= INPUTS) source += 1 + unused;
        n->sources[row + c][lane] = (int32_t)(source * LANES + lane);
        n->weights[row + c][lane] = g->weights[link + c];
      }
    }
    for (int64_t c = count; c < had; c++) n->sources[row + c][lane] = INPUTS * LANES + lane, n->weights[row + c][lane] = -0.0f;
    n->counts[p * LANES + lane] = (int32_t)count;
  }
  n->size[lane] = size;
}

static void summarise(Network *n) {
  const int64_t *offsets = n->offsets;
  int64_t size = OUTPUTS;
  for (int l = 0; l < LANES; l++) size = n->size[l] > size ? n->size[l] : size;
  n->first = n->positions - size, n->changed = 0;
  for (int64_t p = n->first; p < n->positions; p++) {
    int32_t most = 0;
    for (int l = 0; l < LANES; l++) most = n->counts[p * LANES + l] > most ? n->counts[p * LANES + l] : most;
    n->most[p] = most;
    for (int64_t row = offsets[p]; row < offsets[p] + most; row++) {
      I lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, places = n->sources[row] - lanes;
      n->same[row] = places[0];
      for (int l = 1; l < LANES; l++)
        if (places[l] != places[0]) n->same[row] = -1;
    }
  }
}

INLINE V gathered(const float *values, I places) {
#if defined(__AVX512F__) && GATHER
  return (V)_mm512_i32gather_ps((__m512i)places, values, 4);
#else
  V found;
  for (int l = 0; l < LANES; l++) found[l] = values[places[l]];
  return found;
#endif
}

INLINE void act(Network *n, const V *x, V *y) {
  const int64_t *offsets = n->offsets;
  V sums[OUTPUTS], *nodes = n->values + INPUTS + 1;
  const float *values = (const float *)n->values;
  if (n->changed) summarise(n);
  for (int i = 0; i < SEEN; i++) n->values[i] = x[i];
  for (int k = 0; k < OUTPUTS; k++) {
    sums[k] = all(0);
#pragma GCC unroll 8
    for (int i = 0; i < INPUTS; i++) {
      int d = i * OUTPUTS + k;
      V following = madd(i < SEEN ? x[i] : all(1.0f), n->direct[d], sums[k]);
      if (n->lacking[d]) following = where_greater(n->missing[d], all(0.5f), sums[k], following);
      sums[k] = following;
    }
  }
  int64_t first = n->first, positions = n->positions;
  V *target = PASSES ? n->before : nodes;
  for (int64_t p = first; p < positions; p++) {
    int64_t output = p - positions + OUTPUTS;
    V total = all(0);
    for (int k = 0; k < OUTPUTS; k++)
      if (output == k) total = sums[k];
    for (int64_t row = offsets[p]; row < offsets[p] + n->most[p]; row++) {
      V value = n->same[row] >= 0 ? *(const V *)(values + n->same[row]) : gathered(values, n->sources[row]);
      total = madd(value, n->weights[row], total);
    }
    target[p] = ACTIVATION(total);
  }
  if (PASSES)
    for (int64_t p = first; p < positions; p++) nodes[p] = n->before[p];
  for (int k = 0; k < OUTPUTS; k++) y[k] = nodes[positions - OUTPUTS + k];
}
