/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_worker.h"

#include <sched.h>
#include <stdlib.h>

#include "common/json/json_index.h"
#include "keys/signer_wire.h"

#include "common/base/base.h"

#define EXTRA_VALUES 1024
#define WAKES        4 /* lanes answered before the first is woken: waking costs more than waiting */

struct jt_worker {
    struct jt_ring *ring;
    const struct jt_clock *clock;
    struct jt_signer_lane *lane;
    size_t cursor;
    size_t wakes[WAKES];
    size_t n_wakes;
    struct jt_buf token;
    struct jt_wire_claims claims;
    struct jt_json_index_entry values[EXTRA_VALUES];
    uint8_t in[JT_RING_IN_MAX];
    uint8_t extra[JT_RING_IN_MAX + 2], arena[JT_RING_IN_MAX + 2];
};

enum jt_err jt_worker_new(struct jt_ring *ring, struct jt_signer *signer,
                          const struct jt_clock *clock, struct jt_worker **out_worker)
{
    struct jt_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return JT_ERR_NOMEM;
    }
    worker->ring = ring;
    worker->clock = clock;
    worker->token = (struct jt_buf)JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    enum jt_err err = jt_signer_lane_new(signer, &worker->lane);
    if (err != JT_OK) {
        jt_worker_free(worker);
        return err;
    }
    *out_worker = worker;
    return JT_OK;
}

void jt_worker_free(struct jt_worker *worker)
{
    if (worker != NULL) {
        jt_signer_lane_free(worker->lane);
        jt_buf_release(&worker->token);
        free(worker);
    }
}

/* --- judging --- */

/* The names that claims.c writes: a second exp would be the one that counts for some verifier. */
static bool is_ours(struct jt_span name)
{
    static const char *const names[] = {"iss", "sub", "aud", "client_id", "scope",
                                        "iat", "nbf", "exp", "jti"};
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        if (jt_span_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* RFC 7519 sec. 4: claim names are unique, and what is signed is one JSON object. */
static enum jt_err check_extra(struct jt_worker *worker, struct jt_span extra)
{
    if (extra.n == 0) {
        return JT_OK;
    }
    if (extra.n > JT_RING_IN_MAX) {
        return JT_ERR_ARGUMENT;
    }
    worker->extra[0] = '{';
    memcpy(worker->extra + 1, extra.p, extra.n);
    worker->extra[extra.n + 1] = '}';
    struct jt_json_index index = {.entries = worker->values,
                                  .max = EXTRA_VALUES,
                                  .arena = worker->arena,
                                  .arena_n = sizeof worker->arena};
    if (jt_json_index_read(&index, jt_span_of(worker->extra, extra.n + 2)) != JT_OK ||
        worker->values[0].n == 0) {
        return JT_ERR_ARGUMENT;
    }
    for (size_t i = 1; i != 0; i = worker->values[i].next) {
        if (is_ours(worker->values[i].name)) {
            return JT_ERR_ARGUMENT;
        }
    }
    return JT_OK;
}

static enum jt_err make_token(struct jt_worker *worker, size_t n)
{
    struct jt_wire_claims *read = &worker->claims;
    JT_TRY(jt_wire_read_claims(jt_span_of(worker->in, n), read));
    JT_TRY(check_extra(worker, read->claims.extra));
    /* the key's bound is on exp - iat alone */
    if (read->claims.iat_s > jt_clock_wall_s(worker->clock) + JT_WORKER_SKEW_S) {
        return JT_ERR_LIFETIME;
    }
    return jt_signer_sign(worker->lane, read->kid, &read->claims, &worker->token);
}

/* --- serving --- */

static void wake_all(struct jt_worker *worker)
{
    for (size_t i = 0; i < worker->n_wakes; i++) {
        jt_ring_wake(worker->ring, worker->wakes[i]);
    }
    worker->n_wakes = 0;
}

static void serve_lane(struct jt_worker *worker, size_t lane)
{
    uint32_t request = 0;
    size_t n = 0;
    if (!jt_ring_copy(worker->ring, lane, worker->in, &request, &n)) {
        return;
    }
    jt_buf_clear(&worker->token);
    enum jt_err err = make_token(worker, n);
    if (jt_ring_answer(worker->ring, lane, request, err, jt_buf_span(&worker->token))) {
        worker->wakes[worker->n_wakes++] = lane;
    }
    if (worker->n_wakes == WAKES) {
        wake_all(worker);
    }
}

void jt_worker_serve(struct jt_worker *worker)
{
    size_t lane = 0;
    while (jt_ring_take(worker->ring, &worker->cursor, &lane)) {
        jt_ring_share(worker->ring);
        serve_lane(worker, lane);
    }
    wake_all(worker);
}

void jt_worker_run(struct jt_worker *worker, size_t number)
{
    for (;;) {
        jt_worker_serve(worker);
        jt_ring_sleep(worker->ring, number);
    }
}
