/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/names.h"

#include "common/base/base.h"

bool jt_names_is_scope(struct jt_span text)
{
    return jt_span_scope(text) && text.n <= JT_NAMES_MAX;
}

bool jt_names_is_text(struct jt_span text, size_t max)
{
    for (size_t i = 0; i < text.n; i++) {
        /* C0, DEL, and C1 as UTF-8 writes them */
        if (text.p[i] < 0x20 || text.p[i] == 0x7F ||
            (text.p[i] == 0xC2 && i + 1 < text.n && text.p[i + 1] < 0xA0)) {
            return false;
        }
    }
    return text.n <= max && jt_span_utf8(text);
}

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool jt_names_is_name(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_alnum(text.p[i]) && (i == 0 || memchr("._:@-", text.p[i], 5) == NULL)) {
            return false;
        }
    }
    return text.n > 0 && text.n <= JT_NAMES_MAX;
}

/* RFC 8707 sec. 2: an absolute URI (RFC 3986 sec. 4.3) without fragment. */
bool jt_names_is_identifier(struct jt_span text)
{
    const uint8_t *colon = text.n == 0 ? NULL : memchr(text.p, ':', text.n);
    if (colon == NULL || colon == text.p || text.n > JT_NAMES_MAX_IDENTIFIER ||
        colon + 1 == text.p + text.n || !is_alnum(text.p[0]) || text.p[0] <= '9') {
        return false;
    }
    for (const uint8_t *p = text.p; p < colon; p++) {
        if (!is_alnum(*p) && memchr("+.-", *p, 3) == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= 0x20 || text.p[i] > 0x7E || strchr("\"#<>\\^`{|}", text.p[i]) != NULL) {
            return false;
        }
    }
    return true;
}

enum jt_err jt_names_parse_grant(struct jt_span text, struct jt_grant *out_grant)
{
    const uint8_t *hash = text.n == 0 ? NULL : memchr(text.p, '#', text.n);
    struct jt_grant grant = {text, JT_SPAN_NONE};
    if (hash != NULL) {
        grant.resource.n = (size_t)(hash - text.p);
        grant.scope = jt_span_of(hash + 1, text.n - grant.resource.n - 1);
    }
    if (!jt_names_is_identifier(grant.resource) ||
        (hash != NULL && !jt_names_is_scope(grant.scope))) {
        return JT_ERR_INVALID;
    }
    *out_grant = grant;
    return JT_OK;
}
