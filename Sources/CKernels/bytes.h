// SPDX-License-Identifier: Apache-2.0
// Little-endian integers at any address, and how a kernel is compiled twice.
#ifndef REG_BYTES_H
#define REG_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// Part of the kernel that uses it, so that it is compiled for the same processor.
#define KERNEL_PART static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define REG_HAS_X86 1
#define X86_KERNEL __attribute__((target("avx2,bmi,bmi2,popcnt")))

static inline int has_x86_kernels(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("popcnt");
}
#endif

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "lanes are read and written as little-endian integers"
#endif

KERNEL_PART uint64_t load64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

KERNEL_PART uint32_t load32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

KERNEL_PART void store64(uint8_t *at, uint64_t value) { memcpy(at, &value, sizeof value); }

KERNEL_PART void store32(uint8_t *at, uint32_t value) { memcpy(at, &value, sizeof value); }

KERNEL_PART size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

#endif
