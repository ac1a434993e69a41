/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/load.h"
#include "issuer/load_crew.h"
#include "tests/support/failing_allocation.h"
#include "tests/unit/store_unit.h"
#include "tests/unit/unit_access.h"

#define MANY 5000 /* of several batches, however many help */

/* A client's row, of texts that are good until the next one. */
static struct jt_store_object row_of(size_t i)
{
    static char id[32], doc[128];
    (void)snprintf(id, sizeof id, "c%zu", i);
    (void)snprintf(doc, sizeof doc, "{\"client_id\":\"c%zu\",\"name\":\"n%zu\"}", i,
                   i * 7919 % MANY);
    return (struct jt_store_object){JT_STORE_CLIENT, jt_span_str(id), jt_span_str(doc),
                                    (int64_t)i + 1};
}

/* Hands it `n` rows, in place of the one of index `at` a row of `doc`. */
static enum jt_err run(size_t helpers, size_t n, size_t at, const char *doc,
                       struct jt_access **out_access, struct jt_diag *diag)
{
    struct jt_load_crew *crew = NULL;
    struct jt_object **objects = NULL;
    enum jt_err err = jt_load_crew_new(helpers, &crew);
    size_t made = 0;
    for (size_t i = 0; err == JT_OK && i < n; i++) {
        struct jt_store_object row = row_of(i);
        row.doc = i == at ? jt_span_str(doc) : row.doc;
        err = jt_load_crew_take(crew, &row);
    }
    if (crew != NULL) { /* whatever was refused, the end has the sentence */
        enum jt_err ended = jt_load_crew_end(crew, &objects, &made, diag);
        err = ended != JT_OK ? ended : err;
    }
    jt_load_crew_free(crew);
    if (err == JT_OK) {
        err = jt_access_fill(objects, made, out_access);
    }
    for (size_t i = 0; i < made; i++) {
        jt_object_free(objects[i]);
    }
    free(objects);
    return err;
}

static void crew_of_any_size_makes_every_row(void **state)
{
    (void)state;
    for (size_t helpers = 0; helpers <= JT_LOAD_CREW_MAX + 2; helpers++) {
        struct jt_access *access = NULL;
        assert_ok(run(helpers, MANY, MANY, NULL, &access, NULL));
        for (size_t i = 0; i < MANY; i++) {
            struct jt_store_object row = row_of(i);
            const struct jt_client *client = jt_access_client(access, row.id);
            assert_non_null(client);
            assert_int_equal(client->object.version, i + 1);
            assert_ptr_equal(jt_access_client_named(access, client->name), client);
        }
        jt_access_free(access);
    }
}

static void row_that_is_wrong_refused_by_its_name(void **state)
{
    (void)state;
    static const char right[] = "{\"client_id\":\"c7\",\"name\":\"n\",\"enabled\":false}";
    static const char *const wrong[] = {"{\"client_id\":\"c7\"}",
                                        "{\"client_id\":\"d\",\"name\":\"n\"}", "{", "[]",
                                        "{\"client_id\":\"c7\",\"name\":\"n\",\"a\":1}"};
    for (size_t helpers = 0; helpers <= 2; helpers++) {
        for (size_t i = 0; i < JT_COUNT(wrong); i++) {
            struct jt_diag diag = JT_DIAG_INIT;
            struct jt_access *access = NULL;
            assert_err(run(helpers, MANY, 7, wrong[i], &access, &diag), JT_ERR_STORE);
            assert_non_null(strstr(diag.text, "client 'c7' is not as it must be"));
            assert_ok(run(helpers, MANY, 7, right, &access, &diag));
            jt_access_free(access);
        }
    }
}

/* One that no batch has room for, among others. */
static void row_larger_than_a_batch_made(void **state)
{
    (void)state;
    enum { SCOPES = 4000 };
    JT_AUTO(buf) doc = JT_BUF_INIT(JT_OBJECT_MAX_DOC);
    assert_ok(jt_buf_puts(&doc, "{\"client_id\":\"c7\",\"name\":\"large\",\"grants\":["));
    for (size_t i = 0; i < SCOPES; i++) {
        assert_ok(jt_buf_printf(&doc, "%s\"https://a#%0100zu\"", i == 0 ? "" : ",", i));
    }
    assert_ok(jt_buf_puts(&doc, "]}"));
    struct jt_access *access = NULL;
    assert_ok(run(1, 10, 7, jt_buf_str(&doc), &access, NULL));
    assert_int_equal(jt_access_client(access, JT_SPAN("c7"))->n_grants, SCOPES);
    assert_non_null(jt_access_client(access, JT_SPAN("c9")));
    jt_access_free(access);
}

/* Three of them fill a batch's bytes long before its rows. */
static void large_rows_made_over_several_batches(void **state)
{
    (void)state;
    enum { ROWS = 12, SCOPES = 800 };
    JT_AUTO(buf) doc = JT_BUF_INIT(JT_OBJECT_MAX_DOC);
    struct jt_load_crew *crew = NULL;
    struct jt_object **objects = NULL;
    struct jt_access *access = NULL;
    size_t made = 0;
    assert_ok(jt_load_crew_new(0, &crew));
    for (size_t i = 0; i < ROWS; i++) {
        struct jt_store_object row = row_of(i);
        jt_buf_clear(&doc);
        assert_ok(
            jt_buf_printf(&doc, "{\"client_id\":\"c%zu\",\"name\":\"n%zu\",\"grants\":[", i, i));
        for (size_t k = 0; k < SCOPES; k++) {
            assert_ok(jt_buf_printf(&doc, "%s\"https://a#%0100zu\"", k == 0 ? "" : ",", k));
        }
        assert_ok(jt_buf_puts(&doc, "]}"));
        row.doc = jt_buf_span(&doc);
        assert_ok(jt_load_crew_take(crew, &row));
    }
    assert_ok(jt_load_crew_end(crew, &objects, &made, NULL));
    jt_load_crew_free(crew);
    assert_int_equal(made, ROWS);
    assert_ok(jt_access_fill(objects, made, &access));
    for (size_t i = 0; i < ROWS; i++) {
        jt_object_free(objects[i]);
        assert_int_equal(jt_access_client(access, row_of(i).id)->n_grants, SCOPES);
    }
    free(objects);
    jt_access_free(access);
}

/* Without helpers, whose allocations are counted apart. */
static void allocation_that_fails_leaves_nothing(void **state)
{
    (void)state;
    bool reached = true;
    for (long n = 0; reached; n++) {
        struct jt_access *access = NULL;
        allocations_left = n;
        enum jt_err err = run(0, 40, 40, NULL, &access, NULL);
        reached = allocations_left == -1;
        allocations_left = -1;
        assert_err(err, reached ? JT_ERR_NOMEM : JT_OK);
        jt_access_free(access);
    }
}

static void put_role(struct jt_store *store, const char *name)
{
    char doc[64];
    (void)snprintf(doc, sizeof doc, "{\"name\":\"%s\"}", name);
    begin(store);
    put(store, JT_STORE_ROLE, name, doc);
    commit(store);
}

static bool cut; /* the database ends before its end */

enum jt_err __wrap_jt_store_each_object(struct jt_store *store, jt_store_object_fn fn, void *ctx);
enum jt_err __real_jt_store_each_object(struct jt_store *store, jt_store_object_fn fn, void *ctx);

enum jt_err __wrap_jt_store_each_object(struct jt_store *store, jt_store_object_fn fn, void *ctx)
{
    enum jt_err err = __real_jt_store_each_object(store, fn, ctx);
    return err == JT_OK && cut ? JT_ERR_IO : err;
}

static void database_not_read_to_its_end_refused(void **state)
{
    (void)state;
    struct jt_load_found found = {0};
    struct jt_store *store = open_store();
    put_role(store, "a");
    cut = true;
    assert_err(jt_load_found(store, &found, NULL), JT_ERR_IO);
    cut = false;
    assert_ok(jt_load_found(store, &found, NULL));
    jt_access_free(found.access);
    jt_store_close(store);
}

static void found_follows_its_own_history_alone(void **state)
{
    (void)state;
    struct jt_load_found found = {0};
    struct jt_store *store = open_store();
    assert_false(jt_load_follows(store, &found)); /* nothing was */
    put_role(store, "a");
    assert_ok(jt_load_found(store, &found, NULL));
    assert_int_equal(found.version, 1);
    assert_non_null(jt_access_role(found.access, JT_SPAN("a")));
    assert_true(jt_load_follows(store, &found));
    put_role(store, "b");
    assert_true(jt_load_follows(store, &found));
    struct jt_access *later = NULL;
    assert_ok(jt_load_access(store, found.access, found.version, &later, NULL));
    assert_non_null(jt_access_role(later, JT_SPAN("a")));
    assert_non_null(jt_access_role(later, JT_SPAN("b")));
    jt_access_free(later);
    found.mark ^= 1;
    assert_false(jt_load_follows(store, &found));
    jt_access_free(found.access);
    jt_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crew_of_any_size_makes_every_row),
        cmocka_unit_test(row_that_is_wrong_refused_by_its_name),
        cmocka_unit_test(row_larger_than_a_batch_made),
        cmocka_unit_test(large_rows_made_over_several_batches),
        cmocka_unit_test(allocation_that_fails_leaves_nothing),
        cmocka_unit_test_setup_teardown(database_not_read_to_its_end_refused, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(found_follows_its_own_history_alone, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
