/* SPDX-License-Identifier: Apache-2.0 */
/* Files that change while a daemon serves: when they are taken, and what is said of them. */
#include "issuer/certificate.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/devcert.h"
#include "tests/unit/unit.h"
#include "tests/unit/unit_clock.h"

#include "common/base/base.h"

#define DAY     86400
#define SETTLED 2000 /* ms that files have to stay as they are */

static char folder[] = "/tmp/jeton-certificate-XXXXXX";
static char root[64], chain[64], key[64], old_chain[64];
static struct jt_config config = {.tls_certificate = chain, .tls_key = key};
static struct jt_certificate certificate;
static struct fixed_clock fixed;
static int ends[2];
static struct jt_log told;

static void make_pair(void)
{
    const struct jt_devcert_paths paths = {root, chain, key};
    struct jt_diag diag = JT_DIAG_INIT;
    if (jt_devcert_create(&paths, JT_SPAN("127.0.0.1"), &diag) != JT_OK) {
        fail_msg("%s", diag.text);
    }
}

/* The next line of the log; "" when there is none. */
static const char *heard(void)
{
    static char line[JT_LOG_LINE_MAX + 1];
    ssize_t n = recv(ends[1], line, sizeof line - 1, MSG_DONTWAIT);
    line[n < 0 ? 0 : n] = 0;
    return line;
}

static void expect(const char *part)
{
    const char *line = heard();
    if (strstr(line, part) == NULL || *heard() != 0) {
        fail_msg("not one line with %s: %s", part, line);
    }
}

static void tick(int64_t later_ms)
{
    fixed.boot_ms += later_ms;
    jt_certificate_tick(&certificate, &config, &told, &fixed.clock);
}

static int start(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "%s/root.pem", folder);
    (void)snprintf(chain, sizeof chain, "%s/chain.pem", folder);
    (void)snprintf(key, sizeof key, "%s/key.pem", folder);
    (void)snprintf(old_chain, sizeof old_chain, "%s/old.pem", folder);
    make_pair();
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    (void)fixed_clock(&fixed, time(NULL));
    told = (struct jt_log){.fd = ends[0], .level = JT_LOG_DEBUG, .clock = &jt_clock_system};
    certificate = (struct jt_certificate){.is_open = false};
    assert_ok(jt_certificate_open(&certificate, &config, &told, NULL));
    expect("ev=tls.load");
    return 0;
}

static int end(void **state)
{
    (void)state;
    jt_certificate_release(&certificate);
    close(ends[0]);
    close(ends[1]);
    unlink(root);
    unlink(chain);
    unlink(key);
    return 0;
}

static void files_that_stay_as_they_are_not_read_again(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        tick(SETTLED);
        assert_string_equal(heard(), "");
    }
}

static void files_taken_once_they_have_settled(void **state)
{
    (void)state;
    make_pair();
    tick(0);
    tick(SETTLED - 1);
    assert_string_equal(heard(), "");
    make_pair(); /* again: the time begins anew */
    tick(1);
    tick(SETTLED - 1);
    assert_string_equal(heard(), "");
    tick(1);
    expect("ev=tls.load");
    tick(SETTLED);
    assert_string_equal(heard(), "");
}

/* The chain alone is another's at first; the key that it needs comes later. */
static void half_of_a_pair_told_once_and_taken_when_whole(void **state)
{
    (void)state;
    assert_int_equal(rename(key, old_chain), 0);
    make_pair();
    tick(0);
    assert_int_equal(rename(key, root), 0);
    assert_int_equal(rename(old_chain, key), 0);
    tick(1);
    tick(SETTLED);
    expect("ev=tls.refuse");
    for (int i = 0; i < 3; i++) {
        tick(SETTLED);
        assert_string_equal(heard(), "");
    }
    assert_int_equal(rename(root, key), 0);
    tick(1);
    tick(SETTLED);
    expect("ev=tls.load");
}

static void file_that_is_back_was_never_away(void **state)
{
    (void)state;
    assert_int_equal(link(chain, old_chain), 0);
    certificate.judged.chain.changed.tv_nsec--; /* of the link, as it now is: */
    tick(0);
    tick(SETTLED);
    expect("ev=tls.load");
    assert_int_equal(unlink(old_chain), 0); /* changes its time again */
    struct jt_certificate_files before = certificate.judged;
    tick(1);
    certificate.judged = certificate.met; /* back, as seen from here */
    tick(1);
    certificate.judged = before;
    tick(SETTLED);
    assert_string_equal(heard(), ""); /* met just now */
    tick(SETTLED);
    expect("ev=tls.load");
}

static void warned_once_a_day_within_a_week_of_its_end(void **state)
{
    (void)state;
    int64_t end_s = certificate.about.not_after_s;
    fixed.wall_s = end_s - 7 * DAY - 1;
    tick(1);
    assert_string_equal(heard(), "");
    fixed.wall_s++;
    tick(1);
    expect("ends within a week");
    fixed.wall_s += DAY - 1;
    tick(1);
    assert_string_equal(heard(), "");
    fixed.wall_s++;
    tick(1);
    expect("ends within a week");
    fixed.wall_s = end_s;
    tick(1);
    expect("has ended");
    make_pair(); /* another, and its own warning */
    tick(0);
    tick(SETTLED);
    expect("ev=tls.load");
    assert_true(certificate.about.not_after_s >= end_s);
    tick(1);
    assert_true(strstr(heard(), "ev=tls.expire") != NULL);
}

static void nothing_configured_nothing_done(void **state)
{
    (void)state;
    const struct jt_config none = {.tls_key = NULL};
    struct jt_certificate closed = {.is_open = false};
    assert_ok(jt_certificate_open(&closed, &none, &told, NULL));
    assert_false(closed.is_open);
    jt_certificate_tick(&closed, &none, &told, &fixed.clock);
    assert_string_equal(heard(), "");
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_that_stay_as_they_are_not_read_again, start, end),
        cmocka_unit_test_setup_teardown(files_taken_once_they_have_settled, start, end),
        cmocka_unit_test_setup_teardown(half_of_a_pair_told_once_and_taken_when_whole, start, end),
        cmocka_unit_test_setup_teardown(file_that_is_back_was_never_away, start, end),
        cmocka_unit_test_setup_teardown(warned_once_a_day_within_a_week_of_its_end, start, end),
        cmocka_unit_test_setup_teardown(nothing_configured_nothing_done, start, end),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
