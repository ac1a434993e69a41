/* SPDX-License-Identifier: Apache-2.0 */
/* The body of an admin request while memory runs out: what was lost of it is never taken for all. */
#include "issuer/admin/admin.h"

#include "tests/support/failing_allocation.h"
#include "tests/unit/unit_edit.h"

#include "common/base/base.h"

static const struct jt_route *route_of(const struct jt_admin *admin, const char *operation)
{
    for (size_t i = 0; i < admin->n_routes; i++) {
        const struct jt_admin_route *route = admin->routes[i].arg;
        if (route != NULL && strcmp(route->operation, operation) == 0) {
            return &admin->routes[i];
        }
    }
    print_error("no operation %s\n", operation);
    abort();
}

/* Asks for a secret of `cart` that lives a minute; the allocation of the body fails if `lost`. */
static int add_secret(struct jt_admin *admin, void *thread, bool lost)
{
    const struct jt_route *route = route_of(admin, "add_secret");
    struct jt_request request = {.method = "POST",
                                 .path = JT_SPAN("/admin/v1/clients/cart/secrets"),
                                 .segments = {JT_SPAN("cart")},
                                 .n_segments = 1,
                                 .arg = route->arg,
                                 .thread = thread};
    struct jt_answer answer = {.status = 500, .body = JT_BUF_INIT(JT_ANSWER_BODY_MAX)};
    request.stream = route->stream->open(admin, &request);
    assert_non_null(request.stream);
    allocations_left = lost ? 0 : -1;
    assert_int_equal(route->stream->take(request.stream, JT_SPAN("{\"lifetime_s\":60}")), !lost);
    allocations_left = -1;
    route->handler(admin, &request, &answer);
    route->stream->close(request.stream);
    jt_buf_release(&answer.body);
    return answer.status;
}

static size_t secrets_of_cart(void)
{
    return ((const struct jt_client *)object_of(JT_STORE_CLIENT, "cart"))->n_secrets;
}

/* An empty body is {} here, and a secret without `lifetime_s` never expires. */
static void body_that_found_no_memory_is_no_empty_body(void **state)
{
    (void)state;
    desk_open("");
    assert_ok(create(JT_STORE_CLIENT, "{'name':'cart'}", NULL, NULL));
    struct jt_admin admin = {.issuer = desk.issuer};
    assert_ok(jt_turnstile_init(&admin.turnstile, 1));
    jt_admin_routes_make(&admin);
    void *thread = jt_admin_thread_new(&admin);
    assert_non_null(thread);
    assert_int_equal(add_secret(&admin, thread, true), 503);
    assert_int_equal(secrets_of_cart(), 1);
    assert_int_equal(add_secret(&admin, thread, false), 201);
    assert_int_equal(secrets_of_cart(), 2);
    jt_admin_thread_free(thread);
    jt_turnstile_release(&admin.turnstile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(body_that_found_no_memory_is_no_empty_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
