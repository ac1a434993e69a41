/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_process.h"

#include <pthread.h>
#include <stdlib.h>

#include "keys/signer_keeper.h"
#include "keys/signer_ops.h"

#include "common/base/base.h"

struct process {
    struct jt_signer base;
    struct jt_keeper *keeper;
    pthread_mutex_t lock; /* guards lanes */
    bool lanes[JT_SIGNER_LANES_MAX];
};

struct lane {
    struct jt_signer_lane base;
    struct process *process;
    size_t index;
};

static struct process *process_of(struct jt_signer *signer)
{
    return (struct process *)(void *)signer; /* base is the first member */
}

/* --- the calls that are not signing --- */

static bool has_row(const struct jt_wire_reply *reply, enum jt_sealed_kind kind, enum jt_alg alg)
{
    return reply->row.kid.len > 0 && reply->row.kind == kind && reply->row.alg == alg;
}

static void take_row(struct jt_wire_reply *reply, struct jt_sealed *out_sealed)
{
    jt_sealed_release(out_sealed);
    *out_sealed = reply->row;
    reply->row = (struct jt_sealed)JT_SEALED_INIT;
}

static enum jt_err process_generate(struct jt_signer *signer, enum jt_sealed_kind kind,
                                    enum jt_alg alg, struct jt_sealed *out_sealed,
                                    struct jt_diag *diag)
{
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    JT_AUTO(wire_reply) reply = JT_WIRE_REPLY_INIT;
    request.op = JT_WIRE_GENERATE;
    request.kind = kind;
    request.alg = alg;
    JT_TRY(jt_keeper_call(process_of(signer)->keeper, &request, &reply, diag));
    if (!has_row(&reply, kind, alg)) {
        return JT_ERR_CRYPTO;
    }
    take_row(&reply, out_sealed);
    return JT_OK;
}

static enum jt_err process_load(struct jt_signer *signer, const struct jt_sealed *sealed,
                                int64_t longest_s, struct jt_secret *out_pepper,
                                struct jt_diag *diag)
{
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    JT_AUTO(wire_reply) reply = JT_WIRE_REPLY_INIT;
    bool is_pepper = sealed->kind == JT_SEALED_PEPPER;
    if (is_pepper && out_pepper == NULL) {
        return JT_ERR_ARGUMENT;
    }
    request.op = JT_WIRE_LOAD;
    request.row = *sealed; /* borrowed */
    request.longest_s = longest_s;
    JT_TRY(jt_keeper_call(process_of(signer)->keeper, &request, &reply, diag));
    if (is_pepper) {
        if (reply.pepper.n == 0) {
            return JT_ERR_CRYPTO;
        }
        jt_secret_release(out_pepper);
        *out_pepper = reply.pepper;
        reply.pepper = (struct jt_secret)JT_SECRET_INIT;
    }
    return JT_OK;
}

static enum jt_err process_rewrap(struct jt_signer *signer, struct jt_sealed *sealed,
                                  bool *out_changed, struct jt_diag *diag)
{
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    JT_AUTO(wire_reply) reply = JT_WIRE_REPLY_INIT;
    request.op = JT_WIRE_REWRAP;
    request.row = *sealed; /* borrowed */
    JT_TRY(jt_keeper_call(process_of(signer)->keeper, &request, &reply, diag));
    if (!has_row(&reply, sealed->kind, sealed->alg) ||
        !jt_span_eq(jt_buf_span(&reply.row.kid), jt_buf_span(&sealed->kid)) ||
        !jt_span_eq(jt_buf_span(&reply.row.public_jwk), jt_buf_span(&sealed->public_jwk))) {
        return JT_ERR_CRYPTO;
    }
    take_row(&reply, sealed);
    *out_changed = reply.changed;
    return JT_OK;
}

static enum jt_err process_set_keks(struct jt_signer *signer, const struct jt_signer_conf *conf,
                                    struct jt_diag *diag)
{
    return jt_keeper_set_keks(process_of(signer)->keeper, conf, diag);
}

static void process_status(struct jt_signer *signer, struct jt_signer_status *out_status)
{
    jt_keeper_status(process_of(signer)->keeper, out_status);
}

/* --- lanes --- */

static enum jt_err process_lane_new(struct jt_signer *signer, struct jt_signer_lane **out_lane)
{
    struct process *process = process_of(signer);
    struct lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL) {
        return JT_ERR_NOMEM;
    }
    *lane = (struct lane){{signer->ops}, process, 0};
    jt_ring_be_patient();
    (void)pthread_mutex_lock(&process->lock); /* a plain mutex, never recursive: cannot fail */
    while (lane->index < JT_SIGNER_LANES_MAX && process->lanes[lane->index]) {
        lane->index++;
    }
    bool found = lane->index < JT_SIGNER_LANES_MAX;
    if (found) {
        process->lanes[lane->index] = true;
    }
    (void)pthread_mutex_unlock(&process->lock);
    if (!found) {
        free(lane);
        return JT_ERR_LIMIT;
    }
    *out_lane = &lane->base;
    return JT_OK;
}

static void process_lane_free(struct jt_signer_lane *base)
{
    struct lane *lane = (struct lane *)(void *)base; /* base is the first member */
    (void)pthread_mutex_lock(&lane->process->lock);
    lane->process->lanes[lane->index] = false;
    (void)pthread_mutex_unlock(&lane->process->lock);
    free(lane);
}

/* RFC 7515 sec. 7.1: base64url and two dots. More would be trusted than asked for: the token goes
 * into an answer as it is. */
static bool is_token(struct jt_span text)
{
    unsigned dots = 0, wrong = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i], letter = c | 0x20;
        dots += c == '.';
        wrong |= !((letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                   c == '_' || c == '.');
    }
    return wrong == 0 && dots == 2;
}

static enum jt_err take_token(struct jt_ring_slot *slot, struct jt_buf *out)
{
    size_t n = atomic_load_explicit(&slot->n_out, memory_order_relaxed), start = out->len;
    if (n > sizeof slot->out) {
        return JT_ERR_SIGNER_AWAY;
    }
    JT_TRY(jt_buf_put(out, jt_span_of(slot->out, n)));
    if (!is_token(jt_span_of(out->p + start, n))) {
        out->len = start;
        out->p[start] = 0;
        return JT_ERR_SIGNER_AWAY;
    }
    return JT_OK;
}

static enum jt_err take_answer(struct jt_ring_slot *slot, struct jt_buf *out)
{
    uint32_t err = atomic_load_explicit(&slot->err, memory_order_relaxed);
    if (err == JT_OK) {
        return take_token(slot, out);
    }
    return err < JT_ERR_COUNT_ ? (enum jt_err)err : JT_ERR_SIGNER_AWAY;
}

static enum jt_err process_sign(struct jt_signer_lane *base, struct jt_span kid,
                                const struct jt_claims *claims, struct jt_buf *out)
{
    struct lane *lane = (struct lane *)(void *)base; /* base is the first member */
    struct jt_keeper *keeper = lane->process->keeper;
    struct jt_ring *ring = jt_keeper_ring(keeper);
    struct jt_ring_slot *slot = &ring->slots[lane->index];
    uint32_t epoch = atomic_load(jt_keeper_epoch(keeper));
    if (jt_keeper_away(keeper)) {
        return JT_ERR_SIGNER_AWAY;
    }
    size_t n = 0;
    uint32_t request = jt_ring_begin(ring, lane->index);
    JT_TRY(jt_wire_put_claims(kid, claims, slot->in, sizeof slot->in, &n));
    jt_ring_put(ring, lane->index, request, n);
    if (!jt_ring_await(ring, lane->index, request, jt_keeper_epoch(keeper), epoch)) {
        return JT_ERR_SIGNER_AWAY;
    }
    enum jt_err err = take_answer(slot, out);
    if (err == JT_ERR_SIGNER_AWAY) {
        jt_keeper_distrust(keeper);
    }
    return err;
}

/* --- the signer --- */

static void process_free(struct jt_signer *signer)
{
    struct process *process = process_of(signer);
    jt_keeper_free(process->keeper);
    (void)pthread_mutex_destroy(&process->lock); /* not locked: every lane is freed */
    free(process);
}

static const struct jt_signer_ops ops = {
    .free = process_free,
    .generate = process_generate,
    .load = process_load,
    .rewrap = process_rewrap,
    .set_keks = process_set_keks,
    .status = process_status,
    .lane_new = process_lane_new,
    .lane_free = process_lane_free,
    .sign = process_sign,
};

enum jt_err jt_signer_new_process(const struct jt_signer_conf *conf, struct jt_signer **out_signer,
                                  struct jt_diag *diag)
{
    struct process *process = calloc(1, sizeof *process);
    if (process == NULL) {
        return JT_ERR_NOMEM;
    }
    process->base.ops = &ops;
    (void)pthread_mutex_init(&process->lock, NULL); /* a plain mutex: cannot fail on Linux */
    enum jt_err err = jt_keeper_new(conf, &process->keeper, diag);
    if (err != JT_OK) {
        process_free(&process->base);
        return err;
    }
    *out_signer = &process->base;
    return JT_OK;
}
