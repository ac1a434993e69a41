/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log/log.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

static int64_t now_s;

static int64_t fixed_wall_s(void *ctx)
{
    (void)ctx;
    return now_s;
}

static const struct jt_clock fixed_clock = {.wall_s = fixed_wall_s};

/* A log into a datagram socket: each write(2) is one message. */
struct sink {
    struct jt_log log;
    int reader;
};

static struct sink open_sink(enum jt_log_level level)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    now_s = 1767323045; /* 2026-01-02T03:04:05Z */
    return (struct sink){{.fd = ends[0], .level = level, .clock = &fixed_clock}, ends[1]};
}

/* The next line; "" when nothing was written. */
static const char *read_line(struct sink *sink)
{
    static char line[2 * JT_LOG_LINE_MAX];
    ssize_t n = recv(sink->reader, line, sizeof line - 1, 0);
    line[n > 0 ? n : 0] = 0;
    return line;
}

static void close_sink(struct sink *sink)
{
    close(sink->log.fd);
    close(sink->reader);
}

static void write_event_gives_time_level_name_and_fields(void **state)
{
    (void)state;
    struct sink sink = open_sink(JT_LOG_INFO);
    jt_log(&sink.log, JT_EV_TOKEN_ISSUE, jt_log_str("client", "cart"), jt_log_int("ttl", 3600),
           jt_log_int("low", INT64_MIN), jt_log_err(JT_ERR_SCOPE));
    assert_string_equal(read_line(&sink),
                        "2026-01-02T03:04:05Z info ev=token.issue client=cart ttl=3600 "
                        "low=-9223372036854775808 err=insufficient_scope\n");
    jt_log_write(&sink.log, JT_EV_CLOCK_JUMP, NULL, 0);
    assert_string_equal(read_line(&sink), "2026-01-02T03:04:05Z error ev=clock.jump\n");
    close_sink(&sink);
}

static void write_time_follows_the_clock(void **state)
{
    (void)state;
    static const struct {
        int64_t s;
        const char *text;
    } rows[] = {{0, "1970-01-01T00:00:00Z "},
                {-1, "1970-01-01T00:00:00Z "},
                {253402300799, "9999-12-31T23:59:59Z "},
                {253402300800, "1970-01-01T00:00:00Z "},
                {951868799, "2000-02-29T23:59:59Z "},
                {951868800, "2000-03-01T00:00:00Z "},
                {4102444800, "2100-01-01T00:00:00Z "},
                {INT64_MAX, "1970-01-01T00:00:00Z "}};
    struct sink sink = open_sink(JT_LOG_INFO);
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        now_s = rows[i].s;
        jt_log_write(&sink.log, JT_EV_DAEMON_STOP, NULL, 0);
        assert_memory_equal(read_line(&sink), rows[i].text, strlen(rows[i].text));
    }
    close_sink(&sink);
}

/* Every day of two and a half turns of the calendar, beside the C library's. */
static void write_date_is_the_calendars(void **state)
{
    (void)state;
    struct sink sink = open_sink(JT_LOG_INFO);
    for (int64_t day = 0; day < 365250; day++) {
        char want[32];
        struct tm utc;
        now_s = day * 86400 + day % 86400;
        time_t t = (time_t)now_s;
        assert_non_null(gmtime_r(&t, &utc));
        assert_int_equal(strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ ", &utc), 21);
        jt_log_write(&sink.log, JT_EV_DAEMON_STOP, NULL, 0);
        assert_memory_equal(read_line(&sink), want, 21);
    }
    close_sink(&sink);
}

static void write_value_escaped_only_where_needed(void **state)
{
    (void)state;
    static const struct {
        struct jt_span value;
        const char *text;
    } rows[] = {
        {{(const uint8_t *)"plain-09_/:,;%", 14}, "plain-09_/:,;%"},
        {{(const uint8_t *)"", 0}, "\"\""},
        {{NULL, 0}, "\"\""},
        {{(const uint8_t *)"a b", 3}, "\"a b\""},
        {{(const uint8_t *)"a=b", 3}, "\"a=b\""},
        {{(const uint8_t *)"a\"b\\", 4}, "\"a\\\"b\\\\\""},
        {{(const uint8_t *)"a\nb\r\t", 5}, "\"a\\x0Ab\\x0D\\x09\""},
        {{(const uint8_t *)"a\0b", 3}, "\"a\\x00b\""},
        {{(const uint8_t *)"\x1b[2J\x7f", 5}, "\"\\x1B[2J\\x7F\""},
        {{(const uint8_t *)"\xc3\xa9", 2}, "\"\\xC3\\xA9\""},
    };
    struct sink sink = open_sink(JT_LOG_INFO);
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        char want[128];
        (void)snprintf(want, sizeof want, "2026-01-02T03:04:05Z info ev=token.refuse v=%s n=1\n",
                       rows[i].text);
        jt_log(&sink.log, JT_EV_TOKEN_REFUSE, jt_log_peer("v", rows[i].value), jt_log_int("n", 1));
        assert_string_equal(read_line(&sink), want);
    }
    close_sink(&sink);
}

static void write_any_bytes_gives_one_line_of_printable_ascii(void **state)
{
    (void)state;
    struct sink sink = open_sink(JT_LOG_INFO);
    for (unsigned c = 0; c < 256; c++) {
        uint8_t bytes[3] = {'a', (uint8_t)c, 'b'};
        jt_log(&sink.log, JT_EV_TOKEN_REFUSE, jt_log_peer("v", jt_span_of(bytes, 3)));
        const char *line = read_line(&sink);
        size_t n = strlen(line);
        assert_true(n > 0 && line[n - 1] == '\n');
        for (size_t i = 0; i + 1 < n; i++) {
            assert_true(line[i] >= 0x20 && line[i] < 0x7F);
        }
    }
    close_sink(&sink);
}

static void write_peer_text_cut_at_64_and_own_at_256(void **state)
{
    (void)state;
    char text[300], want[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    struct sink sink = open_sink(JT_LOG_INFO);
    jt_log(&sink.log, JT_EV_TOKEN_REFUSE, jt_log_peer("p", jt_span_str(text)),
           jt_log_str("s", text));
    (void)snprintf(want, sizeof want, "2026-01-02T03:04:05Z info ev=token.refuse p=%.*s s=%.*s\n",
                   JT_LOG_PEER_MAX, text, 256, text);
    assert_string_equal(read_line(&sink), want);
    close_sink(&sink);
}

/* Whatever the lengths, a line that is too long ends after a whole character, quoted, with LF. */
static void write_too_long_line_cut_whole(void **state)
{
    (void)state;
    struct sink sink = open_sink(JT_LOG_INFO);
    char pad[257], bad[257];
    memset(bad, '\n', sizeof bad - 1);
    bad[sizeof bad - 1] = 0;
    for (size_t n = 0; n < sizeof pad; n++) {
        memset(pad, 'x', n);
        pad[n] = 0;
        jt_log(&sink.log, JT_EV_TOKEN_REFUSE, jt_log_str("pad", pad), jt_log_str("a", bad),
               jt_log_str("b", bad), jt_log_int("last", 1));
        const char *line = read_line(&sink);
        size_t len = strlen(line);
        assert_true(len > JT_LOG_LINE_MAX - 32 && len <= JT_LOG_LINE_MAX);
        assert_string_equal(line + len - 6, "\\x0A\"\n");
        assert_null(strstr(line, "last"));
    }
    close_sink(&sink);
}

static void write_above_the_level_is_nothing(void **state)
{
    (void)state;
    static const struct {
        enum jt_log_level level;
        enum jt_log_event event;
        bool written;
    } rows[] = {
        {JT_LOG_ERROR, JT_EV_CLOCK_JUMP, true}, {JT_LOG_ERROR, JT_EV_KEY_REVOKE, false},
        {JT_LOG_WARN, JT_EV_KEY_REVOKE, true},  {JT_LOG_WARN, JT_EV_TOKEN_ISSUE, false},
        {JT_LOG_INFO, JT_EV_TOKEN_ISSUE, true}, {JT_LOG_DEBUG, JT_EV_TOKEN_ISSUE, true},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct sink sink = open_sink(rows[i].level);
        jt_log_write(&sink.log, rows[i].event, NULL, 0);
        assert_int_equal(strlen(read_line(&sink)) > 0, rows[i].written);
        close_sink(&sink);
    }
}

static void write_without_a_log_or_descriptor_is_harmless(void **state)
{
    (void)state;
    const struct jt_log closed = {.fd = -1, .level = JT_LOG_DEBUG, .clock = &fixed_clock};
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    const struct jt_log lost = {.fd = full, .level = JT_LOG_DEBUG, .clock = &fixed_clock};
    jt_log(NULL, JT_EV_DAEMON_STOP, jt_log_int("n", 1));
    jt_log(&closed, JT_EV_DAEMON_STOP, jt_log_int("n", 1));
    jt_log(&lost, JT_EV_DAEMON_STOP, jt_log_int("n", 1));
    close(full);
}

static void parse_level_takes_the_four_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool known;
        enum jt_log_level level;
    } rows[] = {{"error", true, JT_LOG_ERROR}, {"warn", true, JT_LOG_WARN},
                {"info", true, JT_LOG_INFO},   {"debug", true, JT_LOG_DEBUG},
                {"", false, JT_LOG_ERROR},     {"Info", false, JT_LOG_ERROR},
                {"info ", false, JT_LOG_ERROR}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        enum jt_log_level level = JT_LOG_ERROR;
        assert_int_equal(jt_log_parse_level(jt_span_str(rows[i].text), &level), rows[i].known);
        assert_int_equal(level, rows[i].level);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_event_gives_time_level_name_and_fields),
        cmocka_unit_test(write_time_follows_the_clock),
        cmocka_unit_test(write_date_is_the_calendars),
        cmocka_unit_test(write_value_escaped_only_where_needed),
        cmocka_unit_test(write_any_bytes_gives_one_line_of_printable_ascii),
        cmocka_unit_test(write_peer_text_cut_at_64_and_own_at_256),
        cmocka_unit_test(write_too_long_line_cut_whole),
        cmocka_unit_test(write_above_the_level_is_nothing),
        cmocka_unit_test(write_without_a_log_or_descriptor_is_harmless),
        cmocka_unit_test(parse_level_takes_the_four_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
