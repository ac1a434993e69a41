/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the admin API takes as JSON. As an object of each kind: what is taken is told again in a form
 * that is taken for the same. As a list for apply: where its pieces are cut makes no difference.
 */
#include "common/base/random.h"
#include "common/json/json.h"
#include "issuer/access/object.h"
#include "issuer/apply_input.h"
#include "issuer/issuer.h"
#include "issuer/merge_patch.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

static void check_object(enum jt_store_kind kind, const json_t *doc)
{
    JT_AUTOP(object) first = NULL;
    JT_AUTOP(object) second = NULL;
    JT_JSON_AUTO json_t *told = NULL, *told_again = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_object_parse(kind, doc, &first, &diag);
    MUST(err == JT_OK || err == JT_ERR_INVALID);
    MUST((err == JT_OK) == (first != NULL));
    if (err != JT_OK) {
        MUST(strchr(diag.text, ':') != NULL && strchr(diag.text, '\n') == NULL);
        return;
    }
    MUST(first->kind == kind && first->id.n > 0);
    MUST(jt_object_json(first, true, &told) == JT_OK);
    MUST(jt_object_parse(kind, told, &second, &diag) == JT_OK);
    MUST(jt_span_eq(first->id, second->id));
    MUST(jt_object_json(second, true, &told_again) == JT_OK);
    MUST(json_equal(told, told_again));
}

static void check_patch(json_t *doc)
{
    JT_JSON_AUTO json_t *target = json_object(), *again = NULL;
    MUST(target != NULL && jt_merge_patch(target, doc) == JT_OK);
    again = json_deep_copy(target);
    MUST(again != NULL && jt_merge_patch(again, doc) == JT_OK);
    MUST(json_equal(target, again));
}

static void check_apply(struct jt_span text, size_t cut)
{
    static struct jt_issuer issuer = {.random = &jt_random_system};
    struct jt_apply_input whole, pieces;
    struct jt_diag diag = JT_DIAG_INIT, diag_pieces = JT_DIAG_INIT;
    jt_apply_input_init(&whole, &issuer);
    jt_apply_input_init(&pieces, &issuer);
    (void)jt_apply_input_take(&whole, text); /* end tells */
    bool more = true;
    for (size_t at = 0; at < text.n && more; at += cut) {
        size_t n = text.n - at < cut ? text.n - at : cut;
        more = jt_apply_input_take(&pieces, jt_span_of(text.p + at, n));
    }
    enum jt_err err = jt_apply_input_end(&whole, &diag);
    MUST(err == jt_apply_input_end(&pieces, &diag_pieces));
    MUST(strcmp(diag.text, diag_pieces.text) == 0);
    MUST(err != JT_OK || whole.n == pieces.n);
    for (size_t i = 0; err == JT_OK && i < whole.n; i++) {
        MUST(whole.items[i].object->kind == pieces.items[i].object->kind);
        MUST(whole.items[i].line == pieces.items[i].line);
    }
    jt_apply_input_release(&whole);
    jt_apply_input_release(&pieces);
    MUST(atomic_load(&issuer.applying) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    JT_JSON_AUTO json_t *doc = NULL;
    struct jt_span text = jt_span_of(bytes, n);
    if (jt_json_load_object(text, JT_JSON_DEPTH, &doc) == JT_OK) {
        for (int kind = JT_STORE_RESOURCE; kind <= JT_STORE_PRODUCT; kind++) {
            check_object((enum jt_store_kind)kind, doc);
        }
        check_patch(doc);
    }
    check_apply(text, n % 7 + 1);
    return 0;
}
