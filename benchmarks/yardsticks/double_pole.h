/* Two poles on a cart, velocities seen, in lanes; a step earns 1, so that an episode's return is its length. */
enum { SEEN = 6 };
typedef struct {
  V state[6];
} Environment;

INLINE void start(Environment *e, int lane, uint64_t key) {
  (void)key;
  for (int row = 0; row < 6; row++) e->state[row][lane] = row == 2 ? 0.07f : 0.0f;
}

INLINE void see(const Environment *e, V *x) {
  for (int row = 0; row < 6; row++)
    x[row] = e->state[row] * (row & 1 ? 0.5f : row ? (float)(1 / 0.52) : (float)(1 / 4.8));
}

#define H 0.01
INLINE V sine_of(V a) {
  V y = a * a, p = madd(y, all(2.60893267e-6f), all(-1.98111128e-4f));
  p = madd(y, madd(y, p, all(8.33308817e-3f)), all(-0.166666605f));
  return madd(y * p, a, a);
}
INLINE V cosine_of(V a) {
  V y = a * a, p = madd(y, all(-2.61938153e-7f), all(2.47693042e-5f));
  p = madd(y, madd(y, p, all(-1.38885692e-3f)), all(4.16666558e-2f));
  return madd(y, madd(y, p, all(-0.5f)), all(1.0f));
}

/* Accelerations of the cart and of both poles, from the poles' angles and rates. */
INLINE void accelerate(V t1, V w1, V t2, V w2, V force, V *a, V *b, V *c) {
  const float m1 = 0.1f, m2 = 0.01f, l1 = (float)(0.1 * 0.5), l2 = (float)(0.01 * 0.05);
  V s1 = sine_of(t1), s2 = sine_of(t2), c1 = cosine_of(t1), c2 = cosine_of(t2);
  V f1 = madd(all((float)(2e-6 / (0.1 * 0.5))), w1, -9.8f * s1), f2 = madd(all((float)(2e-6 / (0.01 * 0.05))), w2, -9.8f * s2);
  V p1 = madd(l1 * w1 * w1, s1, (0.75f * m1) * c1 * f1), p2 = madd(l2 * w2 * w2, s2, (0.75f * m2) * c2 * f2);
  V share1 = m1 * (1.0f - 0.75f * c1 * c1), share2 = m2 * (1.0f - 0.75f * c2 * c2);
  *a = (force + p1 + p2) / (1.0f + share1 + share2);
  *b = (float)(-0.75 / 0.5) * madd(*a, c1, f1);
  *c = (float)(-0.75 / 0.05) * madd(*a, c2, f2);
}

INLINE void integrate(V *s, V force) {
  const V tau = all((float)H), tau2 = all((float)(H / 2)), tau6 = all((float)(H / 6));
  const V square2 = all((float)(H * H / 2)), square4 = all((float)(H * H / 4)), two = all(2.0f);
  V x = s[0], v = s[1], t1 = s[2], w1 = s[3], t2 = s[4], w2 = s[5], a1, b1, c1, a2, b2, c2, a3, b3, c3, a4, b4, c4;
  accelerate(t1, w1, t2, w2, force, &a1, &b1, &c1);
  V p1 = madd(tau2, w1, t1), p2 = madd(tau2, w2, t2);
  accelerate(p1, madd(tau2, b1, w1), p2, madd(tau2, c1, w2), force, &a2, &b2, &c2);
  accelerate(madd(square4, b1, p1), madd(tau2, b2, w1), madd(square4, c1, p2), madd(tau2, c2, w2), force, &a3, &b3, &c3);
  V r1 = madd(square2, b2, madd(tau, w1, t1)), r2 = madd(square2, c2, madd(tau, w2, t2));
  accelerate(r1, madd(tau, b3, w1), r2, madd(tau, c3, w2), force, &a4, &b4, &c4);
  s[0] = madd(tau, madd(tau6, a1 + a2 + a3, v), x);
  s[1] = madd(tau6, madd(two, a2 + a3, a1 + a4), v);
  s[2] = madd(tau, madd(tau6, b1 + b2 + b3, w1), t1);
  s[3] = madd(tau6, madd(two, b2 + b3, b1 + b4), w1);
  s[4] = madd(tau, madd(tau6, c1 + c2 + c3, w2), t2);
  s[5] = madd(tau6, madd(two, c2 + c3, c1 + c4), w2);
}

/* One step with a force of (output * 2 - 1) * 10 N; the lanes that have failed. */
INLINE unsigned step(Environment *e, const V *y) {
  V s[6], one = all(1.0f), command = y[0] * 2.0f - 1.0f;
  command = where_greater(command, one, one, command);
  command = where_greater(command, -one, command, -one);
  for (int row = 0; row < 6; row++) s[row] = e->state[row];
  integrate(s, command * 10.0f);
  integrate(s, command * 10.0f);
  unsigned good = lanes_greater(all(2.4f), size_of(s[0]));
  good &= lanes_greater(all(0.628329f), size_of(s[2])) & lanes_greater(all(0.628329f), size_of(s[4]));
  for (int row = 0; row < 6; row++) e->state[row] = where_greater(s[row] * s[row], all(1e-30f), s[row], all(0));
  return ~good & 0xFFFF;
}
