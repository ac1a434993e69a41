/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/access_table.h"
#include "tests/unit/unit_access.h"

static const struct access_row world[] = {
    {JT_STORE_RESOURCE, "{'identifier':'https://a','scopes':['r','w']}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://b','scopes':['r']}"},
    {JT_STORE_RESOURCE, "{'identifier':'https://free','scopes':['r']}"},
    {JT_STORE_ROLE, "{'name':'reader','grants':['https://a#r']}"},
    {JT_STORE_ROLE, "{'name':'idle','grants':[]}"},
    {JT_STORE_CLIENT, "{'client_id':'jtcA','name':'cart','roles':['reader'],"
                      "'grants':['https://b#r','https://a']}"},
    {JT_STORE_CLIENT, "{'client_id':'jtcB','name':'desk','default_resource':'https://b'}"},
};

/* --- what is written refers to what exists --- */

static void check_dangling_reference_refused(void **state)
{
    (void)state;
    static const struct {
        enum jt_store_kind kind;
        const char *refused;
        enum jt_err err;
        const char *sentence, *repaired;
    } rows[] = {
        {JT_STORE_ROLE, "{'name':'x','grants':['https://nowhere#r']}", JT_ERR_INVALID,
         "grants: ", "{'name':'x','grants':['https://a#r']}"},
        {JT_STORE_ROLE, "{'name':'x','grants':['https://b#w']}", JT_ERR_INVALID,
         "grants: ", "{'name':'x','grants':['https://a#w']}"},
        {JT_STORE_CLIENT, "{'client_id':'x','name':'x','grants':['https://nowhere']}",
         JT_ERR_INVALID, "grants: ", "{'client_id':'x','name':'x','grants':['https://a']}"},
        {JT_STORE_CLIENT, "{'client_id':'x','name':'x','roles':['nobody']}", JT_ERR_INVALID,
         "roles: ", "{'client_id':'x','name':'x','roles':['reader']}"},
        {JT_STORE_CLIENT, "{'client_id':'x','name':'x','default_resource':'https://nowhere'}",
         JT_ERR_INVALID,
         "default_resource: ", "{'client_id':'x','name':'x','default_resource':'https://a'}"},
        /* a name is a client's own; another's id would never be found as a name */
        {JT_STORE_CLIENT, "{'client_id':'x','name':'cart'}", JT_ERR_EXISTS,
         "name: ", "{'client_id':'jtcA','name':'cart'}"},
        {JT_STORE_CLIENT, "{'client_id':'x','name':'jtcA'}", JT_ERR_EXISTS,
         "name: ", "{'client_id':'jtcA','name':'jtcA'}"},
    };
    struct jt_access *access = access_of(world, JT_COUNT(world));
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_object *object = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_ok(parse_text(rows[i].kind, rows[i].refused, &object, &diag));
        assert_err(jt_access_check(access, object, &diag), rows[i].err);
        assert_ptr_equal(strstr(diag.text, rows[i].sentence), diag.text);
        jt_object_free(object);
        assert_ok(parse_text(rows[i].kind, rows[i].repaired, &object, &diag));
        assert_ok(jt_access_check(access, object, &diag));
        jt_object_free(object);
    }
    jt_access_free(access);
}

/* --- what is removed is not referred to --- */

static void removal_of_what_is_used_refused(void **state)
{
    (void)state;
    static const struct {
        enum jt_store_kind kind;
        const char *id, *then; /* NULL: deleted */
        const char *user;      /* NULL: allowed */
    } rows[] = {
        {JT_STORE_RESOURCE, "https://a", NULL, "reader"},
        {JT_STORE_RESOURCE, "https://b", NULL, "cart"},
        {JT_STORE_RESOURCE, "https://free", NULL, NULL},
        {JT_STORE_RESOURCE, "https://a", "{'identifier':'https://a','scopes':['w']}", "reader"},
        {JT_STORE_RESOURCE, "https://a", "{'identifier':'https://a','scopes':['r']}", NULL},
        {JT_STORE_RESOURCE, "https://b", "{'identifier':'https://b','scopes':[]}", "cart"},
        {JT_STORE_ROLE, "reader", NULL, "cart"},
        {JT_STORE_ROLE, "reader", "{'name':'reader','grants':[]}", NULL},
        {JT_STORE_ROLE, "idle", NULL, NULL},
        {JT_STORE_CLIENT, "jtcA", NULL, NULL},
    };
    struct jt_access *access = access_of(world, JT_COUNT(world));
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_object *then = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        if (rows[i].then != NULL) {
            assert_ok(parse_text(rows[i].kind, rows[i].then, &then, &diag));
        }
        const struct jt_object *now = jt_access_find(access, rows[i].kind, jt_span_str(rows[i].id));
        assert_non_null(now);
        const struct jt_access_change change = {rows[i].kind, now->id, then};
        struct jt_access *next = NULL;
        assert_ok(jt_access_apply(access, &change, 1, &next));
        enum jt_err err = jt_access_check_all(next, &diag);
        assert_err(err, rows[i].user == NULL ? JT_OK : JT_ERR_CONFLICT);
        assert_true(rows[i].user == NULL || strstr(diag.text, rows[i].user) != NULL);
        assert_true(rows[i].user == NULL || jt_access_loses(now, then));
        jt_access_free(next);
        jt_object_free(then);
    }
    jt_access_free(access);
}

static void removal_default_resource_alone_refuses(void **state)
{
    (void)state;
    static const struct access_row rows[] = {
        {JT_STORE_RESOURCE, "{'identifier':'https://a'}"},
        {JT_STORE_CLIENT, "{'client_id':'c','name':'desk','default_resource':'https://a'}"},
    };
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_access *access = access_of(rows + 1, 1);
    assert_err(jt_access_check_all(access, &diag), JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "desk"));
    jt_access_free(access);
    access = access_of(rows, 2);
    assert_ok(jt_access_check_all(access, &diag));
    jt_access_free(access);
}

/* --- changes --- */

static struct jt_object *role(const char *name)
{
    char text[64];
    struct jt_object *object = NULL;
    (void)snprintf(text, sizeof text, "{'name':'%s'}", name);
    assert_ok(parse_text(JT_STORE_ROLE, text, &object, NULL));
    return object;
}

static enum jt_err count(void *ctx, const struct jt_object *object)
{
    (void)object;
    ++*(size_t *)ctx;
    return JT_OK;
}

static size_t count_of(const struct jt_access *access, enum jt_store_kind kind)
{
    size_t n = 0;
    assert_ok(jt_access_each(access, kind, count, &n));
    return n;
}

static void apply_leaves_the_part_before_as_it_was(void **state)
{
    (void)state;
    struct jt_object *first = role("a"), *second = role("a"), *other = role("b");
    struct jt_access *access = NULL, *next = NULL;
    const struct jt_access_change changes[] = {{JT_STORE_ROLE, other->id, other},
                                               {JT_STORE_ROLE, first->id, first}};
    assert_ok(jt_access_apply(NULL, changes, 2, &access));
    assert_ptr_equal(jt_access_role(access, JT_SPAN("a")), first);
    assert_int_equal(count_of(access, JT_STORE_ROLE), 2);
    const struct jt_access_change replaced = {JT_STORE_ROLE, second->id, second};
    assert_ok(jt_access_apply(access, &replaced, 1, &next));
    assert_ptr_equal(jt_access_role(next, JT_SPAN("a")), second);
    assert_ptr_equal(jt_access_role(access, JT_SPAN("a")), first);
    jt_access_free(next);
    const struct jt_access_change gone[] = {{JT_STORE_ROLE, JT_SPAN("never"), NULL},
                                            {JT_STORE_ROLE, JT_SPAN("a"), NULL}};
    assert_ok(jt_access_apply(access, gone, 2, &next));
    assert_null(jt_access_role(next, JT_SPAN("a")));
    assert_ptr_equal(jt_access_role(access, JT_SPAN("a")), first);
    jt_access_free(access);
    assert_non_null(jt_access_role(next, JT_SPAN("b"))); /* shared, and still there */
    jt_access_free(next);
    jt_object_free(first);
    jt_object_free(second);
    jt_object_free(other);
}

static struct jt_object *client(const char *id, const char *name)
{
    char text[128];
    struct jt_object *object = NULL;
    (void)snprintf(text, sizeof text, "{'client_id':'%s','name':'%s'}", id, name);
    assert_ok(parse_text(JT_STORE_CLIENT, text, &object, NULL));
    return object;
}

/* A name may pass from one client to another in one change. */
static void apply_names_follow_their_clients(void **state)
{
    (void)state;
    struct jt_object *objects[] = {client("1", "a"), client("2", "b"), client("1", "b"),
                                   client("2", "a"), client("3", "b")};
    struct jt_access *access = NULL, *next = NULL;
    const struct jt_access_change made[] = {{JT_STORE_CLIENT, JT_SPAN("1"), objects[0]},
                                            {JT_STORE_CLIENT, JT_SPAN("2"), objects[1]}};
    const struct jt_access_change swapped[] = {{JT_STORE_CLIENT, JT_SPAN("1"), objects[2]},
                                               {JT_STORE_CLIENT, JT_SPAN("2"), objects[3]}};
    assert_ok(jt_access_apply(NULL, made, 2, &access));
    assert_ok(jt_access_apply(access, swapped, 2, &next));
    assert_ptr_equal(jt_access_client_named(next, JT_SPAN("b")), objects[2]);
    assert_ptr_equal(jt_access_client_named(next, JT_SPAN("a")), objects[3]);
    assert_ptr_equal(jt_access_client_named(access, JT_SPAN("a")), objects[0]);
    assert_ok(jt_access_check(next, objects[2], NULL));
    jt_access_free(access);
    /* two of one name stand beside each other until they are refused */
    const struct jt_access_change third = {JT_STORE_CLIENT, JT_SPAN("3"), objects[4]};
    assert_ok(jt_access_apply(next, &third, 1, &access));
    assert_err(jt_access_check(access, objects[4], NULL), JT_ERR_EXISTS);
    assert_err(jt_access_check(access, objects[2], NULL), JT_ERR_EXISTS);
    assert_ok(jt_access_check(access, objects[3], NULL));
    jt_access_free(access);
    const struct jt_access_change left = {JT_STORE_CLIENT, JT_SPAN("1"), NULL};
    assert_ok(jt_access_apply(next, &left, 1, &access));
    assert_null(jt_access_client_named(access, JT_SPAN("b")));
    jt_access_free(access);
    jt_access_free(next);
    for (size_t i = 0; i < JT_COUNT(objects); i++) {
        jt_object_free(objects[i]);
    }
}

static void apply_shares_what_did_not_change(void **state)
{
    (void)state;
    struct jt_access *access = access_of(world, JT_COUNT(world)), *next = NULL;
    struct jt_object *added = role("new");
    const struct jt_access_change change = {JT_STORE_ROLE, added->id, added};
    assert_ok(jt_access_apply(access, &change, 1, &next));
    for (size_t i = 0; i < JT_ACCESS_TABLES; i++) {
        assert_int_equal(access->tables[i] == next->tables[i], i != JT_ACCESS_ROLES);
    }
    assert_int_equal(count_of(next, JT_STORE_ROLE), 3);
    jt_object_free(added);
    jt_access_free(next);
    jt_access_free(access);
}

static void apply_many_clients_each_is_found(void **state)
{
    (void)state;
    enum { N = 1000 };
    static struct jt_access_change changes[N];
    struct jt_access *access = NULL;
    for (size_t i = 0; i < N; i++) {
        char text[80];
        struct jt_object *object = NULL;
        (void)snprintf(text, sizeof text, "{'client_id':'id%zu','name':'name%zu'}", i, i);
        assert_ok(parse_text(JT_STORE_CLIENT, text, &object, NULL));
        changes[i] = (struct jt_access_change){JT_STORE_CLIENT, object->id, object};
    }
    assert_ok(jt_access_apply(NULL, changes, N, &access));
    assert_int_equal(count_of(access, JT_STORE_CLIENT), N);
    for (size_t i = 0; i < N; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "name%zu", i);
        assert_ptr_equal(jt_access_client(access, changes[i].id), changes[i].object);
        assert_ptr_equal(jt_access_client_named(access, jt_span_str(name)), changes[i].object);
        jt_object_free(changes[i].object);
    }
    assert_null(jt_access_client(access, JT_SPAN("id1000")));
    assert_null(jt_access_client(access, JT_SPAN("")));
    assert_null(jt_access_client_named(access, JT_SPAN("id1")));
    jt_access_free(access);
}

/* Each table as it would be if the objects had come as changes, whatever their names begin with. */
static void fill_is_what_changes_over_nothing_make(void **state)
{
    (void)state;
    enum { N = 3000 };
    static struct jt_access_change changes[N];
    static struct jt_object *objects[N];
    struct jt_access *applied = NULL, *filled = NULL;
    for (size_t i = 0; i < N; i++) {
        static const char *const starts[] = {"n", "a.long.start.of.names-", "", "n0000"};
        char id[32], name[64];
        (void)snprintf(id, sizeof id, "id%zu", i * 7919 % N);
        (void)snprintf(name, sizeof name, "%s%zu", starts[i % JT_COUNT(starts)], i);
        objects[i] = i % 10 == 0 ? role(name) : client(id, i % 50 == 1 ? "twice" : name);
        changes[i] = (struct jt_access_change){objects[i]->kind, objects[i]->id, objects[i]};
    }
    assert_ok(jt_access_apply(NULL, changes, N, &applied));
    assert_ok(jt_access_fill(objects, N, &filled));
    for (size_t i = 0; i < JT_ACCESS_TABLES; i++) {
        const struct jt_access_table *a = applied->tables[i], *b = filled->tables[i];
        assert_int_equal(a == NULL, b == NULL);
        for (size_t k = 0; a != NULL && k < a->n; k++) {
            assert_int_equal(a->n, b->n);
            assert_int_equal(a->by_name, b->by_name);
            assert_ptr_equal(a->items[k], b->items[k]);
        }
    }
    jt_access_free(applied);
    jt_access_free(filled);
    for (size_t i = 0; i < N; i++) {
        jt_object_free(objects[i]);
    }
    assert_ok(jt_access_fill(NULL, 0, &filled));
    assert_int_equal(count_of(filled, JT_STORE_CLIENT), 0);
    jt_access_free(filled);
}

/* Where the name would stand, by looking at every one. */
static size_t place_of(const struct jt_access_table *table, struct jt_span name)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n; i++) {
        n += jt_span_cmp(table->items[i]->id, name) < 0;
    }
    return n;
}

static void assert_seeks(const struct jt_access_table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        uint8_t name[64];
        struct jt_span id = table->items[i]->id;
        memcpy(name, id.p, id.n);
        for (size_t n = 0; n <= id.n + 1; n++) { /* it, its starts, and one longer */
            static const uint8_t ends[] = {0, '0', 'z', 0xFF};
            for (size_t k = 0; n > 0 && k < sizeof ends; k++) {
                name[n - 1] = ends[k];
                struct jt_access_key key = {jt_span_of(name, n), JT_SPAN_NONE};
                assert_int_equal(jt_access_table_seek(table, &key), place_of(table, key.name));
            }
            name[n == 0 ? 0 : n - 1] = n == 0 || n > id.n ? id.p[0] : id.p[n - 1];
        }
        struct jt_access_key key = {id, JT_SPAN_NONE};
        assert_int_equal(jt_access_table_seek(table, &key), i);
    }
}

/* Names that begin alike, that are the start of others, and that differ late; then with others among
 * them. */
static void seek_finds_the_place_of_any_name(void **state)
{
    (void)state;
    static const char *const names[] = {"a.long.start.1",
                                        "a.long.start.12",
                                        "a.long.start.123456789",
                                        "a.long.start.123456780",
                                        "a.long.start.12345678",
                                        "a.long.start.1234567",
                                        "a.long.start.z",
                                        "a.long.start",
                                        "a.long",
                                        "zz",
                                        "0"};
    for (size_t n = 1; n <= JT_COUNT(names); n++) {
        struct jt_object *objects[JT_COUNT(names)];
        struct jt_access *access = NULL;
        for (size_t i = 0; i < n; i++) {
            objects[i] = role(names[i]);
        }
        assert_ok(jt_access_fill(objects, n, &access));
        assert_seeks(access->tables[JT_ACCESS_ROLES]);
        struct jt_access *less = NULL;
        const struct jt_access_change change = {JT_STORE_ROLE, objects[0]->id, NULL};
        assert_ok(jt_access_apply(access, &change, 1, &less));
        assert_seeks(less->tables[JT_ACCESS_ROLES]);
        jt_access_free(less);
        jt_access_free(access);
        for (size_t i = 0; i < n; i++) {
            jt_object_free(objects[i]);
        }
    }
}

struct walking {
    size_t next, stop;
};

static enum jt_err walk_one(void *ctx, const struct jt_object *object)
{
    struct walking *walking = ctx;
    char name[32];
    if (walking->stop > 0 && walking->next == walking->stop) {
        return JT_ERR_LIMIT;
    }
    (void)snprintf(name, sizeof name, "n%05zu", walking->next++);
    assert_span(jt_object_name(object), name);
    return JT_OK;
}

/* Every object once and in order, wherever the walk begins and whatever shard it stands in. */
static void walk_goes_by_name_from_anywhere(void **state)
{
    (void)state;
    enum { N = 600 };
    static struct jt_access_change changes[N];
    struct jt_access *access = NULL;
    for (size_t i = 0; i < N; i++) {
        char id[32], name[32];
        (void)snprintf(id, sizeof id, "id%zu", i * 7919 % N);
        (void)snprintf(name, sizeof name, "n%05zu", i);
        changes[i].object = client(id, name);
        changes[i].kind = JT_STORE_CLIENT;
        changes[i].id = changes[i].object->id;
    }
    assert_ok(jt_access_apply(NULL, changes, N, &access));
    for (size_t from = 0; from <= N; from += 37) {
        char after[32];
        struct walking walking = {.next = from};
        (void)snprintf(after, sizeof after, "n%05zu", from - 1);
        struct jt_span span = from == 0 ? JT_SPAN_NONE : jt_span_str(after);
        assert_ok(jt_access_walk(access, JT_STORE_CLIENT, span, walk_one, &walking));
        assert_int_equal(walking.next, N);
    }
    struct walking walking = {.stop = 10};
    assert_err(jt_access_walk(access, JT_STORE_CLIENT, JT_SPAN_NONE, walk_one, &walking),
               JT_ERR_LIMIT);
    assert_int_equal(walking.next, 10);
    for (size_t i = 0; i < N; i++) {
        jt_object_free(changes[i].object);
    }
    jt_access_free(access);
}

static void find_by_another_kind_is_nothing(void **state)
{
    (void)state;
    struct jt_access *access = access_of(world, JT_COUNT(world));
    assert_non_null(jt_access_resource(access, JT_SPAN("https://a")));
    assert_null(jt_access_role(access, JT_SPAN("https://a")));
    assert_null(jt_access_find(access, JT_STORE_PRODUCT, JT_SPAN("https://a")));
    assert_true(jt_access_defines(jt_access_resource(access, JT_SPAN("https://a")), JT_SPAN("r")));
    assert_false(jt_access_defines(jt_access_resource(access, JT_SPAN("https://a")), JT_SPAN("")));
    jt_access_free(access);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_dangling_reference_refused),
        cmocka_unit_test(removal_of_what_is_used_refused),
        cmocka_unit_test(removal_default_resource_alone_refuses),
        cmocka_unit_test(apply_leaves_the_part_before_as_it_was),
        cmocka_unit_test(apply_names_follow_their_clients),
        cmocka_unit_test(walk_goes_by_name_from_anywhere),
        cmocka_unit_test(apply_shares_what_did_not_change),
        cmocka_unit_test(apply_many_clients_each_is_found),
        cmocka_unit_test(fill_is_what_changes_over_nothing_make),
        cmocka_unit_test(seek_finds_the_place_of_any_name),
        cmocka_unit_test(find_by_another_kind_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
