/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/render.h"

#include <stdlib.h>

#include "common/base/word.h"
#include "common/jose/b64url.h"
#include "keys/claims.h"

#include "common/base/base.h"

#define FIXED_MAX (2 * JT_SIGNER_TOKEN_MAX)

/* The encoded text has whole groups of three bytes; the one or two after them wait in `spare` for
 * what comes next. */
struct kept {
    uint64_t seen; /* the tag that last missed here: when it comes again it is kept */
    uint64_t tag;
    struct jt_buf key;  /* what it is of: each claim's length and bytes; empty: nothing is kept */
    struct jt_buf text; /* encoded */
    uint8_t spare[2];
    size_t n_spare;
};

struct jt_render {
    struct jt_buf scratch;
    struct kept kept[JT_RENDER_KEPT];
};

enum jt_err jt_render_new(struct jt_render **out_render)
{
    struct jt_render *render = calloc(1, sizeof *render);
    if (render == NULL) {
        return JT_ERR_NOMEM;
    }
    render->scratch.max = JT_SIGNER_TOKEN_MAX;
    *out_render = render;
    return JT_OK;
}

void jt_render_free(struct jt_render *render)
{
    if (render == NULL) {
        return;
    }
    for (size_t i = 0; i < JT_RENDER_KEPT; i++) {
        jt_buf_release(&render->kept[i].key);
        jt_buf_release(&render->kept[i].text);
    }
    jt_buf_release(&render->scratch);
    free(render);
}

/* --- what is in common --- */

/* The `i`-th of the claims that it is of; false past the last. */
static bool fixed_claim(const struct jt_claims *claims, size_t i, struct jt_span *out_value)
{
    const struct jt_span values[] = {claims->iss, claims->sub, claims->client_id, claims->scope};
    if (i < JT_COUNT(values)) {
        *out_value = values[i];
        return true;
    }
    i -= JT_COUNT(values);
    if (i >= claims->n_aud) {
        return false;
    }
    *out_value = claims->aud[i];
    return true;
}

/* Where to look, and no more than that: what lies there is compared. */
static uint64_t tag_of(const struct jt_claims *claims)
{
    uint64_t tag = 0;
    struct jt_span value;
    for (size_t i = 0; fixed_claim(claims, i, &value); i++) {
        tag = (tag ^ value.n) * UINT64_C(0x9E3779B97F4A7C15);
        for (; value.n >= JT_WORD_SIZE; value.p += JT_WORD_SIZE, value.n -= JT_WORD_SIZE) {
            tag = (tag ^ jt_word_load(value.p)) * UINT64_C(0x9E3779B97F4A7C15);
            tag ^= tag >> 32;
        }
        for (size_t j = 0; j < value.n; j++) {
            tag = (tag ^ value.p[j]) * UINT64_C(0x9E3779B97F4A7C15);
        }
    }
    return tag ^ tag >> 32;
}

static enum jt_err put_key(const struct jt_claims *claims, struct jt_buf *out)
{
    struct jt_span value;
    jt_buf_clear(out);
    for (size_t i = 0; fixed_claim(claims, i, &value); i++) {
        JT_TRY(jt_buf_put(out, jt_span_of(&value.n, sizeof value.n)));
        JT_TRY(jt_buf_put(out, value));
    }
    return JT_OK;
}

static bool takes(struct jt_span *key, struct jt_span part)
{
    if (!jt_span_starts(*key, part)) {
        return false;
    }
    key->p += part.n;
    key->n -= part.n;
    return true;
}

static bool is_of(const struct kept *kept, const struct jt_claims *claims)
{
    struct jt_span key = jt_buf_span(&kept->key), value;
    if (key.n == 0) {
        return false;
    }
    for (size_t i = 0; fixed_claim(claims, i, &value); i++) {
        if (!takes(&key, jt_span_of(&value.n, sizeof value.n)) || !takes(&key, value)) {
            return false;
        }
    }
    return key.n == 0;
}

static enum jt_err keep(struct kept *kept, const struct jt_claims *claims, struct jt_span fixed)
{
    kept->n_spare = fixed.n % 3;
    size_t whole = fixed.n - kept->n_spare;
    memcpy(kept->spare, fixed.p + whole, kept->n_spare);
    kept->key.max = kept->text.max = FIXED_MAX;
    jt_buf_clear(&kept->key);
    jt_buf_clear(&kept->text);
    JT_TRY(jt_b64url_put(&kept->text, jt_span_of(fixed.p, whole)));
    return put_key(claims, &kept->key);
}

/* What has just been rendered is kept if its like came before. Where there is no memory for it the
 * token is made all the same. */
static void consider(struct jt_render *render, const struct jt_claims *claims, uint64_t tag,
                     size_t n_fixed)
{
    struct kept *kept = &render->kept[tag % JT_RENDER_KEPT];
    if (kept->seen == tag) {
        kept->tag = tag;
        if (keep(kept, claims, jt_span_of(render->scratch.p, n_fixed)) != JT_OK) {
            jt_buf_clear(&kept->key);
        }
    }
    kept->seen = tag;
}

/* --- rendering --- */

/* NULL: nothing is kept of them. */
static const struct kept *find(const struct jt_render *render, const struct jt_claims *claims,
                               uint64_t tag)
{
    const struct kept *kept = &render->kept[tag % JT_RENDER_KEPT];
    return kept->tag == tag && is_of(kept, claims) ? kept : NULL;
}

static enum jt_err put_whole(struct jt_render *render, const struct jt_claims *claims, uint64_t tag,
                             struct jt_buf *out)
{
    JT_TRY(jt_claims_check_fixed(claims));
    JT_TRY(jt_claims_put_fixed(claims, &render->scratch));
    size_t n_fixed = render->scratch.len;
    JT_TRY(jt_claims_put_own(claims, &render->scratch));
    JT_TRY(jt_b64url_put(out, jt_buf_span(&render->scratch)));
    consider(render, claims, tag, n_fixed);
    return JT_OK;
}

static enum jt_err put_with(struct jt_render *render, const struct kept *kept,
                            const struct jt_claims *claims, struct jt_buf *out)
{
    size_t before = out->len;
    JT_TRY(jt_buf_put(&render->scratch, jt_span_of(kept->spare, kept->n_spare)));
    JT_TRY(jt_claims_put_own(claims, &render->scratch));
    JT_TRY(jt_buf_put(out, jt_buf_span(&kept->text)));
    enum jt_err err = jt_b64url_put(out, jt_buf_span(&render->scratch));
    if (err != JT_OK) {
        out->len = before;
        out->p[before] = 0;
    }
    return err;
}

enum jt_err jt_render_put(struct jt_render *render, const struct jt_claims *claims,
                          int64_t longest_s, struct jt_buf *out)
{
    JT_TRY(jt_claims_check_own(claims, longest_s));
    uint64_t tag = tag_of(claims);
    const struct kept *kept = find(render, claims, tag);
    jt_buf_clear(&render->scratch);
    if (kept != NULL) {
        return put_with(render, kept, claims, out);
    }
    return put_whole(render, claims, tag, out);
}
