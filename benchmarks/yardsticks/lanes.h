/* Vectors of 16 lanes, elementary functions and draws, as processing/core has them: the same operations in the same order.

   Compile with -ffp-contract=off; what is rounded once is written `madd`. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

enum { LANES = 16 };
typedef float V __attribute__((vector_size(64)));
typedef int32_t I __attribute__((vector_size(64)));
#define INLINE static inline __attribute__((always_inline))

INLINE V all(float x) { return x - (V){0}; }

#ifdef __AVX512F__
INLINE V where_greater(V a, V b, V yes, V no) {
  return (V)_mm512_mask_blend_ps(_mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ), (__m512)no, (__m512)yes);
}
INLINE V madd(V a, V b, V c) { return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
INLINE unsigned lanes_greater(V a, V b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ); }
#else
INLINE V where_greater(V a, V b, V yes, V no) { return (V)(((I)yes & (a > b)) | ((I)no & ~(a > b))); }
INLINE V madd(V a, V b, V c) {
  V sum;
  for (int l = 0; l < LANES; l++) sum[l] = __builtin_fmaf(a[l], b[l], c[l]);
  return sum;
}
INLINE unsigned lanes_greater(V a, V b) {
  I greater = a > b;
  unsigned found = 0;
  for (int l = 0; l < LANES; l++) found |= (unsigned)(greater[l] & 1) << l;
  return found;
}
#endif

INLINE V size_of(V x) { return where_greater(x, all(0), x, -x); }

INLINE V tanh_of(V x) {
  V clip = all(7.90531110763549805f);
  x = where_greater(x, clip, clip, x);
  x = where_greater(-clip, x, -clip, x);
  V y = x * x;
  V p = madd(y, all(-2.76076847742355e-16f), all(2.00018790482477e-13f));
  p = madd(y, p, all(-8.60467152213735e-11f));
  p = madd(y, p, all(5.12229709037114e-08f));
  p = madd(y, p, all(1.48572235717979e-05f));
  p = madd(y, p, all(6.37261928875436e-04f));
  p = madd(y, p, all(4.89352455891786e-03f));
  V q = madd(y, all(1.19825839466702e-06f), all(1.18534705686654e-04f));
  q = madd(y, q, all(2.26843463243900e-03f));
  q = madd(y, q, all(4.89352518554385e-03f));
  return x * p / q;
}

INLINE V exp_of(V x) {
  V round = all(12582912.0f);
  x = where_greater(x, all(88.0f), all(88.0f), x);
  x = where_greater(x, all(-87.0f), x, all(-87.0f));
  V n = madd(x, all(1.44269504088896341f), round) - round;
  V r = madd(n, all(-0.693359375f), x);
  r = madd(n, all(2.12194440e-4f), r);
  V p = madd(all(1.9875691500e-4f), r, all(1.3981999507e-3f));
  p = madd(p, r, all(8.3334519073e-3f));
  p = madd(p, r, all(4.1665795894e-2f));
  p = madd(p, r, all(1.6666665459e-1f));
  p = madd(p, r, all(5.0000001201e-1f));
  return (madd(p, r * r, r) + 1.0f) * (V)((__builtin_convertvector(n, I) + 127) << 23);
}

INLINE V steep_sigmoid_of(V x) { return 1.0f / (1.0f + exp_of(-(4.924273f * x))); }

/* (-1)^n sin(r), |r| <= pi / 2. */
INLINE V half_wave(V n, V r) {
  V round = all(12582912.0f), y = r * r;
  V p = madd(y, all(2.608918327634109e-06f), all(-0.0001981110680823599f));
  p = madd(y, p, all(0.008333088094451775f));
  p = madd(y, p, all(-0.16666660459903315f));
  V value = madd(y * p, r, r), odd = n - 2.0f * (madd(n, all(0.5f), round) - round);
  return where_greater(odd * odd, all(0.5f), -value, value);
}

#define PI_1 ((float)3.141592653589793)
#define PI_2 ((float)(3.141592653589793 - (double)PI_1))
INLINE V sin_of(V x) {
  V round = all(12582912.0f);
  x = where_greater(x * x, all(0x1p40f), all(0), x);
  V n = madd(x, all((float)(1 / 3.141592653589793)), round) - round;
  return half_wave(n, madd(n, all(-PI_2), madd(n, all(-PI_1), x)));
}
INLINE V cos_of(V x) {
  V round = all(12582912.0f);
  x = where_greater(x * x, all(0x1p40f), all(0), x);
  V n = (madd(x, all((float)(1 / 3.141592653589793)), all(0.5f)) + round) - round, before = n - 0.5f;
  return half_wave(n, madd(before, all(-PI_2), madd(before, all(-PI_1), x)));
}

/* Draws: splitmix64 of an address. */
#define GOLDEN 0x9E3779B97F4A7C15u
#define MIX_1 0xBF58476D1CE4E5B9u
#define MIX_2 0x94D049BB133111EBu
INLINE uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * MIX_1;
  z = (z ^ z >> 27) * MIX_2;
  return z ^ z >> 31;
}
INLINE uint64_t episode_key(uint64_t prefix, uint64_t agent, uint64_t episode) {
  return mix(mix(prefix ^ (agent * MIX_1 + GOLDEN)) ^ (episode * MIX_2 + GOLDEN));
}
INLINE float uniform(uint64_t key, uint64_t n) { return (float)(int64_t)(mix(key + n * GOLDEN) >> 40) * 0x1p-24f; }
