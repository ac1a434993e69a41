/* SPDX-License-Identifier: Apache-2.0 */
/* Two readers of a client's document: what the quick one takes, the strict one takes for the same. */
#include "common/json/json.h"
#include "issuer/access/object.h"
#include "issuer/access/quick.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

static void compare(struct jt_span text, const struct jt_object *quickly)
{
    JT_AUTOP(object) strictly = NULL;
    JT_JSON_AUTO json_t *doc = NULL, *a = NULL, *b = NULL;
    MUST(jt_json_load_object(text, JT_JSON_DEPTH, &doc) == JT_OK);
    MUST(jt_object_parse(JT_STORE_CLIENT, doc, &strictly, NULL) == JT_OK);
    MUST(jt_object_json(quickly, true, &a) == JT_OK);
    MUST(jt_object_json(strictly, true, &b) == JT_OK);
    MUST(json_equal(a, b));
    MUST(quickly->kind == strictly->kind && quickly->version == strictly->version);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct jt_quick *quick; /* one for all, as who reads many documents has */
    JT_AUTOP(object) object = NULL;
    MUST(quick != NULL || jt_quick_new(&quick) == JT_OK);
    if (jt_quick_client(quick, jt_span_of(bytes, n), &object) == JT_OK) {
        compare(jt_span_of(bytes, n), object);
    }
    return 0;
}
