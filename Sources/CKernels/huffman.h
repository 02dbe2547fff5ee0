// SPDX-License-Identifier: Apache-2.0
// Canonical Huffman codes of at most 13 bits: format.md, "Lanes".
#ifndef REG_HUFFMAN_H
#define REG_HUFFMAN_H

#include "bytes.h"

enum {
    LONGEST_CODE = 13,
    /// Longer codes take longer to read, and are used only where many rare symbols need them.
    USUAL_CODE = 11,
    SYMBOLS = 256,
};

typedef struct {
    /// In bits, by symbol; 0 for a symbol that does not occur.
    uint8_t lengths[SYMBOLS];
} code;

/// How many symbols have a code of each length.
static inline void count_lengths(const code *code, uint32_t counts[LONGEST_CODE + 1]) {
    memset(counts, 0, (LONGEST_CODE + 1) * sizeof *counts);
    for (int symbol = 0; symbol < SYMBOLS; symbol++) counts[code->lengths[symbol]]++;
    counts[0] = 0;
}

/// The first code of each length, as canonical codes go.
static inline void first_codes(const uint32_t counts[LONGEST_CODE + 1], uint32_t first[LONGEST_CODE + 1]) {
    first[0] = 0;
    for (int length = 1; length <= LONGEST_CODE; length++)
        first[length] = (first[length - 1] + counts[length - 1]) << 1;
}

/// The low `length` bits in reverse order: streams hold the first bit of a code lowest.
static inline uint32_t reversed(uint32_t bits, unsigned length) {
    uint32_t result = 0;
    for (; length > 0; length--, bits >>= 1) result = result << 1 | (bits & 1);
    return result;
}

/// Sorts `n` keys by all but their low byte, in place; `other` is as large.
static inline void sort_keys(uint64_t *keys, uint64_t *other, int n) {
    uint64_t all = 0;
    for (int i = 0; i < n; i++) all |= keys[i];
    for (int shift = 8; shift < 64 && all >> shift; shift += 8) {
        uint16_t place[SYMBOLS + 1] = {0};
        for (int i = 0; i < n; i++) place[(keys[i] >> shift & 255) + 1]++;
        for (int i = 0; i < SYMBOLS; i++) place[i + 1] = (uint16_t)(place[i + 1] + place[i]);
        for (int i = 0; i < n; i++) other[place[keys[i] >> shift & 255]++] = keys[i];
        memcpy(keys, other, (size_t)n * sizeof *keys);
    }
}

/// Lengthens codes of which some were cut to the longest allowed, until all fit.
static inline void limit_lengths(uint32_t counts[LONGEST_CODE + 1], int longest) {
    uint32_t used = 0;
    for (int length = 1; length <= longest; length++) used += counts[length] << (longest - length);
    for (; used > 1u << longest; used--) {
        counts[longest]--;
        int length = longest - 1;
        while (counts[length] == 0) length--;
        counts[length]--;
        counts[length + 1] += 2;
    }
}

/// The code of at most `longest` bits for symbols that occur so often, and the number of those that do; there is no code for
/// fewer than two.
static inline int make_code(const uint32_t frequencies[SYMBOLS], int longest, code *code) {
    uint64_t keys[SYMBOLS], other[SYMBOLS];
    int n = 0;
    memset(code->lengths, 0, sizeof code->lengths);
    for (unsigned symbol = 0; symbol < SYMBOLS; symbol++)
        if (frequencies[symbol]) keys[n++] = (uint64_t)frequencies[symbol] << 8 | symbol;
    if (n < 2) return n;
    sort_keys(keys, other, n);
    // Two queues, both ascending: leaves from 0, inner nodes from n.
    uint64_t weights[2 * SYMBOLS];
    uint16_t parents[2 * SYMBOLS];
    for (int i = 0; i < n; i++) weights[i] = keys[i] >> 8;
    for (int leaf = 0, inner = n, next = n; next < 2 * n - 1; next++) {
        weights[next] = 0;
        for (int child = 0; child < 2; child++) {
            int takes_leaf = leaf < n && (inner == next || weights[leaf] <= weights[inner]);
            int taken = takes_leaf ? leaf++ : inner++;
            weights[next] += weights[taken];
            parents[taken] = (uint16_t)next;
        }
    }
    uint16_t depths[2 * SYMBOLS];
    uint32_t counts[LONGEST_CODE + 1] = {0};
    depths[2 * n - 2] = 0;
    for (int node = 2 * n - 3; node >= 0; node--) {
        depths[node] = (uint16_t)(depths[parents[node]] + 1);
        if (node < n) counts[smaller(depths[node], (size_t)longest)]++;
    }
    limit_lengths(counts, longest);
    int rarest = 0;
    for (int length = longest; length > 0; length--)
        for (uint32_t i = 0; i < counts[length]; i++) code->lengths[keys[rarest++] & 255] = (uint8_t)length;
    return n;
}

#endif
