/* CartPole-v1 in lanes; a step earns 1, so that an episode's return is its length. */
enum { SEEN = 4 };
typedef struct {
  V state[4];
} Environment;

INLINE void start(Environment *e, int lane, uint64_t key) {
  for (int row = 0; row < 4; row++) e->state[row][lane] = -0.05f + (float)(0.05 + 0.05) * uniform(key, row);
}

INLINE void see(const Environment *e, V *x) {
  for (int row = 0; row < 4; row++) x[row] = e->state[row];
}

/* One step with the better of two outputs; the lanes in which the pole has fallen. */
INLINE unsigned step(Environment *e, const V *y) {
  V position = e->state[0], speed = e->state[1], angle = e->state[2], spin = e->state[3];
  V whole = all((float)(0.1 + 1.0)), moment = all((float)(0.1 * 0.5)), tau = all(0.02f);
  V force = where_greater(y[1], y[0], all(10.0f), all(-10.0f)), cosine = cos_of(angle), sine = sin_of(angle);
  V push = (force + moment * (spin * spin) * sine) / whole;
  V twist = (9.8f * sine - cosine * push) / (0.5f * ((float)(4.0 / 3.0) - 0.1f * (cosine * cosine) / whole));
  V pull = push - moment * twist * cosine / whole;
  e->state[0] = position = position + tau * speed;
  e->state[1] = speed + tau * pull;
  e->state[2] = angle = angle + tau * spin;
  e->state[3] = spin + tau * twist;
  float steepest = (float)(12 * 2 * 3.141592653589793 / 360);
  return lanes_greater(size_of(position), all(2.4f)) | lanes_greater(size_of(angle), all(steepest));
}
