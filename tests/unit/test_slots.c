/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/slots.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* A root tells whether it is whole (`check` follows from `number`) and counts its freeing. */
struct root {
    unsigned number, check;
};

static _Atomic unsigned freed;

static struct root *make_root(unsigned number)
{
    struct root *root = malloc(sizeof *root);
    assert_non_null(root);
    *root = (struct root){number, ~number};
    return root;
}

static void free_root(void *p)
{
    struct root *root = p;
    root->check = root->number; /* a reader that still looks sees a broken root */
    free(root);
    atomic_fetch_add(&freed, 1);
}

/* With publish, the caller keeps nothing. */
static void publish(struct jt_slots *slots, unsigned number)
{
    assert_ok(jt_slots_publish(slots, make_root(number)));
}

static unsigned number_of(const void *root)
{
    return ((const struct root *)root)->number;
}

static int reset(void **state)
{
    (void)state;
    atomic_store(&freed, 0);
    return 0;
}

static void enter_before_first_publish_gives_null(void **state)
{
    (void)state;
    JT_AUTOP(slots) slots = NULL;
    struct jt_slot *slot = NULL;
    assert_ok(jt_slots_new(free_root, &slots));
    assert_ok(jt_slots_join(slots, &slot));
    assert_null(jt_slots_current(slots));
    assert_null(jt_slots_enter(slot));
    jt_slots_exit(slot);
    publish(slots, 1);
    assert_int_equal(number_of(jt_slots_enter(slot)), 1);
    assert_int_equal(number_of(jt_slots_current(slots)), 1);
    jt_slots_exit(slot);
}

static void publish_unread_root_freed_at_once(void **state)
{
    (void)state;
    JT_AUTOP(slots) slots = NULL;
    assert_ok(jt_slots_new(free_root, &slots));
    for (unsigned i = 1; i <= 100; i++) {
        publish(slots, i);
        assert_int_equal(atomic_load(&freed), i - 1);
    }
    assert_int_equal(jt_slots_reclaim(slots), 0);
    assert_int_equal(atomic_load(&freed), 99); /* the newest is never reclaimed */
}

static struct jt_slots *joined;
static size_t left_meanwhile;

/* Does what other threads may do while a root is freed. */
static void free_and_join(void *root)
{
    struct jt_slot *slot = NULL;
    assert_ok(jt_slots_join(joined, &slot));
    jt_slots_leave(joined, slot);
    left_meanwhile = jt_slots_reclaim(joined);
    free_root(root);
}

static void root_being_freed_keeps_nobody_waiting_and_counts_as_there(void **state)
{
    (void)state;
    assert_ok(jt_slots_new(free_and_join, &joined));
    publish(joined, 1);
    publish(joined, 2);
    assert_int_equal(atomic_load(&freed), 1);
    assert_int_equal(left_meanwhile, 1);
    assert_int_equal(jt_slots_reclaim(joined), 0);
    jt_slots_free(joined);
}

static void publish_of_nothing_leaves_no_root(void **state)
{
    (void)state;
    JT_AUTOP(slots) slots = NULL;
    struct jt_slot *slot = NULL;
    assert_ok(jt_slots_new(free_root, &slots));
    assert_ok(jt_slots_join(slots, &slot));
    publish(slots, 1);
    assert_ok(jt_slots_publish(slots, NULL));
    assert_int_equal(atomic_load(&freed), 1);
    assert_null(jt_slots_current(slots));
    assert_null(jt_slots_enter(slot));
    jt_slots_exit(slot);
    publish(slots, 2);
    assert_int_equal(number_of(jt_slots_current(slots)), 2);
}

static void publish_while_read_keeps_root_until_exit(void **state)
{
    (void)state;
    JT_AUTOP(slots) slots = NULL;
    struct jt_slot *a = NULL, *b = NULL;
    assert_ok(jt_slots_new(free_root, &slots));
    assert_ok(jt_slots_join(slots, &a));
    assert_ok(jt_slots_join(slots, &b));
    publish(slots, 1);
    const void *held_by_a = jt_slots_enter(a);
    publish(slots, 2);
    const void *held_by_b = jt_slots_enter(b);
    publish(slots, 3);
    assert_int_equal(atomic_load(&freed), 0);
    assert_int_equal(number_of(held_by_a), 1);
    assert_int_equal(number_of(held_by_b), 2);
    assert_int_equal(jt_slots_reclaim(slots), 2);
    jt_slots_exit(b);
    assert_int_equal(jt_slots_reclaim(slots), 1);
    assert_int_equal(number_of(held_by_a), 1);
    jt_slots_exit(a);
    assert_int_equal(jt_slots_reclaim(slots), 0);
    assert_int_equal(atomic_load(&freed), 2);
}

static void publish_frees_what_earlier_publishes_left(void **state)
{
    (void)state;
    JT_AUTOP(slots) slots = NULL;
    struct jt_slot *slot = NULL;
    assert_ok(jt_slots_new(free_root, &slots));
    assert_ok(jt_slots_join(slots, &slot));
    publish(slots, 0);
    assert_int_equal(number_of(jt_slots_enter(slot)), 0);
    for (unsigned i = 1; i <= 50; i++) { /* more than the list of retired roots starts with */
        publish(slots, i);
    }
    assert_int_equal(atomic_load(&freed), 49); /* all but the one held and the newest */
    jt_slots_exit(slot);
    publish(slots, 51);
    assert_int_equal(atomic_load(&freed), 51);
}

static void leave_gives_the_slot_to_the_next_thread(void **state)
{
    (void)state;
    JT_AUTOP(slots) slots = NULL;
    struct jt_slot *a = NULL, *b = NULL, *c = NULL;
    assert_ok(jt_slots_new(free_root, &slots));
    assert_ok(jt_slots_join(slots, &a));
    assert_ok(jt_slots_join(slots, &b));
    assert_ptr_not_equal(a, b);
    jt_slots_leave(slots, a);
    jt_slots_leave(slots, NULL);
    assert_ok(jt_slots_join(slots, &c));
    assert_ptr_equal(c, a);
}

static void free_frees_every_root_once(void **state)
{
    (void)state;
    struct jt_slots *slots = NULL;
    struct jt_slot *slot = NULL;
    assert_ok(jt_slots_new(free_root, &slots));
    assert_ok(jt_slots_join(slots, &slot));
    publish(slots, 1);
    (void)jt_slots_enter(slot); /* stays announced: the root is retired, not freed */
    publish(slots, 2);
    jt_slots_exit(slot);
    assert_int_equal(atomic_load(&freed), 0);
    jt_slots_free(slots);
    assert_int_equal(atomic_load(&freed), 2);
    jt_slots_free(NULL);
}

/* Two readers against a writer: no torn or freed root is ever seen, each sees them in order, and in
 * the end every root was freed exactly once (a second time is found by the allocator). */
#define ROOTS 200000u

static _Atomic bool stop;

static void *read_all(void *arg)
{
    struct jt_slots *slots = arg;
    struct jt_slot *slot = NULL;
    if (jt_slots_join(slots, &slot) != JT_OK) {
        return slots; /* not NULL: failed */
    }
    bool good = true;
    unsigned last = 0;
    while (!atomic_load(&stop)) {
        const struct root *root = jt_slots_enter(slot);
        good = good && root->check == ~root->number && root->number >= last;
        last = root->number;
        jt_slots_exit(slot);
    }
    jt_slots_leave(slots, slot);
    return good ? NULL : slots;
}

static void two_readers_and_a_writer_see_whole_roots_in_order(void **state)
{
    (void)state;
    JT_AUTOP(slots) slots = NULL;
    assert_ok(jt_slots_new(free_root, &slots));
    publish(slots, 1);
    atomic_store(&stop, false);
    pthread_t readers[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_all, slots), 0);
    }
    for (unsigned i = 2; i <= ROOTS; i++) {
        publish(slots, i);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < 2; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(readers[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(jt_slots_reclaim(slots), 0);
    assert_int_equal(atomic_load(&freed), ROOTS - 1);
    jt_slots_free(slots);
    slots = NULL;
    assert_int_equal(atomic_load(&freed), ROOTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(enter_before_first_publish_gives_null, reset),
        cmocka_unit_test_setup(publish_unread_root_freed_at_once, reset),
        cmocka_unit_test_setup(root_being_freed_keeps_nobody_waiting_and_counts_as_there, reset),
        cmocka_unit_test_setup(publish_of_nothing_leaves_no_root, reset),
        cmocka_unit_test_setup(publish_while_read_keeps_root_until_exit, reset),
        cmocka_unit_test_setup(publish_frees_what_earlier_publishes_left, reset),
        cmocka_unit_test_setup(leave_gives_the_slot_to_the_next_thread, reset),
        cmocka_unit_test_setup(free_frees_every_root_once, reset),
        cmocka_unit_test_setup(two_readers_and_a_writer_see_whole_roots_in_order, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
