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

/// What elements are.
typedef enum {
    reg_number_f64, reg_number_f32, reg_number_f16, reg_number_bf16,
    reg_number_i64, reg_number_i32, reg_number_i16,
    reg_number_u64, reg_number_u32, reg_number_u16,
    /// One byte, whose value `table` says.
    reg_number_table,
} reg_number_type;

typedef struct {
    reg_number_type type;
    /// 256 values; NULL but for `reg_number_table`.
    const double *table;
} reg_numbers;

/// Of elements as doubles. Sums are not a number where an element is none; what is least and most passes over those.
typedef struct {
    uint64_t count, nans, infinite;
    double sum, squares;
    /// The squared differences to the mean, added up.
    double deviations;
    /// Before the first element, infinity and minus infinity.
    double least, most;
} reg_moments;

/// Of the differences of elements, the later less the earlier one.
typedef struct {
    /// Elements that are not equal; two that are not a number are.
    uint64_t changed;
    double squares;
    /// Of both elements, added up.
    double products;
    /// The largest without its sign; passes over those that are not a number.
    double most;
} reg_difference;

/// Adds `count` elements to `all`. Needs 20 KiB of stack, as the next one. Both forms give the same up to rounding.
void reg_add_moments(
    const uint8_t *bytes, reg_numbers numbers, size_t count, reg_moments *all, reg_kernels kernels);

/// Adds `count` elements of both to what is known of each and of their differences.
void reg_add_differences(
    const uint8_t *a, reg_numbers a_numbers, const uint8_t *b, reg_numbers b_numbers, size_t count,
    reg_moments *a_all, reg_moments *b_all, reg_difference *all, reg_kernels kernels);

enum {
    /// Buckets of a histogram for each power of two.
    reg_histogram_steps = 16,
    /// The powers of two that have buckets: from this one on, so many. What is less counts as zero, what is more is in the last bucket.
    reg_histogram_first = -30,
    reg_histogram_powers = 64,
    /// Buckets of one sign.
    reg_histogram_side = reg_histogram_steps * reg_histogram_powers,
    /// Negative ones, from the largest magnitude down, then zero, then positive ones.
    reg_histogram_buckets = 2 * reg_histogram_side + 1,
};

/// Adds `count` elements to the buckets; passes over those that are not finite.
void reg_add_histogram(const uint8_t *bytes, reg_numbers numbers, size_t count, uint64_t *buckets);

#endif
