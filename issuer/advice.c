/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/advice.h"

#include "common/base/edits.h"
#include "common/json/json.h"

#include "common/base/base.h"

/* What a shell takes as it stands, wherever it stands in a word that begins with a letter. */
static bool is_plain(struct jt_span text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789.,_:@/+%=#-";
    for (size_t i = 0; i < text.n; i++) {
        if (memchr(plain, text.p[i], sizeof plain - 1) == NULL) {
            return false;
        }
    }
    return text.n > 0 && memchr("#-=", text.p[0], 3) == NULL;
}

enum jt_err jt_advice_put_word(struct jt_buf *out, struct jt_span text)
{
    if (is_plain(text)) {
        return jt_buf_put(out, text);
    }
    JT_TRY(jt_buf_putc(out, '\''));
    for (size_t i = 0; i < text.n; i++) {
        /* a quote ends the quoting, stands for itself, and begins it again */
        JT_TRY(text.p[i] == '\'' ? jt_buf_puts(out, "'\\''") : jt_buf_putc(out, (char)text.p[i]));
    }
    return jt_buf_putc(out, '\'');
}

enum jt_err jt_advice_put(struct jt_buf *out, const char *command, const struct jt_span *words,
                          size_t n)
{
    JT_TRY(jt_buf_puts(out, command));
    for (size_t i = 0; i < n; i++) {
        JT_TRY(jt_buf_putc(out, ' '));
        JT_TRY(jt_advice_put_word(out, words[i]));
    }
    return JT_OK;
}

enum jt_err jt_advice_add(json_t *lines, struct jt_span line)
{
    size_t index;
    json_t *there;
    json_array_foreach(lines, index, there)
    {
        if (jt_span_eq(jt_json_value(there), line)) {
            return JT_OK;
        }
    }
    return jt_advice_append(lines, jt_advice_text(line));
}

enum jt_err jt_advice_command(json_t *lines, const char *command, const struct jt_span *words,
                              size_t n)
{
    JT_AUTO(buf) line = JT_BUF_INIT(JT_ADVICE_MAX);
    JT_TRY(jt_advice_put(&line, command, words, n));
    return jt_advice_add(lines, jt_buf_span(&line));
}

void jt_advice_nearer(struct jt_span wanted, struct jt_span name, struct jt_span *nearest)
{
    size_t allowed = name.n / 2 > 1 ? name.n / 2 : 1;
    size_t apart = wanted.n > name.n ? wanted.n - name.n : name.n - wanted.n;
    size_t edits = apart > allowed ? SIZE_MAX : jt_edits_between(wanted, name);
    if (edits <= allowed && (nearest->n == 0 || edits < jt_edits_between(wanted, *nearest))) {
        *nearest = name;
    }
}

json_t *jt_advice_text(struct jt_span text)
{
    return json_stringn(text.p == NULL ? "" : (const char *)text.p, text.n);
}

enum jt_err jt_advice_append(json_t *array, json_t *item)
{
    return json_array_append_new(array, item) == 0 ? JT_OK : JT_ERR_NOMEM;
}

enum jt_err jt_advice_set(json_t *object, const char *name, json_t *item)
{
    return json_object_set_new(object, name, item) == 0 ? JT_OK : JT_ERR_NOMEM;
}
