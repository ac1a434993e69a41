/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight bytes of text at a time: whether any of them is one that needs a closer look. What each
 * call tells is exact for the eight as a whole, and nothing about which of them it is.
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_BASE_WORD_H
#define JT_BASE_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define JT_WORD_SIZE 8

/* Each byte `c`. */
#define JT_WORD_OF(c) (UINT64_C(0x0101010101010101) * (uint8_t)(c))

static inline uint64_t jt_word_load(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* Is any byte 0x80 or above? */
static inline bool jt_word_high(uint64_t word)
{
    return (word & JT_WORD_OF(0x80)) != 0;
}

/* Is any byte below `n`, which is at most 0x80? */
static inline bool jt_word_below(uint64_t word, uint8_t n)
{
    return ((word - JT_WORD_OF(n)) & ~word & JT_WORD_OF(0x80)) != 0;
}

/* Is any byte `c`? */
static inline bool jt_word_has(uint64_t word, uint8_t c)
{
    return jt_word_below(word ^ JT_WORD_OF(c), 1);
}

#endif
