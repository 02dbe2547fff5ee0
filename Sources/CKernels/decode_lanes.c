// SPDX-License-Identifier: Apache-2.0
// Whatever the stored bytes are: lengths are checked before they are used, and no more is written than was asked for.
#include "CKernels.h"
#include "lanes.h"
#include "streams.h"

/// What is left to read.
typedef struct {
    const uint8_t *at;
    size_t left;
} input;

/// The next `count` bytes; NULL where they are not there.
KERNEL_PART const uint8_t *take(input *in, size_t count) {
    if (count > in->left) return NULL;
    const uint8_t *start = in->at;
    in->at += count;
    in->left -= count;
    return start;
}

/// A lane, read up to some tile.
typedef struct {
    unsigned kind;
    const uint8_t *symbols, *map;
    bit_reader readers[STREAMS];
    decoding_table table;
    /// A map that was coded.
    uint8_t known_map[LONGEST_CODED_MAP];
} lane_source;

/// The lengths of a code: -1 unless they are written as short as they can be.
static int read_lengths(input *in, code *code) {
    const uint8_t *range = take(in, 2);
    if (!range || range[0] >= range[1]) return -1;
    unsigned first = range[0], last = range[1], span = last - first;
    const uint8_t *nibbles = take(in, span / 2 + 1);
    if (!nibbles) return -1;
    memset(code->lengths, 0, sizeof code->lengths);
    for (unsigned i = 0; i <= span; i++) code->lengths[first + i] = nibbles[i / 2] >> (i % 2 * 4) & 15;
    if (span % 2 == 0 && nibbles[span / 2] >> 4) return -1;
    return code->lengths[first] && code->lengths[last] ? 0 : -1;
}

KERNEL_PART int begin_streams(input *in, decoding_table *table, bit_reader readers[]) {
    if (read_lengths(in, &table->code) || make_decoding_table(table)) return -1;
    const uint8_t *counts = take(in, 4 * STREAMS);
    if (!counts) return -1;
    for (unsigned stream = 0; stream < STREAMS; stream++) {
        size_t count = load32(counts + 4 * stream);
        readers[stream] = (bit_reader){take(in, count), count, 0};
        if (!readers[stream].bytes) return -1;
    }
    return 0;
}

KERNEL_PART int are_at_end(const bit_reader readers[]) {
    for (unsigned stream = 0; stream < STREAMS; stream++)
        if (!is_at_end(&readers[stream])) return 0;
    return 1;
}

/// The map of `count` bytes; NULL where it is not there.
KERNEL_PART const uint8_t *read_map(input *in, size_t count, lane_source *lane) {
    if (lane->kind != LANE_MAP_CODED) return take(in, count);
    if (count > LONGEST_CODED_MAP || begin_streams(in, &lane->table, lane->readers)) return NULL;
    read_symbols(lane->known_map, count, &lane->table, lane->readers);
    return are_at_end(lane->readers) ? lane->known_map : NULL;
}

/// Reads a lane of `elements` symbols but for those that come tile by tile; a constant one fills `symbols`.
KERNEL_PART int read_lane(input *in, size_t elements, lane_source *lane, uint8_t *symbols, size_t symbol_count) {
    const uint8_t *kind = take(in, 1);
    if (!kind || *kind >= LANE_KINDS) return -1;
    lane->kind = *kind;
    if (lane->kind == LANE_CONSTANT) {
        const uint8_t *symbol = take(in, 1);
        if (symbol) memset(symbols, *symbol, symbol_count);
        return symbol ? 0 : -1;
    }
    size_t kept = elements;
    if (is_sparse(lane->kind)) {
        size_t units = elements / UNIT, count = map_count(elements);
        lane->map = read_map(in, count, lane);
        if (!lane->map || (units % 8 && lane->map[count - 1] >> (units % 8))) return -1;
        kept = kept_count(lane->map, elements);
    }
    if (is_coded(lane->kind)) return begin_streams(in, &lane->table, lane->readers);
    lane->symbols = take(in, kept);
    return lane->symbols ? 0 : -1;
}

/// The symbols of a tile, which begins at element `first`: in `symbols`, or where they lie already. NULL where they break a
/// rule. `kept` is as large as `symbols`.
KERNEL_PART const uint8_t *read_tile(lane_source *lane, size_t first, size_t count, uint8_t *symbols, uint8_t *kept) {
    switch (lane->kind) {
    case LANE_RAW: return lane->symbols + first;
    case LANE_CONSTANT: return symbols;
    case LANE_CODED: read_symbols(symbols, count, &lane->table, lane->readers); return symbols;
    default: break;
    }
    const uint8_t *map = lane->map + first / UNIT / 8;
    size_t left = kept_count(map, count);
    if (is_coded(lane->kind)) {
        read_symbols(kept, left, &lane->table, lane->readers);
    } else {
        memcpy(kept, lane->symbols, left);
        lane->symbols += left;
    }
    return expand(kept, map, count, symbols) ? NULL : symbols;
}

KERNEL_PART int decode(
    const uint8_t *stored, size_t stored_count, const uint8_t *base, uint8_t *raw, size_t count
) {
    input in = {stored, stored_count};
    const uint8_t *head = take(&in, 1);
    if (!head || (*head != 1 && *head != 2 && *head != 4 && *head != 8)) return -1;
    unsigned element_size = *head;
    size_t elements = count / element_size, rest = count % element_size, tile = tile_count(element_size);
    if (elements == 0) return -1;
    lane_source lanes[LANES];
    uint8_t symbols[TILE + LANES * SLACK], kept[TILE + SLACK];
    for (unsigned i = 0; i < element_size; i++)
        if (read_lane(&in, elements, &lanes[i], symbols + i * (tile + SLACK), tile)) return -1;
    if (in.left != rest) return -1;
    for (size_t i = 0; i < elements; i += tile) {
        const uint8_t *parts[LANES];
        size_t tile_elements = smaller(tile, elements - i);
        for (unsigned k = 0; k < element_size; k++) {
            parts[k] = read_tile(&lanes[k], i, tile_elements, symbols + k * (tile + SLACK), kept);
            if (!parts[k]) return -1;
        }
        size_t at = i * element_size;
        join(parts, tile_elements, element_size, base ? base + at : NULL, raw + at);
    }
    for (unsigned i = 0; i < element_size; i++)
        if (is_coded(lanes[i].kind) && !are_at_end(lanes[i].readers)) return -1;
    memcpy(raw + count - rest, in.at, rest);
    return 0;
}

static int decode_portable(
    const uint8_t *stored, size_t stored_count, const uint8_t *base, uint8_t *raw, size_t count
) {
    return decode(stored, stored_count, base, raw, count);
}

#ifdef REG_HAS_X86
X86_KERNEL static int decode_x86(
    const uint8_t *stored, size_t stored_count, const uint8_t *base, uint8_t *raw, size_t count
) {
    return decode(stored, stored_count, base, raw, count);
}
#endif

int reg_lanes_decode(
    const uint8_t *stored, size_t stored_count, const uint8_t *base, uint8_t *raw, size_t count, reg_kernels kernels
) {
    if (count > reg_lanes_limit) return -1;
#ifdef REG_HAS_X86
    if (kernels == reg_kernels_best && has_x86_kernels()) return decode_x86(stored, stored_count, base, raw, count);
#endif
    (void)kernels;
    return decode_portable(stored, stored_count, base, raw, count);
}
