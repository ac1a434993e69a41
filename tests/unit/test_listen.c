/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

static char dir[] = "/tmp/jeton-listen-XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* Fails with JT_ERR_IO and a sentence that has `words`. */
static void check_refused(const char *address, const char *words)
{
    struct jt_listen listen;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_listen_open(address, 0, &listen, &diag), JT_ERR_IO);
    if (strstr(diag.text, words) == NULL || strstr(diag.text, address) == NULL) {
        fail_msg("%s: %s", address, diag.text);
    }
}

static struct jt_listen open_ok(const char *address, unsigned mode)
{
    struct jt_listen listen;
    struct jt_diag diag = JT_DIAG_INIT;
    if (jt_listen_open(address, mode, &listen, &diag) != JT_OK) {
        fail_msg("%s: %s", address, diag.text);
    }
    return listen;
}

static void check_connects(const char *address, bool wanted)
{
    int fd = wire_try_connect(address);
    assert_int_equal(fd >= 0, wanted);
    if (fd >= 0) {
        close(fd);
    }
}

static void open_tcp_tells_the_bound_port(void **state)
{
    (void)state;
    struct jt_listen listen = open_ok("127.0.0.1:0", 0);
    assert_memory_equal(listen.address, "127.0.0.1:", 10);
    assert_string_not_equal(listen.address, "127.0.0.1:0");
    check_connects(listen.address, true);
    jt_listen_close(&listen);
    check_connects(listen.address, false);
    jt_listen_close(&listen);
}

static void open_tcp6_tells_the_bound_port(void **state)
{
    (void)state;
    struct jt_listen listen;
    struct jt_diag diag = JT_DIAG_INIT;
    if (jt_listen_open("[::1]:0", 0, &listen, &diag) != JT_OK) {
        print_message("no IPv6 here: %s\n", diag.text);
        skip();
    }
    assert_memory_equal(listen.address, "[::1]:", 6);
    check_connects(listen.address, true);
    jt_listen_close(&listen);
}

static void open_malformed_address_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "127.0.0.1",
        ":8080",
        "8080",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:80x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1: 80",
        "127.0.0.1:100000000000000000000",
        "localhost:0",
        "127.0.0.256:0",
        "::1:0",
        "[::1]",
        "[]:0",
        "[::1:0",
        "[127.0.0.1]:0",
        "[::1]x:0",
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        check_refused(rows[i], "write an address and a port");
    }
}

static void open_port_in_use_refused_until_it_is_free(void **state)
{
    (void)state;
    struct jt_listen first = open_ok("127.0.0.1:0", 0);
    check_refused(first.address, "the port is in use");
    jt_listen_close(&first);
    struct jt_listen second = open_ok(first.address, 0);
    assert_string_equal(second.address, first.address);
    jt_listen_close(&second);
}

static void open_address_of_another_machine_refused(void **state)
{
    (void)state;
    check_refused("192.0.2.1:0", "does not have that address"); /* RFC 5737: nobody's */
}

static void open_unix_has_the_mode_and_close_removes_it(void **state)
{
    (void)state;
    static const struct {
        unsigned given, made;
    } rows[] = {{0660, 0660}, {0600, 0600}, {0666, 0666}, {0, 0600}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct stat made;
        struct jt_listen listen = open_ok(in_dir("a.sock"), rows[i].given);
        assert_string_equal(listen.address, in_dir("a.sock"));
        assert_int_equal(lstat(listen.address, &made), 0);
        assert_true(S_ISSOCK(made.st_mode));
        assert_int_equal(made.st_mode & 0777, rows[i].made);
        check_connects(listen.address, true);
        jt_listen_close(&listen);
        assert_int_equal(lstat(in_dir("a.sock"), &made), -1);
        assert_int_equal(errno, ENOENT);
        jt_listen_close(&listen);
    }
}

static void open_unix_live_refused_stale_replaced(void **state)
{
    (void)state;
    struct jt_listen first = open_ok(in_dir("b.sock"), 0600);
    check_refused(in_dir("b.sock"), "another process answers there");
    check_connects(first.address, true);
    close(first.fd); /* what a crash leaves: the file without who answers */
    struct jt_listen second = open_ok(in_dir("b.sock"), 0600);
    check_connects(second.address, true);
    first.fd = -1;
    jt_listen_close(&first); /* not its file any more */
    check_connects(second.address, true);
    jt_listen_close(&second);
}

static void open_unix_other_file_refused_and_kept(void **state)
{
    (void)state;
    struct stat kept;
    int fd = open(in_dir("c.sock"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    check_refused(in_dir("c.sock"), "not a socket");
    assert_int_equal(lstat(in_dir("c.sock"), &kept), 0);
    assert_int_equal(symlink("nowhere", in_dir("d.sock")), 0);
    check_refused(in_dir("d.sock"), "not a socket");
    assert_int_equal(unlink(in_dir("c.sock")), 0);
    assert_int_equal(unlink(in_dir("d.sock")), 0);
    struct jt_listen listen = open_ok(in_dir("c.sock"), 0600);
    jt_listen_close(&listen);
}

static void open_unix_impossible_path_refused(void **state)
{
    (void)state;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%0108d", dir, 0);
    check_refused(path, "at most 107 bytes");
    check_refused(in_dir("absent/e.sock"), "make it");
}

static void check_tells_form_and_folder_without_binding(void **state)
{
    struct jt_diag diag = JT_DIAG_INIT;
    (void)state;
    assert_int_equal(jt_listen_check("127.0.0.1", &diag), JT_ERR_IO);
    assert_non_null(strstr(diag.text, "a port"));
    assert_int_equal(jt_listen_check("127.0.0.1:8080", &diag), JT_OK);
    assert_int_equal(jt_listen_check("[::1]:0", &diag), JT_OK);
    assert_int_equal(jt_listen_check(in_dir("absent/e.sock"), &diag), JT_ERR_IO);
    assert_non_null(strstr(diag.text, "make it"));
    assert_int_equal(jt_listen_check(in_dir("e.sock"), &diag), JT_OK);
    assert_int_equal(access(in_dir("e.sock"), F_OK), -1);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir); /* fails if a test has left a file */
}

/* --- sockets that another opened --- */

static void adopt_tcp_serves_and_is_told(void **state)
{
    (void)state;
    struct jt_listen own = open_ok("127.0.0.1:0", 0), adopted;
    struct jt_diag diag = JT_DIAG_INIT;
    int fd = dup(own.fd);
    assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
    assert_ok(jt_listen_adopt(fd, "public", 0600, &adopted, &diag));
    assert_string_equal(adopted.address, own.address);
    assert_false(adopted.is_unix);
    assert_true((fcntl(adopted.fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(adopted.fd, F_GETFD) & FD_CLOEXEC) != 0);
    jt_listen_close(&adopted);
    check_connects(own.address, true); /* to who handed it over */
    jt_listen_close(&own);
}

static void adopt_unix_within_its_mode_and_file_kept(void **state)
{
    (void)state;
    static const struct {
        unsigned made, wanted;
        bool ok;
    } rows[] = {{0600, 0600, true},  {0660, 0600, false}, {0660, 0660, true}, {0666, 0660, false},
                {0602, 0660, false}, {0777, 0666, true},  {0600, 0666, true}, {0604, 0600, false}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_listen own = open_ok(in_dir("handed.sock"), 0600), adopted;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_int_equal(chmod(own.address, rows[i].made), 0);
        enum jt_err err = jt_listen_adopt(dup(own.fd), "admin", rows[i].wanted, &adopted, &diag);
        assert_err(err, rows[i].ok ? JT_OK : JT_ERR_CONFIG);
        if (rows[i].ok) {
            assert_string_equal(adopted.address, own.address);
            assert_true(adopted.is_unix);
            jt_listen_close(&adopted);
        } else {
            assert_non_null(strstr(diag.text, "SocketMode="));
        }
        check_connects(own.address, true); /* the file is there still */
        jt_listen_close(&own);
    }
}

static void adopt_abstract_is_open_to_all(void **state)
{
    (void)state;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct jt_listen adopted;
    struct jt_diag diag = JT_DIAG_INIT;
    int n = snprintf(addr.sun_path + 1, sizeof addr.sun_path - 1, "jeton-listen-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_err(jt_listen_adopt(dup(fd), "admin", 0660, &adopted, &diag), JT_ERR_CONFIG);
    assert_ok(jt_listen_adopt(fd, "public", 0666, &adopted, &diag));
    assert_memory_equal(adopted.address, "@jeton-listen-", 14);
    jt_listen_close(&adopted);
}

static void adopt_other_than_a_listening_stream_refused(void **state)
{
    (void)state;
    struct sockaddr_in any = {.sin_family = AF_INET};
    int plain = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    int ends[2], pipes[2];
    assert_int_equal(bind(plain, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pipe(pipes), 0);
    const int rows[] = {plain, datagrams, ends[0], ends[1], pipes[0], pipes[1]};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_listen adopted;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_err(jt_listen_adopt(rows[i], "public", 0666, &adopted, &diag), JT_ERR_CONFIG);
        assert_non_null(strstr(diag.text, "'public'"));
        assert_int_equal(fcntl(rows[i], F_GETFD), -1); /* closed */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_tcp_tells_the_bound_port),
        cmocka_unit_test(open_tcp6_tells_the_bound_port),
        cmocka_unit_test(open_malformed_address_refused),
        cmocka_unit_test(open_port_in_use_refused_until_it_is_free),
        cmocka_unit_test(open_address_of_another_machine_refused),
        cmocka_unit_test(open_unix_has_the_mode_and_close_removes_it),
        cmocka_unit_test(open_unix_live_refused_stale_replaced),
        cmocka_unit_test(open_unix_other_file_refused_and_kept),
        cmocka_unit_test(open_unix_impossible_path_refused),
        cmocka_unit_test(check_tells_form_and_folder_without_binding),
        cmocka_unit_test(adopt_tcp_serves_and_is_told),
        cmocka_unit_test(adopt_unix_within_its_mode_and_file_kept),
        cmocka_unit_test(adopt_abstract_is_open_to_all),
        cmocka_unit_test(adopt_other_than_a_listening_stream_refused),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
