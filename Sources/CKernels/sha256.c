// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) of several messages at one time. The instruction for two rounds takes four cycles and one may begin
// every second: a message alone waits half of the time.
#include "CKernels.h"
#include "bytes.h"

#ifdef REG_HAS_X86
#include <cpuid.h>
#include <immintrin.h>

#define SHA_KERNEL __attribute__((target("sha,sse4.1,avx")))

enum { BLOCK = 64, AT_ONE_TIME = 3 };

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/// A message that is hashed: its state in the order that the instructions want, and what is left of it.
typedef struct {
    __m128i abef, cdgh;
    const uint8_t *at;
    /// Whole blocks from `at` on.
    size_t blocks;
    /// The last bytes with their padding, one or two blocks, which come after those.
    uint8_t tail[2 * BLOCK];
    size_t tail_blocks;
    uint8_t *digest;
} message;

/// Adds `blocks` blocks of each of `count` messages, which the compiler knows.
SHA_KERNEL static inline __attribute__((always_inline)) void add_blocks(message *const *messages, int count, size_t blocks) {
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abef[AT_ONE_TIME], cdgh[AT_ONE_TIME];
    for (int m = 0; m < count; m++) {
        abef[m] = messages[m]->abef;
        cdgh[m] = messages[m]->cdgh;
    }
    for (size_t block = 0; block < blocks; block++) {
        __m128i words[AT_ONE_TIME][4], old_abef[AT_ONE_TIME], old_cdgh[AT_ONE_TIME];
        for (int m = 0; m < count; m++) {
            old_abef[m] = abef[m];
            old_cdgh[m] = cdgh[m];
            for (int i = 0; i < 4; i++) {
                const __m128i *at = (const __m128i *)(messages[m]->at + BLOCK * block + 16 * i);
                words[m][i] = _mm_shuffle_epi8(_mm_loadu_si128(at), order);
            }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
            __m128i constants = _mm_load_si128((const __m128i *)round_constants + i);
            for (int m = 0; m < count; m++) {
                __m128i *w = words[m];
                if (i >= 4) {
                    // w[i] = w[i−16] + σ0(w[i−15]) + w[i−7] + σ1(w[i−2]), four words at once.
                    __m128i sum = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
                    sum = _mm_add_epi32(sum, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
                    w[i & 3] = _mm_sha256msg2_epu32(sum, w[(i + 3) & 3]);
                }
                __m128i input = _mm_add_epi32(w[i & 3], constants);
                cdgh[m] = _mm_sha256rnds2_epu32(cdgh[m], abef[m], input);
                abef[m] = _mm_sha256rnds2_epu32(abef[m], cdgh[m], _mm_shuffle_epi32(input, 0x0e));
            }
        }
        for (int m = 0; m < count; m++) {
            abef[m] = _mm_add_epi32(abef[m], old_abef[m]);
            cdgh[m] = _mm_add_epi32(cdgh[m], old_cdgh[m]);
        }
    }
    for (int m = 0; m < count; m++) {
        messages[m]->abef = abef[m];
        messages[m]->cdgh = cdgh[m];
        messages[m]->at += BLOCK * blocks;
        messages[m]->blocks -= blocks;
    }
}

SHA_KERNEL static void begin(message *message, const uint8_t *bytes, size_t count, uint8_t *digest) {
    message->abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    message->cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
    message->at = bytes;
    message->blocks = count / BLOCK;
    size_t rest = count % BLOCK;
    message->tail_blocks = rest + 9 > BLOCK ? 2 : 1;
    memset(message->tail, 0, sizeof message->tail);
    if (rest > 0) memcpy(message->tail, bytes + count - rest, rest);
    message->tail[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        message->tail[message->tail_blocks * BLOCK - 1 - (size_t)i] = (uint8_t)((uint64_t)count * 8 >> (8 * i));
    message->digest = digest;
}

SHA_KERNEL static void end(const message *message) {
    uint32_t abef[4], cdgh[4];
    _mm_storeu_si128((__m128i *)abef, message->abef);
    _mm_storeu_si128((__m128i *)cdgh, message->cdgh);
    const uint32_t words[8] = {abef[3], abef[2], cdgh[3], cdgh[2], abef[1], abef[0], cdgh[1], cdgh[0]};
    for (int i = 0; i < 8; i++) store32(message->digest + 4 * i, __builtin_bswap32(words[i]));
}

SHA_KERNEL static void hash_all(const uint8_t *const *bytes, const size_t *counts, size_t count, uint8_t *digests) {
    message rooms[AT_ONE_TIME], *active[AT_ONE_TIME];
    // Two and two are faster than three and one.
    int busy = 0, most = count == 4 ? 2 : AT_ONE_TIME;
    size_t next = 0;
    for (; busy < most && next < count; busy++, next++) {
        active[busy] = &rooms[busy];
        begin(active[busy], bytes[next], counts[next], digests + 32 * next);
    }
    while (busy > 0) {
        size_t blocks = SIZE_MAX;
        for (int m = 0; m < busy; m++) blocks = smaller(blocks, active[m]->blocks);
        switch (busy) {
        case 1: add_blocks(active, 1, blocks); break;
        case 2: add_blocks(active, 2, blocks); break;
        default: add_blocks(active, 3, blocks); break;
        }
        for (int m = 0; m < busy;) {
            message *done = active[m];
            if (done->blocks > 0) {
                m++;
            } else if (done->tail_blocks > 0) {
                done->at = done->tail;
                done->blocks = done->tail_blocks;
                done->tail_blocks = 0;
                m++;
            } else {
                end(done);
                if (next < count) {
                    begin(done, bytes[next], counts[next], digests + 32 * next);
                    next++;
                    m += done->blocks > 0;
                } else {
                    active[m] = active[--busy];
                    active[busy] = done;
                }
            }
        }
    }
}

int reg_sha256_is_fast(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1 && __builtin_cpu_supports("avx");
}

void reg_sha256(const uint8_t *const *bytes, const size_t *counts, size_t count, uint8_t *digests) {
    hash_all(bytes, counts, count, digests);
}
#else
int reg_sha256_is_fast(void) { return 0; }

void reg_sha256(const uint8_t *const *bytes, const size_t *counts, size_t count, uint8_t *digests) {
    (void)bytes, (void)counts, (void)count, (void)digests;
}
#endif
