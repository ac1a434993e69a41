/* SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics/metrics.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static const struct jt_metrics_row counter = {"x_total", JT_METRICS_COUNTER, "How\\many\n\"x\"."};
static const struct jt_metrics_row gauge = {"x_now", JT_METRICS_GAUGE, "How many now."};

static void metrics_written_as_prometheus_reads_them(void **state)
{
    (void)state;
    JT_AUTO(buf) out = JT_BUF_INIT(1000);
    const struct jt_metrics_label labels[] = {{"a", JT_SPAN("b")}, {"c", JT_SPAN("")}};
    assert_ok(jt_metrics_head(&out, &counter));
    assert_ok(jt_metrics_put(&out, &counter, labels, 2, INT64_MAX));
    assert_ok(jt_metrics_put(&out, &counter, labels, 1, 0));
    assert_ok(jt_metrics_head(&out, &gauge));
    assert_ok(jt_metrics_put(&out, &gauge, NULL, 0, -1));
    assert_string_equal(jt_buf_str(&out), "# HELP x_total How\\\\many\\n\"x\".\n"
                                          "# TYPE x_total counter\n"
                                          "x_total{a=\"b\",c=\"\"} 9223372036854775807\n"
                                          "x_total{a=\"b\"} 0\n"
                                          "# HELP x_now How many now.\n"
                                          "# TYPE x_now gauge\n"
                                          "x_now -1\n");
}

static void label_of_any_bytes_stays_in_its_quotes(void **state)
{
    (void)state;
    const struct {
        struct jt_span value;
        const char *line;
    } rows[] = {
        {JT_SPAN("a\"b"), "x_now{l=\"a\\\"b\"} 1\n"},
        {JT_SPAN("a\\"), "x_now{l=\"a\\\\\"} 1\n"},
        {JT_SPAN("a\nx_now 2"), "x_now{l=\"a\\nx_now 2\"} 1\n"},
        {JT_SPAN("\xC3\xA9"), "x_now{l=\"\xC3\xA9\"} 1\n"},
        {JT_SPAN("a\xC3"), "x_now{l=\"a?\"} 1\n"},
        {JT_SPAN("a\0b"), "x_now{l=\"a?b\"} 1\n"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        JT_AUTO(buf) out = JT_BUF_INIT(100);
        const struct jt_metrics_label label = {"l", rows[i].value};
        assert_ok(jt_metrics_put(&out, &gauge, &label, 1, 1));
        assert_string_equal(jt_buf_str(&out), rows[i].line);
    }
}

static void metrics_past_the_limit_told(void **state)
{
    (void)state;
    const struct jt_metrics_label label = {"l", JT_SPAN("\"\n")};
    for (size_t max = 0; max < sizeof "x_now{l=\"\\\"\\n\"} 1\n" - 1; max++) {
        JT_AUTO(buf) out = JT_BUF_INIT(max);
        assert_err(jt_metrics_put(&out, &gauge, &label, 1, 1), JT_ERR_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_written_as_prometheus_reads_them),
        cmocka_unit_test(label_of_any_bytes_stays_in_its_quotes),
        cmocka_unit_test(metrics_past_the_limit_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
