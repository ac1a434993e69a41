/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_access.h"

#include "issuer/merge_patch.h"

/* RFC 7396 appendix A, of those whose target and patch are objects. */
static void merge_as_the_rfc_shows(void **state)
{
    (void)state;
    static const struct {
        const char *target, *patch, *result;
    } rows[] = {
        {"{'a':'b'}", "{'a':'c'}", "{'a':'c'}"},
        {"{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}"},
        {"{'a':'b'}", "{'a':null}", "{}"},
        {"{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}"},
        {"{'a':['b']}", "{'a':'c'}", "{'a':'c'}"},
        {"{'a':'c'}", "{'a':['b']}", "{'a':['b']}"},
        {"{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}"},
        {"{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}"},
        {"{'e':null}", "{'a':1}", "{'e':null,'a':1}"},
        {"{'a':'foo'}", "{'a':{'b':1}}", "{'a':{'b':1}}"},
        {"{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}"},
        {"{'a':1}", "{}", "{'a':1}"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        json_t *target = doc_of(rows[i].target), *patch = doc_of(rows[i].patch);
        json_t *result = doc_of(rows[i].result), *untouched = doc_of(rows[i].patch);
        assert_ok(jt_merge_patch(target, patch));
        if (json_equal(target, result) == 0) {
            fail_msg("row %zu", i);
        }
        assert_true(json_equal(patch, untouched));
        json_decref(target);
        json_decref(patch);
        json_decref(result);
        json_decref(untouched);
    }
}

static void merge_deeper_than_documents_refused(void **state)
{
    (void)state;
    json_t *target = json_object();
    for (int over = 0; over < 2; over++) {
        json_t *patch = json_object();
        for (int i = 1; i < JT_JSON_DEPTH + over; i++) {
            patch = json_pack("{s:o}", "a", patch);
        }
        assert_err(jt_merge_patch(target, patch), over == 0 ? JT_OK : JT_ERR_LIMIT);
        json_decref(patch);
    }
    json_decref(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merge_as_the_rfc_shows),
        cmocka_unit_test(merge_deeper_than_documents_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
