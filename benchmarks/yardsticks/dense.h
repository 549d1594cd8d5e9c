/* Dense networks of one hidden layer of tanh units, sizes SEEN, HIDDEN, OUTPUTS, in lanes. */
enum { B1 = SEEN * HIDDEN, W2 = B1 + HIDDEN, B2 = W2 + HIDDEN * OUTPUTS, WEIGHTS = B2 + OUTPUTS };
typedef struct {
  const float *weights; /* (agents, WEIGHTS) */
} Genomes;
typedef struct {
  V w[WEIGHTS];
} Network;

static void prepare(Network *n, const Genomes *genomes) { (void)n, (void)genomes; }

static void release(Network *n) { (void)n; }

INLINE void take(Network *n, const Genomes *genomes, int64_t agent, int lane) {
  const float *from = genomes->weights + agent * WEIGHTS;
  float *to = (float *)n->w + lane;
  for (int k = 0; k < WEIGHTS; k++) to[k * LANES] = from[k];
}

INLINE void act(Network *n, const V *x, V *y) {
  const V *w = n->w;
  V out[OUTPUTS], h[HIDDEN];
#pragma GCC unroll 16
  for (int j = 0; j < HIDDEN; j++) {
    h[j] = w[B1 + j];
#pragma GCC unroll 8
    for (int i = 0; i < SEEN; i++) h[j] = madd(x[i], w[i * HIDDEN + j], h[j]);
    h[j] = tanh_of(h[j]);
  }
  for (int k = 0; k < OUTPUTS; k++) out[k] = w[B2 + k];
#pragma GCC unroll 16
  for (int j = 0; j < HIDDEN; j++)
    for (int k = 0; k < OUTPUTS; k++) out[k] = madd(h[j], w[W2 + j * OUTPUTS + k], out[k]);
  for (int k = 0; k < OUTPUTS; k++) y[k] = out[k];
}
