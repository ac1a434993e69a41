/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what a daemon counts as text for Prometheus: a table of metrics of the daemon's own, and
 * here the two lines that introduce a metric and the lines of its samples. It counts nothing itself.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: the Prometheus text exposition format, version 0.0.4.
 *
 *     static const struct jt_metrics_row up = {"x_up", JT_METRICS_GAUGE, "Whether x is up."};
 *     JT_TRY(jt_metrics_head(out, &up));
 *     JT_TRY(jt_metrics_put(out, &up, (struct jt_metrics_label[]){{"name", name}}, 1, 1));
 */
#ifndef JT_METRICS_METRICS_H
#define JT_METRICS_METRICS_H

#include "common/base/buf.h"

/* The media type of the whole. */
#define JT_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum jt_metrics_type { JT_METRICS_COUNTER, JT_METRICS_GAUGE };

struct jt_metrics_row {
    const char *name; /* of letters, digits and '_'; a counter's ends in _total */
    enum jt_metrics_type type;
    const char *help; /* one sentence */
};

struct jt_metrics_label {
    const char *name;
    struct jt_span value; /* any bytes: what cannot stand there is escaped, what is not UTF-8 '?' */
};

/* Appends the HELP and TYPE lines of `row`, once and before its samples. JT_ERR_LIMIT, JT_ERR_NOMEM.
 */
JT_MUST_USE enum jt_err jt_metrics_head(struct jt_buf *out, const struct jt_metrics_row *row);

/* Appends one sample of `row`. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_metrics_put(struct jt_buf *out, const struct jt_metrics_row *row,
                                       const struct jt_metrics_label *labels, size_t n_labels,
                                       int64_t value);

#endif
