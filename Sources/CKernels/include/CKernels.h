// SPDX-License-Identifier: Apache-2.0
// Loops over bytes that are several times faster in C. Each has a portable form and one for x86-64 with AVX2 and BMI2,
// both compiled from the same source: they give the same bytes.
#ifndef REG_CKERNELS_H
#define REG_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Which form of a kernel runs.
typedef enum {
    /// The fastest that this processor can run.
    reg_kernels_best = 0,
    /// The one that runs everywhere.
    reg_kernels_portable = 1,
} reg_kernels;

/// The longest input of the functions below.
enum { reg_lanes_limit = 1 << 28 };

/// Writes `raw` as lanes of elements of 1, 2, 4 or 8 bytes: format.md, "Lanes". `base` is as long as `raw`, and its
/// elements are subtracted; without one it is NULL. Nothing overlaps.
///
/// The length of the result, or 0 where it would be more than `room` bytes; `stored` then may hold anything. Needs 300 KiB
/// of stack.
size_t reg_lanes_encode(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, uint8_t *stored, size_t room,
    reg_kernels kernels);

/// Reads lanes, which may be any bytes; writes nothing but `raw`, as long as it has to be, and reads nothing but the
/// buffers. 0, or -1 where they are no lanes of `count` bytes. Needs 700 KiB of stack.
int reg_lanes_decode(
    const uint8_t *stored, size_t stored_count, const uint8_t *base, uint8_t *raw, size_t count, reg_kernels kernels);

enum { reg_lanes_whole = 1 << 16, reg_lanes_sample_limit = 1 << 15 };

/// What `reg_lanes_encode` would make of `raw`, in 1/65536 of its length, judged by a sample of about `sample_count` bytes;
/// 65536 for what looks like noise.
uint32_t reg_lanes_guess(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, size_t sample_count,
    reg_kernels kernels);

/// Whether this processor has what `reg_sha256` needs.
int reg_sha256_is_fast(void);

/// The SHA-256 of `count` messages: `bytes[i]` is `counts[i]` long, its digest 32 bytes from `digests + 32 * i` on. Only where `reg_sha256_is_fast`.
void reg_sha256(const uint8_t *const *bytes, const size_t *counts, size_t count, uint8_t *digests);

#endif
