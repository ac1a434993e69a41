/* SPDX-License-Identifier: Apache-2.0 */
/* A key that the witness does not accept becomes nothing: whatever step made it is undone whole. */
#include "keys/witness.h"

#include "tests/unit/unit_issuer.h"

#include "common/base/base.h"

static bool refusing;
static int judged;

enum jt_err __real_jt_witness_judge(struct jt_span token, struct jt_span public_jwk,
                                    enum jt_alg alg, struct jt_diag *diag);
enum jt_err __wrap_jt_witness_judge(struct jt_span token, struct jt_span public_jwk,
                                    enum jt_alg alg, struct jt_diag *diag);

enum jt_err __wrap_jt_witness_judge(struct jt_span token, struct jt_span public_jwk,
                                    enum jt_alg alg, struct jt_diag *diag)
{
    judged++;
    if (refusing) {
        return jt_diag_fail(diag, JT_ERR_WITNESS, "the witness refuses");
    }
    return __real_jt_witness_judge(token, public_jwk, alg, diag);
}

static enum jt_err rotate(struct jt_diag *diag)
{
    return jt_issuer_rotate(desk.issuer, JT_ALG_ES256, false, "test", diag);
}

static enum jt_err revoke_next(struct jt_diag *diag)
{
    const struct jt_key_part *keys = desk_root()->keys;
    const struct jt_key_times *next = jt_schedule_next(keys->times, keys->n_times, JT_ALG_ES256);
    char kid[JT_KEY_KID_MAX];
    memcpy(kid, next->kid, sizeof kid);
    return jt_issuer_revoke(desk.issuer, kid, false, "test", diag);
}

static enum jt_err tick(struct jt_diag *diag)
{
    fixed_clock_pass(&desk.clock, 31 * DAY_S);
    return jt_issuer_tick(desk.issuer, diag);
}

static void step_whose_key_is_refused_changes_nothing(void **state)
{
    (void)state;
    enum jt_err (*const steps[])(struct jt_diag *) = {rotate, revoke_next, tick};
    desk_open("  jitter: 0s\n");
    for (size_t i = 0; i < JT_COUNT(steps); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        char etag[48];
        fixed_clock_pass(&desk.clock, 2 * DAY_S);
        assert_ok(jt_issuer_tick(desk.issuer, &diag));
        memcpy(etag, desk_root()->keys->etag, sizeof etag);
        int64_t version = desk_root()->version, stored = 0;
        refusing = true;
        judged = 0;
        assert_err(steps[i](&diag), JT_ERR_WITNESS);
        assert_true(judged > 0);
        assert_string_equal(desk_root()->keys->etag, etag);
        assert_ok(jt_store_version(desk.issuer->store, &stored));
        assert_int_equal(stored, version);
        refusing = false;
        assert_ok(steps[i](&diag));
        assert_string_not_equal(desk_root()->keys->etag, etag);
    }
}

static void first_start_whose_key_is_refused_leaves_no_key(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    refusing = true;
    assert_err(desk_try_open("", &diag), JT_ERR_WITNESS);
    refusing = false;
    desk_open("");
    assert_int_equal(desk_root()->keys->n_times, 2); /* those of this start */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(step_whose_key_is_refused_changes_nothing),
        DESK_TEST(first_start_whose_key_is_refused_leaves_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
