/* SPDX-License-Identifier: Apache-2.0 */
/* What the store keeps beside its versions: last uses of secrets, replies to requests. */
#include "issuer/store/store.h"

#include "tests/support/postgres_store.h"
#include "tests/unit/store_unit.h"

#include "common/base/base.h"

#define NOW 1700000000

/* --- uses --- */

static enum jt_err list_use(void *ctx, const struct jt_store_use *use)
{
    return jt_buf_printf(ctx, "%.*s/%.*s@%lld ", (int)use->client.n, (const char *)use->client.p,
                         (int)use->secret.n, (const char *)use->secret.p, (long long)use->used_s);
}

/* In any order. */
static void assert_uses(struct jt_store *store, const char *expected)
{
    JT_AUTO(buf) out = JT_BUF_INIT(10000);
    assert_ok(jt_store_uses(store, 0, list_use, &out));
    struct jt_span rest = jt_span_str(expected);
    struct jt_span use;
    assert_int_equal(out.len, rest.n);
    while (jt_span_word(&rest, &use)) {
        assert_non_null(memmem(out.p, out.len, use.p, use.n));
    }
}

static void put_use(struct jt_store *store, const char *client, const char *secret, int64_t used_s)
{
    const struct jt_store_use use = {jt_span_str(client), jt_span_str(secret), used_s};
    assert_ok(jt_store_put_use(store, &use));
}

static void put_use_keeps_the_latest_and_raises_no_version(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_store *store = open_store();
    assert_uses(store, "");
    begin(store);
    put_use(store, "a", "1", 5);
    put_use(store, "a", "2", 6);
    put_use(store, "b", "1", 7);
    commit(store);
    assert_int_equal(version(store), 1);
    begin(store);
    put_use(store, "a", "1", 4); /* an earlier one */
    put_use(store, "a", "2", 60);
    put_use(store, "b", "1", 7);
    commit(store);
    jt_store_close(store);
    store = open_store();
    assert_uses(store, "a/1@5 a/2@60 b/1@7 ");
    assert_int_equal(version(store), 1);
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
}

static void forget_use_takes_that_one(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put_use(store, "a", "1", 5);
    put_use(store, "a", "2", 6);
    put_use(store, "b", "1", 7);
    assert_ok(jt_store_forget_use(store, JT_SPAN("a"), JT_SPAN("1")));
    assert_ok(jt_store_forget_use(store, JT_SPAN("a"), JT_SPAN("never")));
    assert_ok(jt_store_forget_use(store, JT_SPAN("never"), JT_SPAN("1")));
    commit(store);
    assert_uses(store, "a/2@6 b/1@7 ");
    begin(store); /* it may come back */
    put_use(store, "a", "1", 1);
    commit(store);
    assert_query("SELECT used_s FROM uses ORDER BY used_s", "1|6|7|");
    jt_store_close(store);
}

/* --- replies --- */

struct reply {
    char text[128]; /* REQUEST=ANSWER */
    size_t seen;
};

static enum jt_err take_reply(void *ctx, struct jt_span request, struct jt_span answer)
{
    struct reply *reply = ctx;
    reply->seen++;
    (void)snprintf(reply->text, sizeof reply->text, "%.*s=%.*s", (int)request.n,
                   (const char *)request.p, (int)answer.n, (const char *)answer.p);
    return JT_OK;
}

static void assert_reply(struct jt_store *store, const char *actor, const char *key, int64_t now_s,
                         const char *expected)
{
    struct reply reply = {.seen = 0};
    enum jt_err err =
        jt_store_reply(store, jt_span_str(actor), jt_span_str(key), now_s, take_reply, &reply);
    assert_err(err, expected == NULL ? JT_ERR_NOT_FOUND : JT_OK);
    assert_int_equal(reply.seen, expected != NULL);
    assert_string_equal(reply.text, expected == NULL ? "" : expected);
}

static void put_reply(struct jt_store *store, const char *actor, const char *key,
                      const char *request, const char *answer, int64_t at_s)
{
    const struct jt_store_reply row = {jt_span_str(actor), jt_span_str(key), jt_span_str(request),
                                       jt_span_str(answer), at_s};
    assert_ok(jt_store_put_reply(store, &row));
}

static void reply_given_to_its_actor_under_its_key(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_store *store = open_store();
    assert_reply(store, "a", "k", NOW, NULL);
    begin(store);
    put_reply(store, "a", "k", "r1", "one", NOW);
    put_reply(store, "a", "kk", "r2", "two", NOW);
    put_reply(store, "ak", "k", "r3", "three", NOW);
    put_reply(store, "a", "'; --", "r4", "four", NOW);
    commit(store);
    for (int round = 0; round < 2; round++) {
        assert_reply(store, "a", "k", NOW, "r1=one");
        assert_reply(store, "a", "kk", NOW, "r2=two");
        assert_reply(store, "ak", "k", NOW, "r3=three");
        assert_reply(store, "a", "'; --", NOW, "r4=four");
        assert_reply(store, "ak", "kk", NOW, NULL);
        assert_reply(store, "", "k", NOW, NULL);
        assert_reply(store, "a", "", NOW, NULL);
        assert_int_equal(version(store), 1);
        jt_store_close(store);
        store = open_store();
    }
    jt_store_close(store);
}

static void reply_over_after_a_day_and_dropped_by_the_next(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put_reply(store, "a", "k", "r", "old", NOW);
    put_reply(store, "a", "later", "r", "kept", NOW + 1);
    commit(store);
    assert_reply(store, "a", "k", NOW + JT_STORE_REPLY_S - 1, "r=old");
    assert_reply(store, "a", "k", NOW + JT_STORE_REPLY_S, NULL);
    assert_query("SELECT COUNT(*) FROM replies", "2|");
    begin(store);
    put_reply(store, "b", "k", "r", "new", NOW + JT_STORE_REPLY_S - 1);
    commit(store);
    assert_query("SELECT COUNT(*) FROM replies", "3|");
    begin(store);
    put_reply(store, "b", "k", "r2", "newer", NOW + JT_STORE_REPLY_S);
    commit(store);
    assert_query("SELECT answer FROM replies ORDER BY answer", "kept|newer|");
    assert_reply(store, "b", "k", NOW + JT_STORE_REPLY_S, "r2=newer");
    jt_store_close(store);
}

/* --- transactions --- */

static void notes_stand_and_fall_with_their_transaction(void **state)
{
    (void)state;
    const struct jt_store_use use = {JT_SPAN("a"), JT_SPAN("1"), 5};
    const struct jt_store_reply reply = {JT_SPAN("a"), JT_SPAN("k"), JT_SPAN("r"), JT_SPAN("x"),
                                         NOW};
    struct jt_store *store = open_store();
    assert_err(jt_store_put_use(store, &use), JT_ERR_ARGUMENT);
    assert_err(jt_store_forget_use(store, use.client, use.secret), JT_ERR_ARGUMENT);
    assert_err(jt_store_put_reply(store, &reply), JT_ERR_ARGUMENT);
    begin(store);
    put(store, JT_STORE_ROLE, "r", "{}");
    assert_ok(jt_store_put_use(store, &use));
    assert_ok(jt_store_put_reply(store, &reply));
    jt_store_rollback(store);
    assert_uses(store, "");
    assert_reply(store, "a", "k", NOW, NULL);
    assert_int_equal(version(store), 0);
    begin(store);
    put(store, JT_STORE_ROLE, "r", "{}");
    assert_ok(jt_store_put_use(store, &use));
    assert_ok(jt_store_put_reply(store, &reply));
    commit(store);
    assert_uses(store, "a/1@5 ");
    assert_reply(store, "a", "k", NOW, "r=x");
    assert_int_equal(version(store), 1);
    jt_store_close(store);
}

static enum jt_err refuse_use(void *ctx, const struct jt_store_use *use)
{
    (void)ctx;
    (void)use;
    return JT_ERR_LIMIT;
}

static enum jt_err refuse_reply(void *ctx, struct jt_span request, struct jt_span answer)
{
    (void)ctx;
    (void)request;
    (void)answer;
    return JT_ERR_IDEMPOTENCY;
}

static void callback_failing_is_told(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put_use(store, "a", "1", 5);
    put_reply(store, "a", "k", "r", "x", NOW);
    commit(store);
    assert_err(jt_store_uses(store, 0, refuse_use, NULL), JT_ERR_LIMIT);
    assert_err(jt_store_reply(store, JT_SPAN("a"), JT_SPAN("k"), NOW, refuse_reply, NULL),
               JT_ERR_IDEMPOTENCY);
    assert_uses(store, "a/1@5 ");
    assert_reply(store, "a", "k", NOW, "r=x");
    jt_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(put_use_keeps_the_latest_and_raises_no_version),
        store_test(forget_use_takes_that_one),
        store_test(reply_given_to_its_actor_under_its_key),
        store_test(reply_over_after_a_day_and_dropped_by_the_next),
        store_test(notes_stand_and_fall_with_their_transaction),
        store_test(callback_failing_is_told),
    };
    other_store = jt_postgres_store_asked();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    jt_postgres_store_end();
    return failed;
}
