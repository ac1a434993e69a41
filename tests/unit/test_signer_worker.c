/* SPDX-License-Identifier: Apache-2.0 */
/* The signer's side of the ring, asked by hand: what a daemon that is no longer ours could put. */
#include "keys/signer_worker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keys/signer_wire.h"
#include "tests/unit/unit_clock.h"
#include "tests/unit/unit_signer.h"

#include "common/base/base.h"

#define LANE 70 /* of the second word of bits */
#define NOW  1700000000

static struct fixed_clock now;
static struct jt_ring *ring;
static struct jt_worker *worker;
static struct jt_sealed key;

static int make_worker(void **state)
{
    int fd = -1;
    (void)make_signer(state);
    key = generate_and_load(JT_ALG_ES256);
    assert_ok(jt_ring_new(&ring, &fd));
    assert_int_equal(close(fd), 0);
    assert_ok(jt_worker_new(ring, signer, fixed_clock(&now, NOW), &worker));
    return 0;
}

static int free_worker(void **state)
{
    jt_worker_free(worker);
    jt_ring_free(ring);
    jt_sealed_release(&key);
    return free_signer(state);
}

/* What is answered to `n` bytes that stand in the slot. */
static enum jt_err answer_of(size_t n)
{
    uint32_t request =
        (atomic_load(&ring->slots[LANE].request) & ~(uint32_t)1) + 2; /* as jt_ring_begin */
    jt_ring_put(ring, LANE, request, n);
    jt_worker_serve(worker);
    assert_int_equal(atomic_load(&ring->slots[LANE].answer), request);
    enum jt_err err = (enum jt_err)atomic_load(&ring->slots[LANE].err);
    assert_int_equal(atomic_load(&ring->slots[LANE].n_out) == 0, err != JT_OK);
    return err;
}

static size_t put(const struct jt_claims *claims)
{
    size_t n = 0;
    struct jt_ring_slot *slot = &ring->slots[LANE];
    assert_ok(jt_wire_put_claims(jt_buf_span(&key.kid), claims, slot->in, sizeof slot->in, &n));
    return n;
}

static enum jt_err sign_claims(const struct jt_claims *claims)
{
    return answer_of(put(claims));
}

static struct jt_span token(void)
{
    struct jt_ring_slot *slot = &ring->slots[LANE];
    return jt_span_of(slot->out, atomic_load(&slot->n_out));
}

static void claims_in_a_slot_are_signed(void **state)
{
    (void)state;
    const struct jt_claims claims = some_claims("at+jwt");
    assert_ok(sign_claims(&claims));
    assert_true(verify_by_openssl(token(), &key));
}

static void lifetime_over_the_bound_refused_here_too(void **state)
{
    (void)state;
    struct jt_claims claims = some_claims("at+jwt");
    claims.exp_s = claims.iat_s + LONGEST + 1;
    assert_err(sign_claims(&claims), JT_ERR_LIFETIME);
    claims.exp_s--;
    assert_ok(sign_claims(&claims));
    claims.exp_s = claims.iat_s;
    assert_err(sign_claims(&claims), JT_ERR_LIFETIME);
    claims.iat_s = INT64_MIN; /* the difference would overflow */
    assert_err(sign_claims(&claims), JT_ERR_ARGUMENT);
}

/* exp - iat in the bound, and both far away: a token for years. */
static void iat_in_the_future_refused(void **state)
{
    (void)state;
    struct jt_claims claims = some_claims("at+jwt");
    claims.iat_s = NOW + JT_WORKER_SKEW_S + 1;
    claims.exp_s = claims.iat_s + LONGEST;
    assert_err(sign_claims(&claims), JT_ERR_LIFETIME);
    claims.iat_s--;
    claims.exp_s--;
    assert_ok(sign_claims(&claims));
}

static void extra_claims_that_are_ours_or_no_json_refused(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *right;
    } rows[] = {
        {"\"exp\":99999999999", "\"expo\":99999999999"},
        {"\"a\":1,\"\\u0065xp\":99999999999", "\"a\":1,\"\\u0066xp\":99999999999"},
        {"\"a\":{},\"iss\":\"x\"", "\"a\":{\"iss\":\"x\"}"},
        {"\"sub\":1", "\"sup\":1"},
        {"\"aud\":1", "\"Aud\":1"},
        {"\"client_id\":1", "\"client-id\":1"},
        {"\"scope\":1", "\"scopes\":1"},
        {"\"iat\":1", "\"ia\":1"},
        {"\"nbf\":1", "\"nb\":1"},
        {"\"jti\":1", "\"jt\":1"},
        {"\"a\":1}.{\"b\":2", "\"a\":1,\"b\":2"},
        {"\"a\":1,", "\"a\":1"},
        {"\"a\"", "\"a\":\"\""},
        {"\"a\":1,\"a\":2", "\"a\":1,\"b\":2"},
        {" ", ""},
    };
    struct jt_claims claims = some_claims("at+jwt");
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        claims.extra = jt_span_str(rows[i].wrong);
        assert_err(sign_claims(&claims), JT_ERR_ARGUMENT);
        claims.extra = jt_span_str(rows[i].right);
        assert_ok(sign_claims(&claims));
        assert_true(verify_by_openssl(token(), &key));
    }
}

static void bytes_that_are_no_claims_refused(void **state)
{
    (void)state;
    const struct jt_claims claims = some_claims("at+jwt");
    size_t n = put(&claims);
    assert_err(answer_of(n - 1), JT_ERR_ARGUMENT);
    assert_err(answer_of(n + 1), JT_ERR_ARGUMENT);
    assert_err(answer_of(0), JT_ERR_ARGUMENT);
    assert_err(answer_of(JT_RING_IN_MAX), JT_ERR_ARGUMENT);
    assert_ok(answer_of(n));
    /* a header and a payload ready to be signed are no claims */
    static const char text[] = "eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjk5OTk5OTk5OTl9";
    memcpy(ring->slots[LANE].in, text, sizeof text - 1);
    assert_err(answer_of(sizeof text - 1), JT_ERR_ARGUMENT);
}

static void length_past_the_slot_is_not_read(void **state)
{
    (void)state;
    const struct jt_claims claims = some_claims("at+jwt");
    size_t n = put(&claims);
    uint32_t request = jt_ring_begin(ring, LANE);
    jt_ring_put(ring, LANE, request, JT_RING_IN_MAX + 1);
    jt_worker_serve(worker);
    assert_int_not_equal(atomic_load(&ring->slots[LANE].answer), request);
    jt_ring_put(ring, LANE, request, n);
    jt_worker_serve(worker);
    assert_int_equal(atomic_load(&ring->slots[LANE].answer), request);
}

static void request_being_written_waits(void **state)
{
    (void)state;
    const struct jt_claims claims = some_claims("at+jwt");
    size_t n = put(&claims);
    jt_ring_put(ring, LANE, 3, n); /* odd */
    jt_worker_serve(worker);
    assert_int_equal(atomic_load(&ring->slots[LANE].answer), 0);
    jt_ring_put(ring, LANE, 4, n);
    jt_worker_serve(worker);
    assert_int_equal(atomic_load(&ring->slots[LANE].answer), 4);
}

static void every_lane_is_served_in_turns(void **state)
{
    (void)state;
    const struct jt_claims claims = some_claims("at+jwt");
    size_t n = put(&claims), cursor = 0, lane_taken = 0;
    for (size_t i = 0; i < JT_SIGNER_LANES_MAX; i++) {
        memcpy(ring->slots[i].in, ring->slots[LANE].in, n);
        jt_ring_put(ring, i, jt_ring_begin(ring, i), n);
    }
    assert_true(jt_ring_take(ring, &cursor, &lane_taken));
    assert_int_equal(lane_taken, 0);
    jt_ring_put(ring, 0, 2, n); /* it comes again at once, and waits for the others all the same */
    assert_true(jt_ring_take(ring, &cursor, &lane_taken));
    assert_int_equal(lane_taken, 1);
    jt_ring_put(ring, 1, 2, n);
    jt_worker_serve(worker);
    for (size_t i = 0; i < JT_SIGNER_LANES_MAX; i++) {
        assert_int_equal(atomic_load(&ring->slots[i].answer), atomic_load(&ring->slots[i].request));
        assert_ok((enum jt_err)atomic_load(&ring->slots[i].err));
    }
    assert_false(jt_ring_take(ring, &cursor, &lane_taken));
}

/* --- the ring itself --- */

static void ring_of_another_size_or_not_sealed_refused(void **state)
{
    (void)state;
    struct jt_ring *mapped = NULL;
    int plain = memfd_create("plain", MFD_CLOEXEC);
    assert_int_equal(ftruncate(plain, sizeof(struct jt_ring)),
                     0); /* could be cut while it is read */
    assert_err(jt_ring_map(plain, &mapped), JT_ERR_ARGUMENT);
    assert_int_equal(close(plain), 0);
    int small = memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(small, sizeof(struct jt_ring) - 1), 0);
    assert_int_equal(fcntl(small, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    assert_err(jt_ring_map(small, &mapped), JT_ERR_ARGUMENT);
    assert_int_equal(close(small), 0);
    struct jt_ring *made = NULL;
    int right = -1;
    assert_ok(jt_ring_new(&made, &right));
    assert_int_equal(ftruncate(right, 0), -1);
    assert_ok(jt_ring_map(right, &mapped));
    atomic_store(&made->slots[3].request, 5);
    assert_int_equal(atomic_load(&mapped->slots[3].request), 5);
    assert_int_equal(close(right), 0);
    jt_ring_free(made);
    jt_ring_free(mapped);
}

static void await_ends_when_the_epoch_has_changed(void **state)
{
    (void)state;
    _Atomic uint32_t epoch = 7;
    uint32_t request = jt_ring_begin(ring, LANE);
    assert_false(jt_ring_await(ring, LANE, request, &epoch, 6));
    assert_false(
        jt_ring_answer(ring, LANE, request, JT_ERR_CRYPTO, JT_SPAN_NONE)); /* none sleeps */
    assert_true(jt_ring_await(ring, LANE, request, &epoch, 7));
    jt_ring_shake(ring); /* what was answered before is no answer any more */
    assert_false(jt_ring_await(ring, LANE, request, &epoch, 6));
}

#define with_worker(test) cmocka_unit_test_setup_teardown(test, make_worker, free_worker)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_worker(claims_in_a_slot_are_signed),
        with_worker(lifetime_over_the_bound_refused_here_too),
        with_worker(iat_in_the_future_refused),
        with_worker(extra_claims_that_are_ours_or_no_json_refused),
        with_worker(bytes_that_are_no_claims_refused),
        with_worker(length_past_the_slot_is_not_read),
        with_worker(request_being_written_waits),
        with_worker(every_lane_is_served_in_turns),
        cmocka_unit_test(ring_of_another_size_or_not_sealed_refused),
        with_worker(await_ends_when_the_epoch_has_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
