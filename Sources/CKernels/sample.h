// SPDX-License-Identifier: Apache-2.0
// What a lane would take, judged by a sample. In integers, so that every form of a kernel judges alike.
#ifndef REG_SAMPLE_H
#define REG_SAMPLE_H

#include "huffman.h"
#include "lanes.h"

enum {
    /// Bits are counted in parts of this.
    BIT = 4096,
    /// From so many bits a symbol on, no code is tried: it would save less than 2 %.
    NOISE = 8 * BIT - BIT / 6,
    /// The pieces of a sample, and the most symbols of a piece.
    WINDOWS = 16,
    LONGEST_WINDOW = 2048,
};

/// log2(value) in parts of a bit, by a parabola between powers of two: at most 0.008 bits off. Any number for 0.
KERNEL_PART uint32_t log2_of(uint32_t value) {
    float number = (float)(int32_t)value;  // exact, and fast in vectors
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint32_t rest = bits >> 8 & 0x7fff;
    return ((bits >> 23) - 127) * BIT + (rest * (44122 - (11354 * rest >> 15)) >> 18);
}

/// The entropy of at most 32,768 symbols in bits a symbol, corrected for what a small sample does not show (Miller and Madow).
KERNEL_PART uint32_t entropy(const uint32_t counts[SYMBOLS], uint32_t total) {
    uint32_t sum = 0, kinds = 0;
    if (total == 0) return 0;
    for (int symbol = 0; symbol < SYMBOLS; symbol++) {
        sum += counts[symbol] * log2_of(counts[symbol]);
        kinds += counts[symbol] != 0;
    }
    if (kinds == 1) return 0;
    uint32_t bits = log2_of(total) - sum / total + (kinds - 1) * 2955 / total;
    return bits > BIT ? bits : BIT;
}

/// A few pieces of the input, evenly spread; all in elements.
typedef struct {
    size_t window, windows, step;
} sampling;

KERNEL_PART sampling sampling_of(size_t elements, size_t wanted) {
    size_t window = smaller(wanted / WINDOWS, LONGEST_WINDOW) / UNIT * UNIT;
    if (window == 0 || elements <= WINDOWS * window) return (sampling){smaller(elements, LONGEST_WINDOW), 1, 0};
    return (sampling){window, WINDOWS, (elements - window) / (WINDOWS - 1) / UNIT * UNIT};
}

typedef struct {
    /// Bits a symbol.
    uint32_t cost;
    int is_sparse, is_noise;
} judgement;

KERNEL_PART judgement judge_lane(
    const uint8_t *raw, const uint8_t *base, unsigned element_size, unsigned lane, sampling sampling
) {
    uint8_t symbols[LONGEST_WINDOW];
    // Of every second symbol each: equal symbols in a row wait for each other in one table.
    uint32_t counts[SYMBOLS] = {0}, others[SYMBOLS] = {0}, total = 0, zeros = 0;
    for (size_t i = 0; i < sampling.windows; i++) {
        size_t at = i * sampling.step * element_size, k = 0;
        extract(raw + at, base ? base + at : NULL, sampling.window, element_size, lane, symbols);
        for (; k + UNIT <= sampling.window; k += UNIT) {
            uint64_t unit = load64(symbols + k);
            if (unit == 0) {
                zeros += UNIT;
                continue;
            }
            for (int shift = 0; shift < 64; shift += 16) {
                counts[unit >> shift & 255]++;
                others[unit >> (shift + 8) & 255]++;
            }
        }
        for (; k < sampling.window; k++) counts[symbols[k]]++;
        total += (uint32_t)sampling.window;
    }
    for (int symbol = 0; symbol < SYMBOLS; symbol++) counts[symbol] += others[symbol];
    uint32_t kept = total - zeros;
    uint32_t sparse = BIT / UNIT + (uint32_t)((uint64_t)entropy(counts, kept) * kept / total);
    counts[0] += zeros;
    uint32_t dense = zeros == 0 ? sparse - BIT / UNIT : entropy(counts, total);
    // Where the sample has nothing but zeros, units that are not may still be somewhere else.
    int is_sparse = zeros == total || sparse + sparse / 32 < dense;
    judgement result = {sparse < dense ? sparse : dense, is_sparse, 0};
    result.is_noise = result.cost >= NOISE;
    if (result.is_noise) result.cost = 8 * BIT;
    return result;
}

#endif
