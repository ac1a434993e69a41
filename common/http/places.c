/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/places.h"

#include <sys/resource.h>

#include "common/http/answer.h"

#include "common/base/base.h"

#define DEFAULT_CONNECTIONS 10000
#define BUSY_MAX            4096

/* Descriptors that connections leave for what else a daemon opens: a quarter, or so many. */
#define RESERVED_DESCRIPTORS 512

size_t jt_places_count(const struct jt_server_conf *conf)
{
    struct rlimit limit;
    size_t wanted = conf->max_connections == 0 ? DEFAULT_CONNECTIONS : conf->max_connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return wanted;
    }
    size_t all = (size_t)limit.rlim_cur;
    size_t others = all / 4 < RESERVED_DESCRIPTORS ? all / 4 : RESERVED_DESCRIPTORS;
    if (wanted <= all - others) {
        return wanted;
    }
    if (conf->max_connections > 0) {
        jt_log(conf->log, JT_EV_HTTP_PLACES, jt_log_int("wanted", (int64_t)wanted),
               jt_log_int("possible", (int64_t)(all - others)),
               jt_log_int("descriptors", (int64_t)all),
               jt_log_str("fix", "raise LimitNOFILE (ulimit -Hn), or lower http.max_connections"));
    }
    return all - others;
}

enum jt_err jt_places_busy(const struct jt_server_conf *conf, struct jt_buf *out)
{
    struct jt_answer answer;
    jt_answer_init(&answer);
    if (conf->max_per_source > 0) { /* elsewhere it is nobody's request, and counted as none */
        conf->refusal(conf->app, 503, "too many connections; try again", &answer);
    }
    const char *type = answer.content_type == NULL ? "text/plain" : answer.content_type;
    out->max = BUSY_MAX;
    enum jt_err err =
        jt_buf_printf(out,
                      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
                      "Cache-Control: no-store\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                      type, answer.body.len);
    if (err == JT_OK) {
        err = jt_buf_put(out, jt_buf_span(&answer.body));
    }
    jt_buf_release(&answer.body);
    return err;
}
