/* SPDX-License-Identifier: Apache-2.0 */
/* Two readers of a client's document: what the quick one takes, the other takes for the same. */
#include "tests/unit/unit_access.h"

#include "issuer/access/quick.h"

#define HASH   "'hash':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'"
#define SECRET "{'id':'1','name':'s','created_s':1700000000,'expires_s':null," HASH "}"

/* As the store keeps it. */
static const char whole[] =
    "{'client_id':'c','name':'n','enabled':false,'scope_policy':'strict',"
    "'default_resource':'https://a','roles':['r','s'],'subscriptions':["
    "{'product':'p','status':'pending'},{'product':'q','status':'approved'}],"
    "'grants':['https://a#r','https://a'],'secrets':[" SECRET ","
    "{'id':'2','name':'t','created_s':6,'expires_s':9," HASH "}],"
    "'owner':'team \\u00e9','labels':{'team':'pay','x':''}}";

static struct jt_quick *quick;

static int setup(void **state)
{
    (void)state;
    assert_ok(jt_quick_new(&quick));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jt_quick_free(quick);
    return 0;
}

/* With double quotes, to free. */
static char *text_of(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c != 0; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return copy;
}

static bool slow_takes(struct jt_span text, struct jt_object **out_object)
{
    json_t *doc = NULL;
    bool taken = jt_json_load_object(text, JT_JSON_DEPTH, &doc) == JT_OK &&
                 jt_object_parse(JT_STORE_CLIENT, doc, out_object, NULL) == JT_OK;
    json_decref(doc);
    return taken;
}

static void assert_same(const struct jt_object *a, const struct jt_object *b)
{
    json_t *x = NULL, *y = NULL;
    assert_ok(jt_object_json(a, true, &x));
    assert_ok(jt_object_json(b, true, &y));
    assert_true(json_equal(x, y));
    json_decref(x);
    json_decref(y);
    assert_int_equal(a->kind, b->kind);
    assert_true(a->bytes > 0);
}

/* Whether the quick one takes it: then the other does, too, and makes the same of it. */
static bool takes(struct jt_span text)
{
    struct jt_object *object = NULL, *other = NULL;
    if (jt_quick_client(quick, text, &object) != JT_OK) {
        return false;
    }
    if (!slow_takes(text, &other)) {
        fail_msg("taken, and is none: %.*s", (int)text.n, (const char *)text.p);
    }
    assert_same(object, other);
    jt_object_free(object);
    jt_object_free(other);
    return true;
}

static bool takes_text(const char *text)
{
    char *copy = text_of(text);
    bool taken = takes(jt_span_str(copy));
    free(copy);
    return taken;
}

static void client_as_the_store_keeps_it_taken(void **state)
{
    (void)state;
    struct jt_object *object = NULL, *again = NULL;
    json_t *doc = NULL;
    char *text = text_of(whole);
    assert_true(takes(jt_span_str(text)));
    /* and as it is written back */
    JT_AUTO(buf) written = JT_BUF_INIT(4096);
    assert_ok(jt_quick_client(quick, jt_span_str(text), &object));
    assert_ok(jt_object_json(object, true, &doc));
    assert_ok(jt_json_dump(doc, &written));
    assert_ok(jt_quick_client(quick, jt_buf_span(&written), &again));
    assert_same(object, again);
    assert_true(takes_text("{'client_id':'c','name':'n'}"));
    json_decref(doc);
    jt_object_free(object);
    jt_object_free(again);
    free(text);
}

/* Every byte of a document, made into every other one, and left out. */
static void changed_byte_taken_only_when_the_other_takes_it(void **state)
{
    (void)state;
    size_t n = sizeof whole - 1, taken = 0;
    char *text = text_of(whole), *changed = malloc(n);
    assert_non_null(changed);
    for (size_t i = 0; i < n; i++) {
        memcpy(changed, text, n);
        for (unsigned byte = 0; byte < 256; byte++) {
            changed[i] = (char)byte;
            taken += takes(jt_span_of(changed, n));
        }
        memmove(changed + i, text + i + 1, n - i - 1);
        taken += takes(jt_span_of(changed, n - 1));
        (void)takes(jt_span_of(text, i));
    }
    assert_true(taken > n); /* letters of names, digits of times */
    free(changed);
    free(text);
}

#define CLIENT "{'client_id':'c','name':'n'"

/* Each that is left to the other reader, with the same repaired. */
static void unusual_document_left_to_the_other(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"{'client_id':'c'}", CLIENT "}"},
        {"{'client_id':null,'name':'n'}", CLIENT "}"},
        {CLIENT ",'roles':['a','a']}", CLIENT ",'roles':['a','b']}"},
        {CLIENT ",'roles':[1]}", CLIENT ",'roles':['1']}"},
        {CLIENT ",'grants':['a:b','a:b']}", CLIENT ",'grants':['a:b','a:c']}"},
        {CLIENT ",'grants':['a']}", CLIENT ",'grants':null}"},
        {CLIENT ",'subscriptions':['p']}",
         CLIENT ",'subscriptions':[{'product':'p','status':'revoked'}]}"},
        {CLIENT ",'subscriptions':[{'product':'p','status':'asked'}]}",
         CLIENT ",'subscriptions':[{'product':'p','status':'approved'}]}"},
        {CLIENT ",'subscriptions':[{'product':'p','status':'pending'},"
                "{'product':'p','status':'revoked'}]}",
         CLIENT ",'subscriptions':[{'product':'p','status':'pending'},"
                "{'product':'q','status':'revoked'}]}"},
        {CLIENT ",'secrets':[{'id':'1','name':'s','created_s':1,'expires_s':-1," HASH "}]}",
         CLIENT ",'secrets':[" SECRET "]}"},
        {CLIENT ",'secrets':[{'id':'1','name':'s','created_s':1,'expires_s':2,'hash':'AAAA'}]}",
         CLIENT ",'secrets':[" SECRET "]}"},
        {CLIENT ",'secrets':[{'id':'1','name':'s','created_s':1.0,'expires_s':2," HASH "}]}",
         CLIENT ",'secrets':[{'id':'1','name':'s','created_s':1,'expires_s':2," HASH "}]}"},
        {CLIENT ",'enabled':'true'}", CLIENT ",'enabled':true}"},
        {CLIENT ",'labels':{'a b':'c'}}", CLIENT ",'labels':{'a':'b c'}}"},
        {CLIENT ",'labels':{'a':1}}", CLIENT ",'labels':{}}"},
        {CLIENT ",'owner':'\\n'}", CLIENT ",'owner':''}"},
        {CLIENT ",'other':1}", CLIENT ",'owner':'1'}"},
        {CLIENT "}}", CLIENT "}"},
        {CLIENT
         ",'secrets':[{'id':'1','name':'s','created_s':18446744073709551617,'expires_s':2," HASH
         "}]}",
         CLIENT
         ",'secrets':[{'id':'1','name':'s','created_s':123456789012345678,'expires_s':2," HASH
         "}]}"},
        {CLIENT ",'secrets':[{'id':'1','name':'s','created_s':1,'expires_s':2," HASH ",'x':1}]}",
         CLIENT ",'secrets':[{'id':'1','name':'s','created_s':1234,'expires_s':5678," HASH "}]}"},
        {CLIENT ",'secrets':[{'id':'1','name':'s','created_s':1," HASH "}]}",
         CLIENT ",'secrets':[" SECRET "]}"},
        {CLIENT ",'secrets':[['1','s',1,2,'h']]}", CLIENT ",'secrets':[]}"},
        {CLIENT ",'subscriptions':[['p','approved']]}", CLIENT ",'subscriptions':[]}"},
        {CLIENT ",'subscriptions':[{'product':'p','status':'approved','at':1}]}",
         CLIENT ",'subscriptions':[{'product':'p','status':'approved'}]}"},
        {CLIENT ",'subscriptions':[{'produkt':'p','status':'approved'}]}",
         CLIENT ",'subscriptions':[{'product':'p','status':'pending'}]}"},
        {CLIENT ",'roles':{'a':'b'}}", CLIENT ",'roles':['b']}"},
        {CLIENT ",'labels':['a']}", CLIENT ",'labels':{'a':'a'}}"},
        {CLIENT ",'default_resource':'a'}", CLIENT ",'default_resource':'a:b'}"},
        {CLIENT ",'scope_policy':'lax'}", CLIENT ",'scope_policy':'filter'}"},
    };
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        assert_false(takes_text(pairs[i][0]));
        assert_true(takes_text(pairs[i][1]));
    }
}

/* A list of `n` grants, to free. */
static char *with_grants(size_t n)
{
    JT_AUTO(buf) text = JT_BUF_INIT(1 << 20);
    assert_ok(jt_buf_puts(&text, CLIENT ",'grants':["));
    for (size_t i = 0; i < n; i++) {
        assert_ok(jt_buf_printf(&text, "%s'https://a#%0100zu'", i == 0 ? "" : ",", i));
    }
    assert_ok(jt_buf_puts(&text, "]}"));
    return text_of(jt_buf_str(&text));
}

/* `n` elements, each with its number in the place of %zu, between `begin` and `end`. */
static bool takes_many(const char *begin, const char *element, size_t n, const char *end)
{
    JT_AUTO(buf) text = JT_BUF_INIT(1 << 20);
    assert_ok(jt_buf_puts(&text, begin));
    for (size_t i = 0; i < n; i++) {
        const char *number = strstr(element, "%zu");
        assert_non_null(number);
        assert_ok(jt_buf_printf(&text, "%s%.*s%zu%s", i == 0 ? "" : ",", (int)(number - element),
                                element, i, number + 3));
    }
    assert_ok(jt_buf_puts(&text, end));
    return takes_text(jt_buf_str(&text));
}

static void more_than_a_client_may_have_left_to_the_other(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *element, *end;
        size_t most;
    } rows[] = {
        {CLIENT ",'roles':[", "'r%zu'", "]}", JT_OBJECT_MAX_ROLES},
        {CLIENT ",'subscriptions':[", "{'product':'p%zu','status':'pending'}", "]}",
         JT_OBJECT_MAX_PRODUCTS},
        {CLIENT ",'secrets':[",
         "{'id':'%zu','name':'s','created_s':1700000000,'expires_s':null," HASH "}", "]}",
         JT_OBJECT_MAX_SECRETS},
        {CLIENT ",'labels':{", "'l%zu':'x'", "}}", JT_OBJECT_MAX_LABELS},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_true(takes_many(rows[i].begin, rows[i].element, rows[i].most, rows[i].end));
        assert_false(takes_many(rows[i].begin, rows[i].element, rows[i].most + 1, rows[i].end));
    }
    JT_AUTO(buf) text = JT_BUF_INIT(4096);
    for (int longer = 0; longer < 2; longer++) {
        jt_buf_clear(&text);
        assert_ok(jt_buf_printf(&text, CLIENT ",'labels':{'%0*d':'x'}}",
                                JT_OBJECT_MAX_LABEL_NAME + longer, 1));
        assert_int_equal(takes_text(jt_buf_str(&text)), longer == 0);
    }
}

static void large_document_left_to_the_other(void **state)
{
    (void)state;
    char *fits = with_grants(64), *long_list = with_grants(65), *long_text = with_grants(200);
    struct jt_object *object = NULL;
    assert_true(takes(jt_span_str(fits)));
    assert_false(takes(jt_span_str(long_list)));
    assert_true(slow_takes(jt_span_str(long_list), &object));
    jt_object_free(object);
    assert_false(takes(jt_span_str(long_text)));
    assert_true(slow_takes(jt_span_str(long_text), &object));
    assert_int_equal(((struct jt_client *)object)->n_grants, 200);
    jt_object_free(object);
    free(fits);
    free(long_list);
    free(long_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_as_the_store_keeps_it_taken),
        cmocka_unit_test(changed_byte_taken_only_when_the_other_takes_it),
        cmocka_unit_test(unusual_document_left_to_the_other),
        cmocka_unit_test(more_than_a_client_may_have_left_to_the_other),
        cmocka_unit_test(large_document_left_to_the_other),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
