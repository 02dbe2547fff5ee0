// SPDX-License-Identifier: Apache-2.0
// Symbols dealt to four streams of bits, which are written and read side by side: format.md, "Lanes".
#ifndef REG_STREAMS_H
#define REG_STREAMS_H

#include "huffman.h"

enum { STREAMS = 4 };

/// The symbols of a tile that go to a stream.
typedef struct {
    size_t start, count;
} part;

KERNEL_PART part part_of(size_t count, unsigned stream) {
    size_t quarter = (count + STREAMS - 1) / STREAMS;
    size_t start = smaller(stream * quarter, count);
    return (part){start, smaller(quarter, count - start)};
}

typedef uint32_t histogram[STREAMS][SYMBOLS];

/// Adds the symbols of a tile to the histograms of the streams that they go to; four at once do not wait for each other.
KERNEL_PART void count_symbols(const uint8_t *symbols, size_t count, histogram counts) {
    size_t quarter = part_of(count, 0).count, shortest = part_of(count, 3).count, i = 0;
    const uint8_t *a = symbols, *b = a + quarter, *c = b + quarter, *d = c + quarter;
    for (; i + 8 <= shortest; i += 8) {
        uint64_t w = load64(a + i), x = load64(b + i), y = load64(c + i), z = load64(d + i);
        for (int shift = 0; shift < 64; shift += 8) {
            counts[0][w >> shift & 255]++;
            counts[1][x >> shift & 255]++;
            counts[2][y >> shift & 255]++;
            counts[3][z >> shift & 255]++;
        }
    }
    for (unsigned stream = 0; stream < STREAMS; stream++) {
        part part = part_of(count, stream);
        for (size_t k = i; k < part.count; k++) counts[stream][symbols[part.start + k]]++;
    }
}

// MARK: Writing

/// By symbol: the code in the highest bits, its length in the lowest.
typedef uint64_t encoding_table[SYMBOLS];

static inline void make_encoding_table(const code *code, encoding_table table) {
    uint32_t counts[LONGEST_CODE + 1], next[LONGEST_CODE + 1];
    count_lengths(code, counts);
    first_codes(counts, next);
    for (int symbol = 0; symbol < SYMBOLS; symbol++) {
        unsigned length = code->lengths[symbol];
        table[symbol] = length ? (uint64_t)reversed(next[length]++, length) << (64 - length) | length : 0;
    }
}

/// A stream that is written; its length is known before.
typedef struct {
    uint8_t *at, *end;
    /// The newest bits are the highest; `count` of them are not written yet. Below them is waste.
    uint64_t bits, count;
} bit_writer;

KERNEL_PART void put(bit_writer *writer, uint64_t entry) {
    writer->bits = writer->bits >> (entry & 63) | entry;
    writer->count += entry;
}

/// Writes whole bytes of at least one and at most 59 bits; there is room for eight.
KERNEL_PART void flush(bit_writer *writer) {
    store64(writer->at, writer->bits >> (-writer->count & 63));
    writer->at += (writer->count & 63) >> 3;
    writer->count &= 7;
}

static inline void put_one_by_one(bit_writer *writer, const uint8_t *symbols, size_t count, const encoding_table table) {
    for (size_t i = 0; i < count; i++) {
        put(writer, table[symbols[i]]);
        writer->count &= 63;
        for (; writer->count >= 8; writer->count -= 8)
            *writer->at++ = (uint8_t)(writer->bits >> (64 - writer->count));
    }
}

static inline void finish(bit_writer *writer) {
    if (writer->count > 0) *writer->at++ = (uint8_t)(writer->bits >> (64 - writer->count));
}

/// Writes the symbols of a tile, two streams at a time: more do not fit into the registers.
KERNEL_PART void write_symbols(
    const uint8_t *restrict symbols, size_t count, const encoding_table table, bit_writer writers[STREAMS]
) {
    for (unsigned stream = 0; stream < STREAMS; stream += 2) {
        part one = part_of(count, stream), two = part_of(count, stream + 1);
        const uint8_t *a = symbols + one.start, *b = symbols + two.start;
        bit_writer x = writers[stream], y = writers[stream + 1];
        size_t i = 0;
        for (; i + 4 <= two.count && x.end - x.at >= 8 && y.end - y.at >= 8; i += 4) {
            for (int k = 0; k < 4; k++) {
                put(&x, table[a[i + k]]);
                put(&y, table[b[i + k]]);
            }
            flush(&x);
            flush(&y);
        }
        put_one_by_one(&x, a + i, one.count - i, table);
        put_one_by_one(&y, b + i, two.count - i, table);
        writers[stream] = x;
        writers[stream + 1] = y;
    }
}

// MARK: Reading

/// By the next `bits` bits: as many symbols as they hold, at most three, in the low 24 bits; then 6 bits, how many bits
/// those take, and 2, how many symbols they are.
typedef struct {
    uint32_t entries[1 << LONGEST_CODE];
    /// As many as the longest code needs: `USUAL_CODE` or `LONGEST_CODE`.
    unsigned bits;
    code code;
} decoding_table;

KERNEL_PART unsigned bits_of(uint32_t entry) { return entry >> 24 & 63; }

/// Fills the entries; -1 where the lengths are no complete code.
KERNEL_PART int make_decoding_table(decoding_table *table) {
    uint32_t counts[LONGEST_CODE + 1], next[LONGEST_CODE + 1], used = 0;
    table->bits = USUAL_CODE;
    for (int symbol = 0; symbol < SYMBOLS; symbol++)
        if (table->code.lengths[symbol] > LONGEST_CODE) return -1;
        else if (table->code.lengths[symbol] > USUAL_CODE) table->bits = LONGEST_CODE;
    count_lengths(&table->code, counts);
    for (int length = 1; length <= LONGEST_CODE; length++) used += counts[length] << (LONGEST_CODE - length);
    if (used != 1 << LONGEST_CODE) return -1;
    first_codes(counts, next);
    uint32_t one[1 << LONGEST_CODE], space = 1u << table->bits;
    for (unsigned symbol = 0; symbol < SYMBOLS; symbol++) {
        unsigned length = table->code.lengths[symbol];
        if (length == 0) continue;
        for (uint32_t i = reversed(next[length]++, length); i < space; i += 1u << length)
            one[i] = symbol | length << 24 | 1u << 30;
    }
    for (uint32_t i = 0; i < space; i++) {
        uint32_t entry = one[i];
        for (unsigned shift = 8; shift <= 16; shift += 8) {
            uint32_t more = one[i >> bits_of(entry)];
            more = (more & 0xff000000) | (more & 255) << shift;
            entry += bits_of(entry) + bits_of(more) <= table->bits ? more : 0;
        }
        table->entries[i] = entry;
    }
    return 0;
}

/// A stream that is read; `position` is in bits, and past the end where the stream is too short.
typedef struct {
    const uint8_t *bytes;
    size_t count;
    uint64_t position;
} bit_reader;

/// At least 57 bits; zeros after the end.
static inline uint64_t peek(const bit_reader *reader) {
    size_t at = (size_t)(reader->position >> 3);
    uint64_t bits = 0;
    for (size_t i = at; i < smaller(at + 8, reader->count); i++) bits |= (uint64_t)reader->bytes[i] << (8 * (i - at));
    return bits >> (reader->position & 7);
}

/// Whether all was read; the bits that fill the last byte are zero.
static inline int is_at_end(const bit_reader *reader) {
    if ((reader->position + 7) / 8 != reader->count) return 0;
    unsigned used = reader->position & 7;
    return used == 0 || reader->bytes[reader->count - 1] >> used == 0;
}

enum {
    /// How often bits are looked up after one load, at most.
    LOOK_UPS = 5,
    /// The bytes that a round may write, and the most by which it moves on in a stream.
    ROUND_OUTPUT = 3 * LOOK_UPS + 1,
    ROUND_INPUT = 7,
};

/// How often that many bits can be looked up after one load.
KERNEL_PART int look_ups(unsigned bits) { return bits == USUAL_CODE ? LOOK_UPS : LOOK_UPS - 1; }

/// How many rounds certainly stay within the stream and `room` bytes of output.
KERNEL_PART size_t safe_rounds(const bit_reader *reader, size_t room) {
    size_t at = (size_t)(reader->position >> 3);
    if (at + 8 > reader->count) return 0;
    return smaller(room / ROUND_OUTPUT, (reader->count - at - 8) / ROUND_INPUT + 1);
}

/// Bits that were loaded, where their symbols go, and how many were used.
typedef struct {
    const uint8_t *bytes;
    uint64_t position, bits;
    uint8_t *out;
    uint32_t used;
} cursor;

KERNEL_PART void load(cursor *cursor) {
    cursor->bits = load64(cursor->bytes + (cursor->position >> 3)) >> (cursor->position & 7);
    cursor->used = 0;
}

KERNEL_PART void look_up(cursor *cursor, const uint32_t *entries, unsigned bits) {
    uint32_t entry = entries[cursor->bits & ((1u << bits) - 1)];
    store32(cursor->out, entry);
    cursor->bits >>= bits_of(entry);
    cursor->used += entry >> 24;
    cursor->out += entry >> 30;
}

KERNEL_PART void move_on(cursor *cursor) { cursor->position += cursor->used & 63; }

KERNEL_PART cursor cursor_at(const bit_reader *reader, uint8_t *out) {
    return (cursor){reader->bytes, reader->position, 0, out, 0};
}

/// Reads the rest of a part alone.
KERNEL_PART void read_part(
    uint8_t *out, uint8_t *end, const decoding_table *table, unsigned table_bits, bit_reader *reader
) {
    for (size_t rounds; (rounds = safe_rounds(reader, (size_t)(end - out))) > 0;) {
        cursor a = cursor_at(reader, out);
        for (; rounds > 0; rounds--) {
            load(&a);
            for (int i = 0; i < look_ups(table_bits); i++) look_up(&a, table->entries, table_bits);
            move_on(&a);
        }
        reader->position = a.position;
        out = a.out;
    }
    while (out < end) {
        uint64_t bits = peek(reader);
        for (int i = 0; i < look_ups(table_bits) && out < end; i++) {
            uint8_t symbol = (uint8_t)table->entries[bits & ((1u << table_bits) - 1)];
            *out++ = symbol;
            bits >>= table->code.lengths[symbol];
            reader->position += table->code.lengths[symbol];
        }
    }
}

/// Reads `count` symbols, whatever the streams hold. `bits` is the table's, and known to the compiler.
KERNEL_PART void read_symbols_by(
    uint8_t *restrict symbols, size_t count, const decoding_table *restrict table, unsigned bits,
    bit_reader readers[STREAMS]
) {
    uint8_t *out[STREAMS], *end[STREAMS];
    for (unsigned stream = 0; stream < STREAMS; stream++) {
        part part = part_of(count, stream);
        out[stream] = symbols + part.start;
        end[stream] = out[stream] + part.count;
    }
    for (;;) {
        size_t rounds = SIZE_MAX;
        for (unsigned stream = 0; stream < STREAMS; stream++)
            rounds = smaller(rounds, safe_rounds(&readers[stream], (size_t)(end[stream] - out[stream])));
        if (rounds == 0) break;
        cursor a = cursor_at(&readers[0], out[0]), b = cursor_at(&readers[1], out[1]);
        cursor c = cursor_at(&readers[2], out[2]), d = cursor_at(&readers[3], out[3]);
        for (; rounds > 0; rounds--) {
            load(&a), load(&b), load(&c), load(&d);
            for (int i = 0; i < look_ups(bits); i++) {
                look_up(&a, table->entries, bits), look_up(&b, table->entries, bits);
                look_up(&c, table->entries, bits), look_up(&d, table->entries, bits);
            }
            move_on(&a), move_on(&b), move_on(&c), move_on(&d);
        }
        const cursor *done[STREAMS] = {&a, &b, &c, &d};
        for (unsigned stream = 0; stream < STREAMS; stream++) {
            readers[stream].position = done[stream]->position;
            out[stream] = done[stream]->out;
        }
    }
    for (unsigned stream = 0; stream < STREAMS; stream++)
        read_part(out[stream], end[stream], table, bits, &readers[stream]);
}

KERNEL_PART void read_symbols(
    uint8_t *restrict symbols, size_t count, const decoding_table *restrict table, bit_reader readers[STREAMS]
) {
    if (table->bits == USUAL_CODE) return read_symbols_by(symbols, count, table, USUAL_CODE, readers);
    read_symbols_by(symbols, count, table, LONGEST_CODE, readers);
}

#endif
