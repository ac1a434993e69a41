/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_wire.h"

#include <stdlib.h>

#include "common/base/base.h"

#define FLAG_CHANGED 1
#define FLAG_LOCKED  2
#define TEXT_MAX     4096
#define KID_MAX      256

/* --- writing --- */

/* Where the next byte goes; past the end nothing is written and `full` stays. */
struct pen {
    uint8_t *p;
    size_t left;
    bool full;
};

static void put_bytes(struct pen *pen, struct jt_span bytes)
{
    if (pen->full || bytes.n > pen->left) {
        pen->full = true;
        return;
    }
    if (bytes.n > 0) {
        memcpy(pen->p, bytes.p, bytes.n);
    }
    pen->p += bytes.n;
    pen->left -= bytes.n;
}

static void put_number(struct pen *pen, uint64_t value, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    put_bytes(pen, jt_span_of(bytes, n));
}

static void put_text(struct pen *pen, struct jt_span text)
{
    if (text.n > UINT16_MAX) {
        pen->full = true;
        return;
    }
    put_number(pen, text.n, 2);
    put_bytes(pen, text);
}

static enum jt_err end(const struct pen *pen, const uint8_t *out, size_t *out_n)
{
    if (pen->full) {
        return JT_ERR_LIMIT;
    }
    *out_n = (size_t)(pen->p - out);
    return JT_OK;
}

/* --- reading --- */

/* What is left; after the first thing that is not there nothing is read any more. */
struct eye {
    struct jt_span rest;
    bool bad;
};

static struct jt_span take_bytes(struct eye *eye, size_t n)
{
    if (eye->bad || n > eye->rest.n) {
        eye->bad = true;
        return JT_SPAN_NONE;
    }
    struct jt_span taken = {eye->rest.p, n};
    eye->rest.p += n;
    eye->rest.n -= n;
    return taken;
}

static uint64_t take_number(struct eye *eye, size_t n)
{
    struct jt_span bytes = take_bytes(eye, n);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        value |= (uint64_t)bytes.p[i] << (8 * i);
    }
    return value;
}

static struct jt_span take_text(struct eye *eye, size_t max)
{
    size_t n = (size_t)take_number(eye, 2);
    if (n > max) {
        eye->bad = true;
    }
    return take_bytes(eye, n);
}

/* A number below `end`, in `n` bytes. */
static unsigned take_below(struct eye *eye, size_t n, unsigned end)
{
    uint64_t value = take_number(eye, n);
    if (value >= end) {
        eye->bad = true;
        return 0;
    }
    return (unsigned)value;
}

static bool at_end(const struct eye *eye)
{
    return !eye->bad && eye->rest.n == 0;
}

/* --- claims --- */

enum jt_err jt_wire_put_claims(struct jt_span kid, const struct jt_claims *claims, uint8_t *out,
                               size_t max, size_t *out_n)
{
    struct pen pen = {out, max, claims->n_aud > JT_WIRE_AUD_MAX};
    put_text(&pen, kid);
    put_text(&pen, claims->typ);
    put_text(&pen, claims->iss);
    put_text(&pen, claims->sub);
    put_text(&pen, claims->client_id);
    put_text(&pen, claims->jti);
    put_text(&pen, claims->scope);
    put_text(&pen, claims->extra);
    put_number(&pen, claims->n_aud, 2);
    for (size_t i = 0; !pen.full && i < claims->n_aud; i++) {
        put_text(&pen, claims->aud[i]);
    }
    put_number(&pen, (uint64_t)claims->iat_s, 8);
    put_number(&pen, (uint64_t)claims->nbf_s, 8);
    put_number(&pen, (uint64_t)claims->exp_s, 8);
    return end(&pen, out, out_n);
}

enum jt_err jt_wire_read_claims(struct jt_span bytes, struct jt_wire_claims *out)
{
    struct eye eye = {bytes, false};
    struct jt_claims *claims = &out->claims;
    out->kid = take_text(&eye, UINT16_MAX);
    claims->typ = take_text(&eye, UINT16_MAX);
    claims->iss = take_text(&eye, UINT16_MAX);
    claims->sub = take_text(&eye, UINT16_MAX);
    claims->client_id = take_text(&eye, UINT16_MAX);
    claims->jti = take_text(&eye, UINT16_MAX);
    claims->scope = take_text(&eye, UINT16_MAX);
    claims->extra = take_text(&eye, UINT16_MAX);
    claims->n_aud = take_below(&eye, 2, JT_WIRE_AUD_MAX + 1);
    claims->aud = out->aud;
    for (size_t i = 0; i < claims->n_aud; i++) {
        out->aud[i] = take_text(&eye, UINT16_MAX);
    }
    claims->iat_s = (int64_t)take_number(&eye, 8);
    claims->nbf_s = (int64_t)take_number(&eye, 8);
    claims->exp_s = (int64_t)take_number(&eye, 8);
    return at_end(&eye) ? JT_OK : JT_ERR_ARGUMENT;
}

/* --- rows --- */

static void put_row(struct pen *pen, const struct jt_sealed *row)
{
    put_number(pen, row->kind, 1);
    put_number(pen, row->alg, 1);
    put_text(pen, jt_buf_span(&row->kid));
    put_text(pen, jt_buf_span(&row->public_jwk));
    put_text(pen, jt_buf_span(&row->blob));
    put_bytes(pen, jt_span_of(row->mac, sizeof row->mac));
}

static enum jt_err read_row(struct eye *eye, struct jt_sealed *out)
{
    out->kind = (enum jt_sealed_kind)take_below(eye, 1, JT_SEALED_PEPPER + 1);
    out->alg = (enum jt_alg)take_below(eye, 1, JT_ALG_COUNT_);
    struct jt_span kid = take_text(eye, KID_MAX);
    struct jt_span public_jwk = take_text(eye, JT_SEALED_JWK_MAX);
    struct jt_span blob = take_text(eye, JT_SEALED_BLOB_MAX);
    struct jt_span mac = take_bytes(eye, JT_SEALED_MAC_LEN);
    if (eye->bad || !jt_span_utf8(kid) || !jt_span_utf8(public_jwk)) {
        return JT_ERR_ARGUMENT;
    }
    memcpy(out->mac, mac.p, mac.n);
    enum jt_err err = jt_buf_put(&out->kid, kid);
    if (err == JT_OK) {
        err = jt_buf_put(&out->public_jwk, public_jwk);
    }
    if (err == JT_OK) {
        err = jt_buf_put(&out->blob, blob);
    }
    return err == JT_ERR_LIMIT ? JT_ERR_ARGUMENT : err;
}

/* --- requests --- */

void jt_wire_request_release(struct jt_wire_request *request)
{
    jt_sealed_release(&request->row);
    for (size_t i = 0; i < JT_WIRE_TEXTS; i++) {
        free(request->texts[i]);
        request->texts[i] = NULL;
    }
}

void jt_wire_borrow_conf(const struct jt_signer_conf *conf, struct jt_wire_request *request)
{
    const char *const texts[JT_WIRE_TEXTS] = {
        conf->kek.file,       conf->kek.credential,  conf->kek.env,
        conf->kek.pkcs11,     conf->kek_next.file,   conf->kek_next.credential,
        conf->kek_next.env,   conf->kek_next.pkcs11, conf->pkcs11.module,
        conf->pkcs11.token,   conf->pkcs11.pin_file, conf->pkcs11.pin_credential,
        conf->pkcs11.pin_env,
    };
    for (size_t i = 0; i < JT_WIRE_TEXTS; i++) {
        request->texts[i] = (char *)(uintptr_t)texts[i]; /* written to nobody */
    }
}

struct jt_signer_conf jt_wire_conf(const struct jt_wire_request *request)
{
    char *const *t = request->texts;
    return (struct jt_signer_conf){
        .how = JT_SIGNER_LOCAL,
        .kek = {t[0], t[1], t[2], t[3]},
        .kek_next = {t[4], t[5], t[6], t[7]},
        .pkcs11 = {t[8], t[9], t[10], t[11], t[12]},
    };
}

enum jt_err jt_wire_put_request(const struct jt_wire_request *request, uint8_t *out, size_t *out_n)
{
    struct pen pen = {out, JT_WIRE_MESSAGE_MAX, false};
    put_number(&pen, request->op, 1);
    put_number(&pen, request->kind, 1);
    put_number(&pen, request->alg, 1);
    put_number(&pen, (uint64_t)request->longest_s, 8);
    put_number(&pen, request->n_workers, 4);
    put_row(&pen, &request->row);
    for (size_t i = 0; i < JT_WIRE_TEXTS; i++) {
        put_number(&pen, request->texts[i] != NULL, 1);
        if (request->texts[i] != NULL) {
            put_text(&pen, jt_span_str(request->texts[i]));
        }
    }
    return end(&pen, out, out_n);
}

static enum jt_err read_conf_text(struct eye *eye, char **out)
{
    if (take_below(eye, 1, 2) == 0) {
        return eye->bad ? JT_ERR_ARGUMENT : JT_OK;
    }
    struct jt_span text = take_text(eye, TEXT_MAX);
    if (eye->bad || !jt_span_utf8(text)) { /* no NUL either */
        return JT_ERR_ARGUMENT;
    }
    return jt_buf_strdup(text, out);
}

static enum jt_err read_request(struct eye *eye, struct jt_wire_request *out)
{
    out->op = (enum jt_wire_op)take_below(eye, 1, JT_WIRE_OP_END_);
    out->kind = (enum jt_sealed_kind)take_below(eye, 1, JT_SEALED_PEPPER + 1);
    out->alg = (enum jt_alg)take_below(eye, 1, JT_ALG_COUNT_);
    out->longest_s = (int64_t)take_number(eye, 8);
    out->n_workers = (uint32_t)take_number(eye, 4);
    JT_TRY(read_row(eye, &out->row));
    for (size_t i = 0; i < JT_WIRE_TEXTS; i++) {
        JT_TRY(read_conf_text(eye, &out->texts[i]));
    }
    return out->op != 0 && at_end(eye) ? JT_OK : JT_ERR_ARGUMENT;
}

enum jt_err jt_wire_read_request(struct jt_span bytes, struct jt_wire_request *out)
{
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    struct eye eye = {bytes, false};
    jt_wire_request_release(out);
    enum jt_err err = read_request(&eye, &request);
    if (err != JT_OK) {
        jt_wire_request_release(&request);
        request = (struct jt_wire_request)JT_WIRE_REQUEST_INIT;
    }
    *out = request;
    return err;
}

/* --- replies --- */

void jt_wire_reply_release(struct jt_wire_reply *reply)
{
    jt_sealed_release(&reply->row);
    jt_secret_release(&reply->pepper);
}

enum jt_err jt_wire_put_reply(const struct jt_wire_reply *reply, uint8_t *out, size_t *out_n)
{
    struct pen pen = {out, JT_WIRE_MESSAGE_MAX, false};
    put_number(&pen, reply->op, 1);
    put_number(&pen, reply->err, 2);
    put_number(&pen,
               (reply->changed ? FLAG_CHANGED : 0u) | (reply->memory_locked ? FLAG_LOCKED : 0u), 1);
    put_text(&pen, jt_span_str(reply->kek));
    put_text(&pen, jt_span_str(reply->kek_next));
    put_text(&pen, jt_span_str(reply->diag.text));
    put_text(&pen, jt_secret_span(&reply->pepper));
    put_row(&pen, &reply->row);
    return end(&pen, out, out_n);
}

/* A text of the signer's that people read. */
static enum jt_err read_said(struct eye *eye, char *out, size_t room)
{
    struct jt_span text = take_text(eye, room - 1);
    if (eye->bad || !jt_span_utf8(text)) {
        return JT_ERR_ARGUMENT;
    }
    if (text.n > 0) {
        memcpy(out, text.p, text.n);
    }
    out[text.n] = 0;
    return JT_OK;
}

static enum jt_err read_reply(struct eye *eye, struct jt_wire_reply *out)
{
    out->op = (enum jt_wire_op)take_below(eye, 1, JT_WIRE_OP_END_);
    out->err = (enum jt_err)take_below(eye, 2, JT_ERR_COUNT_);
    unsigned flags = take_below(eye, 1, (FLAG_CHANGED | FLAG_LOCKED) + 1);
    out->changed = (flags & FLAG_CHANGED) != 0;
    out->memory_locked = (flags & FLAG_LOCKED) != 0;
    JT_TRY(read_said(eye, out->kek, sizeof out->kek));
    JT_TRY(read_said(eye, out->kek_next, sizeof out->kek_next));
    JT_TRY(read_said(eye, out->diag.text, sizeof out->diag.text));
    struct jt_span pepper = take_text(eye, KID_MAX);
    JT_TRY(read_row(eye, &out->row));
    if (out->op == 0 || !at_end(eye)) {
        return JT_ERR_ARGUMENT;
    }
    return pepper.n > 0 ? jt_secret_copy(&out->pepper, pepper) : JT_OK;
}

enum jt_err jt_wire_read_reply(struct jt_span bytes, struct jt_wire_reply *out)
{
    struct jt_wire_reply reply = JT_WIRE_REPLY_INIT;
    struct eye eye = {bytes, false};
    jt_wire_reply_release(out);
    enum jt_err err = read_reply(&eye, &reply);
    if (err != JT_OK) {
        jt_wire_reply_release(&reply);
        reply = (struct jt_wire_reply)JT_WIRE_REPLY_INIT;
    }
    *out = reply;
    return err;
}
