/* SPDX-License-Identifier: Apache-2.0 */
/* From a configuration to rules, verifier and workers: what the verifier refuses, and memory. */
#include "verifier/guard/generation.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/support/failing_allocation.h"
#include "tests/support/token_maker.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

static char path[] = "/tmp/jeton-generation-XXXXXX";
static const char *good;

static int make_keys(void **state)
{
    (void)state;
    const char *keys =
        token_maker_jwks(token_maker_jwk(token_maker_key("ES256"), "\"kid\":\"k\""), NULL);
    int fd = mkstemp(path);
    ssize_t n = fd < 0 ? -1 : write(fd, keys, strlen(keys));
    good =
        token_maker_text("issuers: [{issuer: 'https://a', jwks_file: '%s', algorithms: [ES256]}]\n"
                         "rules: [{audience: x}, {path: /y, audience: x, any_of: [r]}]\n",
                         path);
    return fd < 0 || close(fd) != 0 || n < 0 ? -1 : 0;
}

static int remove_keys(void **state)
{
    (void)state;
    token_maker_release();
    return unlink(path);
}

static enum jt_err check(const char *text, struct jt_diag *diag)
{
    struct jt_guardconf conf;
    *diag = (struct jt_diag)JT_DIAG_INIT;
    JT_TRY(jt_guardconf_load(jt_span_str(text), "g.yaml", &conf, diag));
    enum jt_err err = jt_generation_check(&conf, "g.yaml", diag);
    jt_guardconf_release(&conf);
    return err;
}

static void check_tells_what_the_verifier_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *bad, *part, *mended;
    } pairs[] = {
        {"issuers: [{issuer: 'http://a'}]\nrules: [{audience: x}]\n", "https",
         "issuers: [{issuer: 'https://a'}]\nrules: [{audience: x}]\n"},
        {"issuers: [{issuer: 'https://a', jwks_uri: 'ftp://a'}]\nrules: [{audience: x}]\n", "https",
         "issuers: [{issuer: 'https://a', jwks_uri: 'https://a/k'}]\nrules: [{audience: x}]\n"},
        {"issuers: [{issuer: 'https://a', jwks_file: /nowhere}]\nrules: [{audience: x}]\n",
         "/nowhere", "issuers: [{issuer: 'https://a'}]\nrules: [{audience: x}]\n"},
    };
    struct jt_diag diag;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        assert_err(check(pairs[i].bad, &diag), JT_ERR_CONFIG);
        assert_ptr_equal(strstr(diag.text, "g.yaml:1:11: issuers[0]: "), diag.text);
        assert_null(strstr(diag.text, "policy"));
        if (strstr(diag.text, pairs[i].part) == NULL) {
            fail_msg("%s", diag.text);
        }
        if (check(pairs[i].mended, &diag) != JT_OK) {
            fail_msg("%s", diag.text);
        }
    }
    assert_ok(check(good, &diag));
}

static void second_issuer_named_by_its_place(void **state)
{
    (void)state;
    static const char second[] =
        "issuers:\n  - issuer: https://a\n  - {issuer: 'https://b', jwks_uri: "
        "'%s://b/k'}\nrules: [{audience: x}]\n";
    static const char *const schemes[] = {"ftp", "https"};
    for (size_t i = 0; i < JT_COUNT(schemes); i++) {
        char whole[256];
        struct jt_guardconf conf;
        struct jt_generation *generation = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        struct jt_span before = jt_span_str(second);
        size_t mark = (size_t)(strstr(second, "%s") - second);
        (void)snprintf(whole, sizeof whole, "%.*s%s%s", (int)mark, (const char *)before.p,
                       schemes[i], second + mark + 2);
        enum jt_err err = check(whole, &diag);
        assert_err(err, i == 0 ? JT_ERR_CONFIG : JT_OK);
        if (i == 0) {
            assert_ptr_equal(strstr(diag.text, "g.yaml:3:5: issuers[1]: jwks_uri must be"),
                             diag.text);
            /* and so at a start */
            struct jt_diag again = JT_DIAG_INIT;
            assert_ok(jt_guardconf_load(jt_span_str(whole), "g.yaml", &conf, &again));
            assert_err(jt_generation_new(&conf, "g.yaml", 1, NULL, &generation, &again),
                       JT_ERR_CONFIG);
            assert_string_equal(again.text, diag.text);
        }
    }
}

static void generation_has_a_worker_for_each_thread(void **state)
{
    (void)state;
    struct jt_guardconf conf;
    struct jt_generation *generation = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_guardconf_load(jt_span_str(good), "g.yaml", &conf, &diag));
    assert_ok(jt_generation_new(&conf, "g.yaml", 3, NULL, &generation, &diag));
    assert_null(conf.issuers.items); /* taken */
    assert_int_equal(generation->n_workers, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(jeton_verify(generation->workers[i], "a.b.c", 5, NULL, NULL),
                         JETON_MALFORMED);
    }
    assert_int_equal(generation->rules.n, 2);
    jt_generation_free(generation);
}

/* --- memory: the n-th allocation of ours fails, for every n --- */

static enum jt_err load_and_make(struct jt_diag *diag)
{
    struct jt_guardconf conf;
    struct jt_generation *generation = NULL;
    JT_TRY(jt_guardconf_load(jt_span_str(good), "g.yaml", &conf, diag));
    JT_TRY(jt_generation_new(&conf, "g.yaml", 2, NULL, &generation, diag));
    jt_generation_free(generation);
    return JT_OK;
}

static void any_allocation_failing_told(void **state)
{
    (void)state;
    long n = 0;
    for (bool untouched = false; !untouched; n++) {
        struct jt_diag diag = JT_DIAG_INIT;
        allocations_left = n;
        enum jt_err err = load_and_make(&diag);
        untouched = allocations_left >= 0;
        allocations_left = -1;
        if (err != (untouched ? JT_OK : JT_ERR_NOMEM)) {
            fail_msg("allocation %ld: %s: %s", n, jt_err_name(err), diag.text);
        }
    }
    assert_true(n > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_tells_what_the_verifier_refuses),
        cmocka_unit_test(second_issuer_named_by_its_place),
        cmocka_unit_test(generation_has_a_worker_for_each_thread),
        cmocka_unit_test(any_allocation_failing_told),
    };
    return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
