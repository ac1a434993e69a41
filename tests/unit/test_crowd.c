/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
};

static union address make(const char *text)
{
    union address address = {.path = {.sun_family = AF_UNIX}};
    if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
    } else if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
    }
    return address;
}

static struct jt_crowd crowd;
static size_t open_at_unlock;

int __real_pthread_mutex_unlock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock);

int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock)
{
    if (lock == &crowd.lock) {
        open_at_unlock = atomic_load(&crowd.tally->open);
    }
    return __real_pthread_mutex_unlock(lock);
}

static void start(size_t max_per_source)
{
    crowd = (struct jt_crowd){.max_per_source = max_per_source};
    assert_ok(jt_crowd_init(&crowd, 1000));
}

static enum jt_err enter(const char *text)
{
    union address peer = make(text);
    bool admitted = jt_crowd_admits(&crowd, &peer.any);
    enum jt_err err = jt_crowd_enter(&crowd, &peer.any);
    assert_int_equal(admitted, err == JT_OK);
    return err;
}

static void leave(const char *text)
{
    union address peer = make(text);
    jt_crowd_leave(&crowd, &peer.any);
}

static void end(void)
{
    assert_int_equal(atomic_load(&crowd.tally->open), 0);
    jt_crowd_release(&crowd);
}

static void one_source_has_its_number_and_no_more(void **state)
{
    (void)state;
    /* the first two fill a source; is the third of it, too? */
    static const struct {
        const char *peer, *other;
        bool same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
        {"::c000:201", "192.0.2.1", false},
        {"0.0.0.0", "::", false},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        start(2);
        assert_ok(enter(rows[i].peer));
        assert_ok(enter(rows[i].peer));
        enum jt_err err = enter(rows[i].other);
        assert_int_equal(err, rows[i].same ? JT_ERR_LIMIT : JT_OK);
        leave(rows[i].peer);
        assert_ok(enter(rows[i].peer)); /* a place is free again */
        leave(rows[i].peer);
        leave(rows[i].peer);
        if (err == JT_OK) {
            leave(rows[i].other);
        }
        end();
    }
}

/* Who saw the number fall was refused while the source still had its own. */
static void leave_seen_from_outside_when_the_place_is_free(void **state)
{
    (void)state;
    start(1);
    assert_ok(enter("192.0.2.1"));
    leave("192.0.2.1");
    assert_int_equal(open_at_unlock, 1);
    assert_ok(enter("192.0.2.1"));
    leave("192.0.2.1");
    end();
}

static void unix_sockets_and_no_limit_are_never_refused(void **state)
{
    (void)state;
    static const struct {
        size_t max;
        const char *peer;
    } rows[] = {{1, "unix"}, {0, "192.0.2.1"}, {0, "2001:db8::1"}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        start(rows[i].max);
        for (int k = 0; k < 3; k++) {
            assert_ok(enter(rows[i].peer));
        }
        assert_int_equal(atomic_load(&crowd.tally->open), 3);
        for (int k = 0; k < 3; k++) {
            leave(rows[i].peer);
        }
        end();
    }
}

static bool is_exempt(const void *ctx, const struct sockaddr *peer)
{
    return peer->sa_family == *(const sa_family_t *)ctx;
}

static void exempt_peers_are_no_source(void **state)
{
    (void)state;
    static const sa_family_t family = AF_INET6;
    crowd = (struct jt_crowd){.max_per_source = 1, .exempt = is_exempt, .exempt_ctx = &family};
    assert_ok(jt_crowd_init(&crowd, 1));
    assert_ok(enter("2001:db8::1"));
    assert_ok(enter("2001:db8::1"));
    assert_ok(enter("192.0.2.1"));
    assert_err(enter("192.0.2.1"), JT_ERR_LIMIT);
    leave("2001:db8::1");
    leave("2001:db8::1");
    leave("192.0.2.1");
    end();
}

static void many_sources_counted_apart(void **state)
{
    (void)state;
    char text[INET6_ADDRSTRLEN];
    start(1);
    for (int twice = 0; twice < 2; twice++) {
        for (unsigned i = 0; i < 5000; i++) { /* more than there are buckets */
            (void)snprintf(text, sizeof text, "10.%u.%u.1", i / 256, i % 256);
            assert_ok(enter(text));
        }
        assert_err(enter("10.0.0.1"), JT_ERR_LIMIT);
        for (unsigned i = 5000; i-- > 0;) {
            (void)snprintf(text, sizeof text, "10.%u.%u.1", i / 256, i % 256);
            leave(text);
        }
    }
    end();
}

static void refusals_all_counted_and_told_once_a_minute(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    const struct jt_log log = {.fd = ends[0], .level = JT_LOG_DEBUG, .clock = &jt_clock_system};
    struct jt_crowd_tally tally = {0};
    crowd = (struct jt_crowd){.tally = &tally, .log = &log};
    assert_ok(jt_crowd_init(&crowd, 1));
    union address peer = make("192.0.2.7");
    char line[JT_LOG_LINE_MAX + 1] = "";
    for (int i = 0; i < 3; i++) {
        jt_crowd_refused(&crowd, JT_CROWD_SOURCE, &peer.any);
        jt_crowd_refused(&crowd, JT_CROWD_DEADLINE, NULL); /* a client's doing: only counted */
    }
    assert_int_equal(atomic_load(&tally.ended[JT_CROWD_SOURCE]), 3);
    assert_int_equal(atomic_load(&tally.ended[JT_CROWD_DEADLINE]), 3);
    assert_int_equal(atomic_load(&tally.ended[JT_CROWD_MEMORY]), 0);
    assert_true(recv(ends[1], line, sizeof line - 1, 0) > 0);
    assert_non_null(strstr(line, " warn ev=http.crowded cause=source peer=192.0.2.7 "));
    assert_non_null(strstr(line, "http.max_per_source"));
    assert_true(recv(ends[1], line, sizeof line - 1, 0) < 0);
    jt_crowd_refused(&crowd, JT_CROWD_DESCRIPTORS, NULL); /* another cause has its own minute */
    assert_true(recv(ends[1], line, sizeof line - 1, 0) > 0);
    assert_non_null(strstr(line, "cause=descriptors peer=- "));
    jt_crowd_release(&crowd);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_has_its_number_and_no_more),
        cmocka_unit_test(leave_seen_from_outside_when_the_place_is_free),
        cmocka_unit_test(unix_sockets_and_no_limit_are_never_refused),
        cmocka_unit_test(exempt_peers_are_no_source),
        cmocka_unit_test(many_sources_counted_apart),
        cmocka_unit_test(refusals_all_counted_and_told_once_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
