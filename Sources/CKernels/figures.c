// SPDX-License-Identifier: Apache-2.0
// Figures of numbers and of their differences, in doubles.
#include "CKernels.h"
#include "bytes.h"

#include <math.h>

enum {
    /// Elements that are worked on at a time: two arrays of doubles stay in the first cache.
    TILE_COUNT = 1024,
    /// Elements of a row: as many sums run side by side, which hides how long an addition takes, and keeps them exact to some
    /// 10^-13.
    ROW_COUNT = 8,
};

/// Written out as vectors: compilers keep the arrays of sums of a plain loop in memory.
typedef double row __attribute__((vector_size(ROW_COUNT * sizeof(double))));
typedef int64_t row_mask __attribute__((vector_size(ROW_COUNT * sizeof(int64_t))));

KERNEL_PART double half_to_double(uint16_t bits) {
    uint32_t magnitude = (uint32_t)(bits & 0x7fff) << 13;
    float value;
    memcpy(&value, &magnitude, sizeof value);
    value *= 0x1p112f;  // gives the exponent its bias, also to numbers that are not normal
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    word |= (bits & 0x7c00) == 0x7c00 ? 0x7f800000 | magnitude : 0;
    word |= (uint32_t)(bits & 0x8000) << 16;
    memcpy(&value, &word, sizeof value);
    return value;
}

KERNEL_PART double bfloat_to_double(uint16_t bits) {
    uint32_t word = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

#define CONVERT(type, expression)                                                                                \
    for (size_t i = 0; i < count; i++) {                                                                         \
        type value;                                                                                              \
        memcpy(&value, bytes + i * sizeof value, sizeof value);                                                  \
        out[i] = (expression);                                                                                   \
    }                                                                                                            \
    break

/// Elements as doubles.
KERNEL_PART void convert(const uint8_t *restrict bytes, reg_numbers numbers, size_t count, double *restrict out) {
    switch (numbers.type) {
    case reg_number_f64: CONVERT(double, value);
    case reg_number_f32: CONVERT(float, value);
    case reg_number_f16: CONVERT(uint16_t, half_to_double(value));
    case reg_number_bf16: CONVERT(uint16_t, bfloat_to_double(value));
    case reg_number_i64: CONVERT(int64_t, (double)value);
    case reg_number_i32: CONVERT(int32_t, value);
    case reg_number_i16: CONVERT(int16_t, value);
    case reg_number_u64: CONVERT(uint64_t, (double)value);
    case reg_number_u32: CONVERT(uint32_t, value);
    case reg_number_u16: CONVERT(uint16_t, value);
    case reg_number_table: CONVERT(uint8_t, numbers.table[value]);
    }
}

KERNEL_PART size_t size_of(reg_number_type type) {
    switch (type) {
    case reg_number_f64: case reg_number_i64: case reg_number_u64: return 8;
    case reg_number_f32: case reg_number_i32: case reg_number_u32: return 4;
    case reg_number_f16: case reg_number_bf16: case reg_number_i16: case reg_number_u16: return 2;
    case reg_number_table: return 1;
    }
    return 1;
}

// Rows are given by address: how they are passed otherwise depends on the processor.
KERNEL_PART double total(const row *sums) {
    const row s = *sums;
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

/// Keeps the larger of each two elements; what is not a number is passed over.
KERNEL_PART void keep_larger(row *most, const row *values) {
    row_mask is_larger = *values > *most;
    *most = (row)(((row_mask)*values & is_larger) | ((row_mask)*most & ~is_larger));
}

KERNEL_PART void keep_smaller(row *least, const row *values) {
    row_mask is_smaller = *values < *least;
    *least = (row)(((row_mask)*values & is_smaller) | ((row_mask)*least & ~is_smaller));
}

KERNEL_PART double largest(const row *values) {
    double most = (*values)[0];
    for (int k = 1; k < ROW_COUNT; k++) most = (*values)[k] > most ? (*values)[k] : most;
    return most;
}

KERNEL_PART void row_at(const double *at, row *out) { memcpy(out, at, sizeof *out); }

/// The last elements of a tile, and for those that lack to a row others.
KERNEL_PART void last_row(const double *at, size_t count, double other, row *out) {
    for (size_t k = 0; k < ROW_COUNT; k++) (*out)[k] = k < count ? at[k] : other;
}

KERNEL_PART void add_tile(const double *restrict x, size_t count, reg_moments *restrict all) {
    row sums = {0}, squares = {0}, deviations = {0}, least = (row){0} + INFINITY, most = (row){0} - INFINITY, v;
    size_t rows = count / ROW_COUNT * ROW_COUNT;
    for (size_t i = 0; i < rows; i += ROW_COUNT) {
        row_at(x + i, &v);
        sums += v;
        squares += v * v;
        keep_smaller(&least, &v);
        keep_larger(&most, &v);
    }
    if (rows < count) {
        last_row(x + rows, count - rows, 0, &v);
        sums += v;
        squares += v * v;
        last_row(x + rows, count - rows, x[rows], &v);
        keep_smaller(&least, &v);
        keep_larger(&most, &v);
    }
    double sum = total(&sums), mean = sum / (double)count;
    for (size_t i = 0; i < rows; i += ROW_COUNT) {
        row_at(x + i, &v);
        v -= mean;
        deviations += v * v;
    }
    if (rows < count) {
        last_row(x + rows, count - rows, mean, &v);
        v -= mean;
        deviations += v * v;
    }
    // Chan, Golub and LeVeque: the squared deviations of two parts together.
    double before = (double)all->count, now = (double)count;
    double apart = all->count ? mean - all->sum / before : 0;
    all->deviations += total(&deviations) + apart * apart * (before * now / (before + now));
    all->sum += sum;
    all->squares += total(&squares);
    all->count += count;
    least = -least;
    all->least = -largest(&least) < all->least ? -largest(&least) : all->least;
    all->most = largest(&most) > all->most ? largest(&most) : all->most;
    // Where the sum is finite, so is each element.
    if (isfinite(sum)) return;
    for (size_t i = 0; i < count; i++) {
        all->nans += isnan(x[i]) != 0;
        all->infinite += isinf(x[i]) != 0;
    }
}

KERNEL_PART void add_row_differences(const row *x, const row *y, row *squares, row *products, row *most, row_mask *changed) {
    row d = *y - *x;
    *squares += d * d;
    *products += *x * *y;
    d = (row)((row_mask)d & INT64_MAX);
    keep_larger(most, &d);
    // Both not a number is no change.
    *changed -= (*x != *y) & ((*x == *x) | (*y == *y));
}

KERNEL_PART void add_difference(
    const double *restrict a, const double *restrict b, size_t count, reg_difference *restrict all
) {
    row squares = {0}, products = {0}, most = {0}, x, y;
    row_mask changed = {0};
    size_t rows = count / ROW_COUNT * ROW_COUNT;
    for (size_t i = 0; i < rows; i += ROW_COUNT) {
        row_at(a + i, &x);
        row_at(b + i, &y);
        add_row_differences(&x, &y, &squares, &products, &most, &changed);
    }
    if (rows < count) {
        last_row(a + rows, count - rows, 0, &x);
        last_row(b + rows, count - rows, 0, &y);
        add_row_differences(&x, &y, &squares, &products, &most, &changed);
    }
    all->squares += total(&squares);
    all->products += total(&products);
    all->most = largest(&most) > all->most ? largest(&most) : all->most;
    for (int k = 0; k < ROW_COUNT; k++) all->changed += (uint64_t)changed[k];
}

KERNEL_PART void moments(const uint8_t *bytes, reg_numbers numbers, size_t count, reg_moments *all) {
    double x[TILE_COUNT];
    size_t size = size_of(numbers.type);
    for (size_t i = 0; i < count; i += TILE_COUNT) {
        size_t now = smaller(TILE_COUNT, count - i);
        convert(bytes + i * size, numbers, now, x);
        add_tile(x, now, all);
    }
}

KERNEL_PART void differences(
    const uint8_t *a, reg_numbers a_numbers, const uint8_t *b, reg_numbers b_numbers, size_t count,
    reg_moments *a_all, reg_moments *b_all, reg_difference *all
) {
    double x[TILE_COUNT], y[TILE_COUNT];
    size_t a_size = size_of(a_numbers.type), b_size = size_of(b_numbers.type);
    for (size_t i = 0; i < count; i += TILE_COUNT) {
        size_t now = smaller(TILE_COUNT, count - i);
        convert(a + i * a_size, a_numbers, now, x);
        convert(b + i * b_size, b_numbers, now, y);
        add_tile(x, now, a_all);
        add_tile(y, now, b_all);
        add_difference(x, y, now, all);
    }
}

static void moments_portable(const uint8_t *bytes, reg_numbers numbers, size_t count, reg_moments *all) {
    moments(bytes, numbers, count, all);
}

static void differences_portable(
    const uint8_t *a, reg_numbers a_numbers, const uint8_t *b, reg_numbers b_numbers, size_t count,
    reg_moments *a_all, reg_moments *b_all, reg_difference *all
) {
    differences(a, a_numbers, b, b_numbers, count, a_all, b_all, all);
}

#ifdef REG_HAS_X86
X86_KERNEL static void moments_x86(const uint8_t *bytes, reg_numbers numbers, size_t count, reg_moments *all) {
    moments(bytes, numbers, count, all);
}

X86_KERNEL static void differences_x86(
    const uint8_t *a, reg_numbers a_numbers, const uint8_t *b, reg_numbers b_numbers, size_t count,
    reg_moments *a_all, reg_moments *b_all, reg_difference *all
) {
    differences(a, a_numbers, b, b_numbers, count, a_all, b_all, all);
}
#endif

void reg_add_moments(
    const uint8_t *bytes, reg_numbers numbers, size_t count, reg_moments *all, reg_kernels kernels
) {
#ifdef REG_HAS_X86
    if (kernels == reg_kernels_best && has_x86_kernels()) return moments_x86(bytes, numbers, count, all);
#endif
    (void)kernels;
    moments_portable(bytes, numbers, count, all);
}

void reg_add_differences(
    const uint8_t *a, reg_numbers a_numbers, const uint8_t *b, reg_numbers b_numbers, size_t count,
    reg_moments *a_all, reg_moments *b_all, reg_difference *all, reg_kernels kernels
) {
#ifdef REG_HAS_X86
    if (kernels == reg_kernels_best && has_x86_kernels())
        return differences_x86(a, a_numbers, b, b_numbers, count, a_all, b_all, all);
#endif
    (void)kernels;
    differences_portable(a, a_numbers, b, b_numbers, count, a_all, b_all, all);
}

void reg_add_histogram(const uint8_t *bytes, reg_numbers numbers, size_t count, uint64_t *buckets) {
    const int64_t first = (int64_t)(1023 + reg_histogram_first) * reg_histogram_steps, side = reg_histogram_side;
    const int64_t infinite = (int64_t)0x7ff * reg_histogram_steps;
    double x[TILE_COUNT];
    size_t size = size_of(numbers.type);
    for (size_t i = 0; i < count; i += TILE_COUNT) {
        size_t now = smaller(TILE_COUNT, count - i);
        convert(bytes + i * size, numbers, now, x);
        for (size_t k = 0; k < now; k++) {
            uint64_t bits;
            memcpy(&bits, &x[k], sizeof bits);
            // The exponent and the first bits after it.
            int64_t step = (int64_t)(bits >> 48 & 0x7fff);
            int64_t bucket = step < first ? 0 : step - first < side ? step - first + 1 : side;
            if (step < infinite) buckets[side + (bits >> 63 ? -bucket : bucket)]++;
        }
    }
}
