#include "wg_kernels_f32.h"

#include "wg_mel_tables.h"

#define WG_STRING_(x) #x
#define WG_STRING(x) WG_STRING_(x)

/* What every machine of this kind has: SSE2 (16 registers of 4) or NEON (32 of 4). */
#define WG_VL 4
#define WG_TARGET
#ifdef __aarch64__
#define WG_NAME(x) neon_##x
#define WG_AT_ONCE 4
#else
#define WG_NAME(x) plain_##x
#define WG_AT_ONCE 2
#endif
#include "wg_kernels_f32.inc"

#ifdef __x86_64__
#define WG_TARGET __attribute__((target("avx2,fma")))
#define WG_VL 8
#define WG_NAME(x) avx2_##x
#define WG_AT_ONCE 4
#include "wg_kernels_f32.inc"

#define WG_TARGET __attribute__((target("avx2,fma,avx512f,avx512vl"))) /* for twice the registers */
#define WG_VL 8
#define WG_NAME(x) avx512vl_##x
#define WG_AT_ONCE 8
#include "wg_kernels_f32.inc"

static const wg_kernels_f32 *const SETS[] = {&plain_set, &avx2_set, &avx512vl_set};

static int runs(uint32_t place) {
    if (place == 0) return 1;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    return place == 1 || (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"));
}
#else
#ifdef __aarch64__
static const wg_kernels_f32 *const SETS[] = {&neon_set};
#else
static const wg_kernels_f32 *const SETS[] = {&plain_set};
#endif

static int runs(uint32_t place) { return place == 0; }
#endif

const wg_kernels_f32 *wg_kernels_f32_at(uint32_t place) {
    return place < sizeof SETS / sizeof *SETS && runs(place) ? SETS[place] : 0;
}

const wg_kernels_f32 *wg_kernels_f32_pick(void) {
    const wg_kernels_f32 *best = SETS[0];
    for (uint32_t place = 1; wg_kernels_f32_at(place); place++) best = wg_kernels_f32_at(place);
    return best;
}
