// SPDX-License-Identifier: Apache-2.0
// Elements taken apart into lanes of bytes and put together again: format.md, "Lanes".
#ifndef REG_LANES_H
#define REG_LANES_H

#include "bytes.h"

enum {
    LANES = 8,
    /// Raw bytes that are worked on at a time, so that they stay in the processor's first caches.
    TILE = 1 << 15,
    /// Symbols that are left out together where all are zero.
    UNIT = 8,
    /// Bytes after a buffer that loads and stores of eight may touch.
    SLACK = 8,
    /// The longest map that is coded, in bytes.
    LONGEST_CODED_MAP = 1 << 14,
};

/// How a lane is stored.
enum { LANE_RAW, LANE_CONSTANT, LANE_CODED, LANE_SPARSE_RAW, LANE_SPARSE_CODED, LANE_MAP_CODED, LANE_KINDS };

KERNEL_PART int is_sparse(unsigned kind) { return kind >= LANE_SPARSE_RAW; }
KERNEL_PART int is_coded(unsigned kind) { return kind == LANE_CODED || kind >= LANE_SPARSE_CODED; }
KERNEL_PART size_t map_count(size_t symbols) { return (symbols / UNIT + 7) / 8; }

/// Elements in a tile.
KERNEL_PART size_t tile_count(unsigned element_size) { return TILE / element_size; }

// An element of `bits` bits as the number whose bytes are the lanes, and back.
#define DEFINE_ELEMENTS(bits)                                                                                    \
    KERNEL_PART uint##bits##_t rotated##bits(uint##bits##_t value) {                                             \
        return (uint##bits##_t)(value << 1 | value >> (bits - 1));                                               \
    }                                                                                                            \
    KERNEL_PART uint##bits##_t difference##bits(uint##bits##_t value, uint##bits##_t base) {                     \
        uint##bits##_t d = (uint##bits##_t)(value - base);                                                       \
        return (uint##bits##_t)((uint##bits##_t)(d << 1) ^ (uint##bits##_t)(0 - (d >> (bits - 1))));             \
    }                                                                                                            \
    KERNEL_PART uint##bits##_t unrotated##bits(uint##bits##_t value) {                                           \
        return (uint##bits##_t)(value >> 1 | value << (bits - 1));                                               \
    }                                                                                                            \
    KERNEL_PART uint##bits##_t sum##bits(uint##bits##_t zigzag, uint##bits##_t base) {                           \
        return (uint##bits##_t)(base + (uint##bits##_t)(zigzag >> 1 ^ (uint##bits##_t)(0 - (zigzag & 1))));      \
    }                                                                                                            \
    KERNEL_PART uint##bits##_t element##bits(const uint8_t *bytes, size_t i) {                                   \
        uint##bits##_t value;                                                                                    \
        memcpy(&value, bytes + i * sizeof value, sizeof value);                                                  \
        return value;                                                                                            \
    }                                                                                                            \
    KERNEL_PART void extract##bits(                                                                              \
        const uint8_t *restrict raw, const uint8_t *restrict base, size_t count, unsigned shift,                 \
        uint8_t *restrict lane) {                                                                                \
        if (base)                                                                                                \
            for (size_t i = 0; i < count; i++)                                                                   \
                lane[i] = (uint8_t)(difference##bits(element##bits(raw, i), element##bits(base, i)) >> shift);   \
        else                                                                                                     \
            for (size_t i = 0; i < count; i++) lane[i] = (uint8_t)(rotated##bits(element##bits(raw, i)) >> shift); \
    }                                                                                                            \
    KERNEL_PART void restore##bits(                                                                              \
        const uint##bits##_t *restrict values, const uint8_t *restrict base, size_t count,                       \
        uint8_t *restrict raw) {                                                                                 \
        if (base)                                                                                                \
            for (size_t i = 0; i < count; i++) {                                                                 \
                uint##bits##_t value = sum##bits(values[i], element##bits(base, i));                             \
                memcpy(raw + i * sizeof value, &value, sizeof value);                                            \
            }                                                                                                    \
        else                                                                                                     \
            for (size_t i = 0; i < count; i++) {                                                                 \
                uint##bits##_t value = unrotated##bits(values[i]);                                               \
                memcpy(raw + i * sizeof value, &value, sizeof value);                                            \
            }                                                                                                    \
    }

DEFINE_ELEMENTS(8)
DEFINE_ELEMENTS(16)
DEFINE_ELEMENTS(32)
DEFINE_ELEMENTS(64)

/// Byte `lane` of each element, rotated or less its base. The switch gives the compiler constants to shift by.
KERNEL_PART void extract(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, unsigned lane, uint8_t *symbols
) {
    switch (element_size * LANES + lane) {
    case 1 * LANES: return extract8(raw, base, count, 0, symbols);
    case 2 * LANES: return extract16(raw, base, count, 0, symbols);
    case 2 * LANES + 1: return extract16(raw, base, count, 8, symbols);
    case 4 * LANES: return extract32(raw, base, count, 0, symbols);
    case 4 * LANES + 1: return extract32(raw, base, count, 8, symbols);
    case 4 * LANES + 2: return extract32(raw, base, count, 16, symbols);
    case 4 * LANES + 3: return extract32(raw, base, count, 24, symbols);
    default: return extract64(raw, base, count, 8 * lane, symbols);
    }
}

#define DEFINE_ZIP(half, full)                                                                                   \
    KERNEL_PART void zip##full(                                                                                  \
        const uint##half##_t *restrict low, const uint##half##_t *restrict high, size_t count,                   \
        uint##full##_t *restrict out) {                                                                          \
        for (size_t i = 0; i < count; i++) out[i] = (uint##full##_t)(low[i] | (uint##full##_t)high[i] << half);  \
    }

DEFINE_ZIP(8, 16)
DEFINE_ZIP(16, 32)
DEFINE_ZIP(32, 64)

/// Puts at most `JOINED` elements together: in pairs of lanes, which compilers make fast.
enum { JOINED = 256 };

KERNEL_PART void join_few(
    const uint8_t *const lanes[], size_t first, size_t count, unsigned element_size, const uint8_t *base, uint8_t *raw
) {
    uint16_t pairs[4][JOINED];
    uint32_t fours[2][JOINED];
    uint64_t eights[JOINED];
    if (element_size == 1) return restore8(lanes[0] + first, base, count, raw);
    for (unsigned k = 0; k < element_size / 2; k++)
        zip16(lanes[2 * k] + first, lanes[2 * k + 1] + first, count, pairs[k]);
    if (element_size == 2) return restore16(pairs[0], base, count, raw);
    for (unsigned k = 0; k < element_size / 4; k++) zip32(pairs[2 * k], pairs[2 * k + 1], count, fours[k]);
    if (element_size == 4) return restore32(fours[0], base, count, raw);
    zip64(fours[0], fours[1], count, eights);
    restore64(eights, base, count, raw);
}

/// The elements of a tile from their lanes.
KERNEL_PART void join(
    const uint8_t *const lanes[], size_t count, unsigned element_size, const uint8_t *base, uint8_t *raw
) {
    for (size_t i = 0; i < count; i += JOINED) {
        size_t at = i * element_size;
        join_few(lanes, i, smaller(JOINED, count - i), element_size, base ? base + at : NULL, raw + at);
    }
}

/// Removes, in place, the units that are all zero, and notes in `map`, where there is one, those that stay.
KERNEL_PART size_t compact(uint8_t *symbols, size_t count, uint8_t *map) {
    size_t units = count / UNIT, kept = 0;
    unsigned bits = 0;
    for (size_t unit = 0; unit < units; unit++) {
        uint64_t value = load64(symbols + unit * UNIT);
        unsigned stays = value != 0;
        store64(symbols + kept, value);
        kept += stays * UNIT;
        bits |= stays << (unit & 7);
        if ((unit & 7) == 7 || unit + 1 == units) {
            if (map) map[unit / 8] = (uint8_t)bits;
            bits = 0;
        }
    }
    memmove(symbols + kept, symbols + units * UNIT, count % UNIT);
    return kept + count % UNIT;
}

/// How many of a tile's symbols are there.
KERNEL_PART size_t kept_count(const uint8_t *map, size_t count) {
    size_t units = 0;
    for (size_t i = 0; i < map_count(count); i++) units += (size_t)__builtin_popcount(map[i]);
    return units * UNIT + count % UNIT;
}

/// Puts units back to their places, zero between them; -1 where one that is there is zero. Reads up to `SLACK` bytes after
/// those that are there.
KERNEL_PART int expand(const uint8_t *restrict kept, const uint8_t *restrict map, size_t count, uint8_t *restrict symbols) {
    size_t units = count / UNIT;
    uint64_t wrong = 0;
    for (size_t unit = 0; unit < units; unit++) {
        uint64_t is_there = map[unit / 8] >> (unit & 7) & 1, value = load64(kept);
        wrong |= is_there & (value == 0);
        store64(symbols + unit * UNIT, value & (0 - is_there));
        kept += is_there * UNIT;
    }
    memcpy(symbols + units * UNIT, kept, count % UNIT);
    return wrong ? -1 : 0;
}

#endif
