/* SPDX-License-Identifier: Apache-2.0 */
/* A form body: bounded, every name and value UTF-8 without NUL, and what was read is read again the
 * same from its plain encoding. A part that is coded as a path segment: likewise. */
#include "common/http/form.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

#define MAX 8192

static uint8_t coded[6 * MAX];

static size_t encode(struct jt_span text, size_t at)
{
    for (size_t i = 0; i < text.n; i++) {
        coded[at++] = '%';
        coded[at++] = (uint8_t) "0123456789ABCDEF"[text.p[i] >> 4];
        coded[at++] = (uint8_t) "0123456789abcdef"[text.p[i] & 15];
    }
    return at;
}

static void read_again(const struct jt_form *form)
{
    static struct jt_form again;
    size_t n = 0;
    for (size_t i = 0; i < form->n; i++) {
        MUST(jt_span_utf8(form->fields[i].name) && jt_span_utf8(form->fields[i].value));
        n = encode(form->fields[i].name, n);
        coded[n++] = '=';
        n = encode(form->fields[i].value, n);
        coded[n++] = '&';
    }
    MUST(jt_form_parse(jt_span_of(coded, n), &again) == JT_OK);
    size_t at = 0;
    for (size_t i = 0; i < again.n; i++, at++) {
        /* a field of nothing at all may be passed over */
        while (at < form->n && !jt_span_eq(form->fields[at].name, again.fields[i].name)) {
            MUST(form->fields[at].name.n == 0 && form->fields[at].value.n == 0);
            at++;
        }
        MUST(at < form->n && jt_span_eq(form->fields[at].value, again.fields[i].value));
    }
    jt_form_release(&again);
}

static void check_segment(struct jt_span text)
{
    static uint8_t out[MAX], again[MAX];
    size_t n = 0, again_n = 0;
    if (jt_form_decode_segment(text, out, &n) != JT_OK) {
        return;
    }
    MUST(n <= text.n && jt_span_utf8(jt_span_of(out, n)));
    size_t coded_n = encode(jt_span_of(out, n), 0);
    MUST(jt_form_decode_segment(jt_span_of(coded, coded_n), again, &again_n) == JT_OK);
    MUST(jt_span_eq(jt_span_of(out, n), jt_span_of(again, again_n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct jt_form form;
    struct jt_span text = jt_span_of(bytes, n);
    if (n > MAX / 3) {
        return 0;
    }
    check_segment(text);
    enum jt_err err = jt_form_parse(text, &form);
    MUST(err == JT_OK || err == JT_ERR_FORM || err == JT_ERR_LIMIT);
    if (err == JT_OK) {
        MUST(form.n <= JT_FORM_MAX_FIELDS);
        read_again(&form);
        jt_form_release(&form);
    }
    return 0;
}
