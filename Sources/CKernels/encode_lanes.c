// SPDX-License-Identifier: Apache-2.0
#include "CKernels.h"
#include "lanes.h"
#include "sample.h"
#include "streams.h"

/// What is written.
typedef struct {
    const uint8_t *raw, *base;
    size_t elements;
    unsigned element_size;
} source;

/// How symbols are coded, and in how many bytes.
typedef struct {
    code code;
    size_t byte_count, stream_counts[STREAMS];
} coding;

/// How a lane is written, and where.
typedef struct {
    unsigned kind;
    size_t byte_count;
    coding coding, map_coding;
    encoding_table table;
    uint8_t *symbols, *map;
    bit_writer writers[STREAMS];
    /// The map of a lane that may have it coded.
    uint8_t known_map[LONGEST_CODED_MAP];
} lane_plan;

KERNEL_PART void extract_tile(const source *from, size_t first, size_t count, unsigned lane, uint8_t *symbols) {
    size_t at = first * from->element_size;
    extract(from->raw + at, from->base ? from->base + at : NULL, count, from->element_size, lane, symbols);
}

/// The bytes of the table of lengths, which is written where `out` is not NULL.
static size_t put_lengths(const code *code, uint8_t *out) {
    unsigned first = 0, last = SYMBOLS - 1;
    while (code->lengths[first] == 0) first++;
    while (code->lengths[last] == 0) last--;
    size_t count = 2 + (last - first) / 2 + 1;
    if (!out) return count;
    memset(out, 0, count);
    out[0] = (uint8_t)first;
    out[1] = (uint8_t)last;
    for (unsigned i = 0; i <= last - first; i++)
        out[2 + i / 2] |= (uint8_t)(code->lengths[first + i] << (i % 2 * 4));
    return count;
}

/// How counted symbols are coded with codes of at most `longest` bits; how many different ones there are: for fewer than two
/// there is no code.
static int plan_codes(coding *coding, histogram counts, int longest) {
    uint32_t sums[SYMBOLS];
    for (int symbol = 0; symbol < SYMBOLS; symbol++)
        sums[symbol] = counts[0][symbol] + counts[1][symbol] + counts[2][symbol] + counts[3][symbol];
    int kinds = make_code(sums, longest, &coding->code);
    if (kinds < 2) return kinds;
    coding->byte_count = put_lengths(&coding->code, NULL) + 4 * STREAMS;
    for (unsigned stream = 0; stream < STREAMS; stream++) {
        uint64_t bits = 0;
        for (int symbol = 0; symbol < SYMBOLS; symbol++)
            bits += (uint64_t)counts[stream][symbol] * coding->code.lengths[symbol];
        coding->stream_counts[stream] = (size_t)((bits + 7) / 8);
        coding->byte_count += coding->stream_counts[stream];
    }
    return kinds;
}

static int plan_coding(coding *plan, histogram counts) {
    int kinds = plan_codes(plan, counts, USUAL_CODE);
    if (kinds < 2 || !memchr(plan->code.lengths, USUAL_CODE, SYMBOLS)) return kinds;
    coding longer;
    plan_codes(&longer, counts, LONGEST_CODE);
    if (longer.byte_count + longer.byte_count / 64 < plan->byte_count) *plan = longer;
    return kinds;
}

/// A code that saves nearly nothing costs time.
KERNEL_PART int is_worthwhile(size_t coded, size_t raw) { return coded + coded / 128 < raw; }

/// Chooses among the kinds, from what was counted of `kept` symbols.
static void choose(lane_plan *plan, size_t elements, size_t kept, int sparse, histogram counts) {
    int kinds = plan_coding(&plan->coding, counts);
    int has_zeros = counts[0][0] + counts[1][0] + counts[2][0] + counts[3][0] > 0;
    if (kinds < 2 && (kept == elements || kinds == 0 || has_zeros)) {
        plan->kind = LANE_CONSTANT;
        plan->byte_count = 2;
        return;
    }
    size_t map = sparse ? map_count(elements) : 0;
    plan->kind = sparse ? LANE_SPARSE_RAW : LANE_RAW;
    plan->byte_count = 1 + map + kept;
    if (kinds >= 2 && is_worthwhile(1 + map + plan->coding.byte_count, plan->byte_count)) {
        plan->kind = sparse ? LANE_SPARSE_CODED : LANE_CODED;
        plan->byte_count = 1 + map + plan->coding.byte_count;
    }
    if (plan->kind == LANE_SPARSE_CODED && map <= LONGEST_CODED_MAP) {
        histogram of_map;
        memset(of_map, 0, sizeof of_map);
        count_symbols(plan->known_map, map, of_map);
        if (plan_coding(&plan->map_coding, of_map) >= 2 && is_worthwhile(plan->map_coding.byte_count, map)) {
            plan->kind = LANE_MAP_CODED;
            plan->byte_count -= map - plan->map_coding.byte_count;
        }
    }
    if (plan->byte_count > 1 + elements) {
        plan->kind = LANE_RAW;
        plan->byte_count = 1 + elements;
    }
}

KERNEL_PART void plan_lane(lane_plan *plan, const source *from, unsigned lane, uint8_t *symbols) {
    sampling sampling = sampling_of(from->elements, smaller(from->elements / 8, 4096));
    judgement judged = judge_lane(from->raw, from->base, from->element_size, lane, sampling);
    plan->kind = LANE_RAW;
    plan->byte_count = 1 + from->elements;
    if (judged.is_noise) return;
    histogram counts;
    memset(counts, 0, sizeof counts);
    size_t kept = 0;
    uint8_t *map = map_count(from->elements) <= LONGEST_CODED_MAP ? plan->known_map : NULL;
    for (size_t i = 0; i < from->elements; i += tile_count(from->element_size)) {
        size_t count = smaller(tile_count(from->element_size), from->elements - i);
        extract_tile(from, i, count, lane, symbols);
        if (judged.is_sparse) count = compact(symbols, count, map ? map + i / UNIT / 8 : NULL);
        count_symbols(symbols, count, counts);
        kept += count;
    }
    choose(plan, from->elements, kept, judged.is_sparse, counts);
}

/// Writes what comes before the streams, and where those are to go; what comes after them.
KERNEL_PART uint8_t *begin_streams(const coding *coding, encoding_table table, bit_writer writers[], uint8_t *out) {
    make_encoding_table(&coding->code, table);
    out += put_lengths(&coding->code, out);
    uint8_t *stream_start = out + 4 * STREAMS;
    for (unsigned stream = 0; stream < STREAMS; stream++) {
        store32(out + 4 * stream, (uint32_t)coding->stream_counts[stream]);
        uint8_t *end = stream_start + coding->stream_counts[stream];
        writers[stream] = (bit_writer){stream_start, end, 0, 0};
        stream_start = end;
    }
    return stream_start;
}

KERNEL_PART void end_streams(bit_writer writers[]) {
    for (unsigned stream = 0; stream < STREAMS; stream++) finish(&writers[stream]);
}

/// Writes all of a lane that does not depend on its symbols, and notes where those go.
KERNEL_PART void begin_lane(lane_plan *plan, const source *from, unsigned lane, uint8_t *out) {
    *out++ = (uint8_t)plan->kind;
    if (plan->kind == LANE_CONSTANT) return extract_tile(from, 0, 1, lane, out);
    plan->map = NULL;
    if (plan->kind == LANE_MAP_CODED) {
        bit_writer writers[STREAMS];
        out = begin_streams(&plan->map_coding, plan->table, writers, out);
        write_symbols(plan->known_map, map_count(from->elements), plan->table, writers);
        end_streams(writers);
    } else if (is_sparse(plan->kind)) {
        plan->map = out;
        out += map_count(from->elements);
    }
    plan->symbols = out;
    if (is_coded(plan->kind)) begin_streams(&plan->coding, plan->table, plan->writers, out);
}

KERNEL_PART void write_tile(lane_plan *plan, const source *from, size_t first, unsigned lane, uint8_t *symbols) {
    size_t count = smaller(tile_count(from->element_size), from->elements - first);
    if (plan->kind == LANE_CONSTANT) return;
    if (plan->kind == LANE_RAW) return extract_tile(from, first, count, lane, plan->symbols + first);
    extract_tile(from, first, count, lane, symbols);
    if (is_sparse(plan->kind)) 
        count = compact(symbols, count, plan->map ? plan->map + first / UNIT / 8 : NULL);
    if (is_coded(plan->kind)) return write_symbols(symbols, count, plan->table, plan->writers);
    memcpy(plan->symbols, symbols, count);
    plan->symbols += count;
}

KERNEL_PART size_t encode(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, uint8_t *stored, size_t room
) {
    source from = {raw, base, count / element_size, element_size};
    size_t rest = count % element_size, total = 1 + rest;
    lane_plan plans[LANES];
    uint8_t symbols[TILE + SLACK];
    for (unsigned lane = 0; lane < element_size; lane++) {
        plan_lane(&plans[lane], &from, lane, symbols);
        total += plans[lane].byte_count;
    }
    if (total > room) return 0;
    uint8_t *out = stored;
    *out++ = (uint8_t)element_size;
    for (unsigned lane = 0; lane < element_size; lane++) {
        begin_lane(&plans[lane], &from, lane, out);
        out += plans[lane].byte_count;
    }
    memcpy(out, raw + count - rest, rest);
    for (size_t i = 0; i < from.elements; i += tile_count(element_size))
        for (unsigned lane = 0; lane < element_size; lane++) write_tile(&plans[lane], &from, i, lane, symbols);
    for (unsigned lane = 0; lane < element_size; lane++)
        if (is_coded(plans[lane].kind)) end_streams(plans[lane].writers);
    return total;
}

static size_t encode_portable(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, uint8_t *stored, size_t room
) {
    return encode(raw, base, count, element_size, stored, room);
}

#ifdef REG_HAS_X86
X86_KERNEL static size_t encode_x86(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, uint8_t *stored, size_t room
) {
    return encode(raw, base, count, element_size, stored, room);
}
#endif

size_t reg_lanes_encode(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, uint8_t *stored, size_t room,
    reg_kernels kernels
) {
    if (count < element_size || count > reg_lanes_limit) return 0;
#ifdef REG_HAS_X86
    if (kernels == reg_kernels_best && has_x86_kernels())
        return encode_x86(raw, base, count, element_size, stored, room);
#endif
    (void)kernels;
    return encode_portable(raw, base, count, element_size, stored, room);
}

// MARK: Judging

KERNEL_PART uint32_t guess(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, size_t sample_count
) {
    sampling sampling = sampling_of(count / element_size, sample_count / element_size);
    uint64_t bits = 0;
    for (unsigned lane = 0; lane < element_size; lane++)
        bits += judge_lane(raw, base, element_size, lane, sampling).cost;
    return (uint32_t)(bits * reg_lanes_whole / (8 * BIT * element_size));
}

static uint32_t guess_portable(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, size_t sample_count
) {
    return guess(raw, base, count, element_size, sample_count);
}

#ifdef REG_HAS_X86
X86_KERNEL static uint32_t guess_x86(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, size_t sample_count
) {
    return guess(raw, base, count, element_size, sample_count);
}
#endif

uint32_t reg_lanes_guess(
    const uint8_t *raw, const uint8_t *base, size_t count, unsigned element_size, size_t sample_count,
    reg_kernels kernels
) {
    if (count < element_size || sample_count > reg_lanes_sample_limit) return reg_lanes_whole;
#ifdef REG_HAS_X86
    if (kernels == reg_kernels_best && has_x86_kernels())
        return guess_x86(raw, base, count, element_size, sample_count);
#endif
    (void)kernels;
    return guess_portable(raw, base, count, element_size, sample_count);
}
