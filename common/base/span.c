/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/span.h"

#include "common/base/word.h"

#include "common/base/base.h"

int jt_span_cmp(struct jt_span a, struct jt_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (order != 0) {
        return order;
    }
    return a.n < b.n ? -1 : (a.n > b.n);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool jt_span_eq_nocase(struct jt_span a, struct jt_span b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

struct jt_span jt_span_trim(struct jt_span a)
{
    while (a.n > 0 && (a.p[0] == ' ' || a.p[0] == '\t')) {
        a.p++;
        a.n--;
    }
    while (a.n > 0 && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t')) {
        a.n--;
    }
    return a;
}

/* RFC 3629 sec. 4: the bytes a lead byte may be followed by; 0 for a byte that leads nothing. */
static size_t tail_length(uint8_t lead, uint8_t *out_low, uint8_t *out_high)
{
    *out_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *out_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 1;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 2;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 3 : 0;
}

static bool is_ascii(uint64_t word)
{
    return !jt_word_high(word) && !jt_word_below(word, 1);
}

bool jt_span_utf8(struct jt_span a)
{
    size_t i = 0;
    while (i < a.n) {
        if (a.n - i >= JT_WORD_SIZE && is_ascii(jt_word_load(a.p + i))) {
            i += JT_WORD_SIZE;
            continue;
        }
        uint8_t lead = a.p[i++];
        if (lead != 0 && lead < 0x80) {
            continue;
        }
        uint8_t low, high;
        size_t tail = tail_length(lead, &low, &high);
        if (tail == 0 || tail > a.n - i) {
            return false;
        }
        for (; tail > 0; tail--, i++) {
            if (a.p[i] < low || a.p[i] > high) {
                return false;
            }
            low = 0x80;
            high = 0xBF;
        }
    }
    return true;
}

bool jt_span_scope(struct jt_span a)
{
    /* RFC 6749 sec. 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) */
    for (size_t i = 0; i < a.n; i++) {
        uint8_t c = a.p[i];
        if (c < 0x21 || c > 0x7E || c == '"' || c == '\\') {
            return false;
        }
    }
    return a.n > 0;
}

bool jt_span_word(struct jt_span *rest, struct jt_span *out_word)
{
    while (rest->n > 0 && rest->p[0] == ' ') {
        rest->p++;
        rest->n--;
    }
    if (rest->n == 0) {
        return false;
    }
    const uint8_t *end = memchr(rest->p, ' ', rest->n);
    size_t n = end == NULL ? rest->n : (size_t)(end - rest->p);
    *out_word = (struct jt_span){rest->p, n};
    rest->p += n;
    rest->n -= n;
    return true;
}
