/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/form.h"

#include "common/base/word.h"

#include "common/base/base.h"

int jt_form_hex(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes at the front that stand for themselves, by whole words. */
static size_t plain_run(struct jt_span text)
{
    size_t n = 0;
    while (text.n - n >= JT_WORD_SIZE) {
        uint64_t word = jt_word_load(text.p + n);
        if (jt_word_has(word, '%') || jt_word_has(word, '+')) {
            break;
        }
        n += JT_WORD_SIZE;
    }
    return n;
}

/* Writes at most text.n bytes. What it wrote is worth nothing after a failure. */
static enum jt_err decode(struct jt_span text, bool plus_is_space, uint8_t *out, size_t *out_n)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        size_t plain = plain_run(jt_span_of(text.p + i, text.n - i));
        memcpy(out + n, text.p + i, plain);
        n += plain;
        i += plain;
        if (i == text.n) {
            break;
        }
        uint8_t c = text.p[i];
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            /* RFC 3986 sec. 2.1: exactly two hexadecimal digits follow */
            int high = text.n - i > 2 ? jt_form_hex(text.p[i + 1]) : -1;
            int low = text.n - i > 2 ? jt_form_hex(text.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return JT_ERR_FORM;
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        out[n++] = c;
    }
    /* RFC 6749 appendix B: the encoded text is UTF-8 */
    if (!jt_span_utf8(jt_span_of(out, n))) {
        return JT_ERR_FORM;
    }
    *out_n = n;
    return JT_OK;
}

enum jt_err jt_form_decode(struct jt_span text, uint8_t *out, size_t *out_n)
{
    return decode(text, true, out, out_n);
}

enum jt_err jt_form_decode_segment(struct jt_span text, uint8_t *out, size_t *out_n)
{
    return decode(text, false, out, out_n);
}

/* Takes the bytes before the next `separator` off `*rest`, and the separator. */
static struct jt_span take_until(struct jt_span *rest, char separator)
{
    const uint8_t *at = rest->n == 0 ? NULL : memchr(rest->p, separator, rest->n);
    size_t n = at == NULL ? rest->n : (size_t)(at - rest->p);
    size_t gone = at == NULL ? n : n + 1;
    struct jt_span taken = {rest->p, n};
    *rest = (struct jt_span){rest->n == gone ? NULL : rest->p + gone, rest->n - gone};
    return taken;
}

/* Decodes `text` to `*at` inside form->text, which has room for the whole body. */
static enum jt_err decode_part(struct jt_span text, uint8_t **at, struct jt_span *out_part)
{
    size_t n = 0;
    JT_TRY(decode(text, true, *at, &n));
    *out_part = jt_span_of(*at, n);
    *at += n;
    return JT_OK;
}

static enum jt_err parse_fields(struct jt_span body, struct jt_form *form)
{
    uint8_t *at = form->text.p;
    while (body.n > 0) {
        struct jt_span value = take_until(&body, '&');
        if (value.n == 0) {
            continue; /* WHATWG URL sec. 5.1: empty sequences are passed over */
        }
        if (form->n == JT_FORM_MAX_FIELDS) {
            return JT_ERR_LIMIT;
        }
        struct jt_form_field *field = &form->fields[form->n];
        struct jt_span name = take_until(&value, '=');
        JT_TRY(decode_part(name, &at, &field->name));
        JT_TRY(decode_part(value, &at, &field->value));
        form->n++;
    }
    return JT_OK;
}

enum jt_err jt_form_parse(struct jt_span body, struct jt_form *out_form)
{
    out_form->n = 0;
    out_form->text = (struct jt_secret)JT_SECRET_INIT;
    JT_TRY(jt_secret_alloc(&out_form->text, body.n));
    enum jt_err err = parse_fields(body, out_form);
    if (err != JT_OK) {
        jt_form_release(out_form);
    }
    return err;
}

void jt_form_release(struct jt_form *form)
{
    jt_secret_release(&form->text);
    form->n = 0;
}
