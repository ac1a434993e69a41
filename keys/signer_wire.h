/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon and its signer process say to each other, as bytes: the claims of a token in a slot
 * of shared memory (signer_ring.h), and one message for each other call over a socket that keeps
 * messages apart. Numbers are little-endian, texts stand behind their length. Each reader takes
 * every byte for hostile: what is read is whole and in its range, or nothing of it is used. Internal
 * to keys/.
 *
 * claims   kid | typ | iss | sub | client_id | jti | scope | extra (each u16 n, bytes) |
 *          n_aud u16 | aud... | iat, nbf, exp (i64)
 * request  op u8 | kind u8 | alg u8 | longest_s i64 | n_workers u32 | row | texts
 * reply    op u8 | err u16 | flags u8 | kek, kek_next (each u16 n, bytes) | diag | pepper | row
 * row      kind u8 | alg u8 | kid | public_jwk | blob | mac 32
 *
 * Ownership: what is read of a message is the caller's to release; claims borrow from the bytes.
 * Thread rule: any thread.
 */
#ifndef JT_KEYS_SIGNER_WIRE_H
#define JT_KEYS_SIGNER_WIRE_H

#include "keys/signer.h"

#define JT_WIRE_MESSAGE_MAX (96 * 1024)
#define JT_WIRE_AUD_MAX     64

/* --- claims --- */

struct jt_wire_claims {
    struct jt_span kid;
    struct jt_claims claims;
    struct jt_span aud[JT_WIRE_AUD_MAX]; /* claims.aud */
};

/* Writes to `out`, of `max` bytes; how many. JT_ERR_LIMIT: longer, or over JT_WIRE_AUD_MAX aud:
 * such a token would be too long as well. */
JT_MUST_USE enum jt_err jt_wire_put_claims(struct jt_span kid, const struct jt_claims *claims,
                                           uint8_t *out, size_t max, size_t *out_n);

/* Reads; spans borrow from `bytes`. The claims are not judged. JT_ERR_ARGUMENT. */
JT_MUST_USE enum jt_err jt_wire_read_claims(struct jt_span bytes, struct jt_wire_claims *out);

/* --- messages --- */

enum jt_wire_op {
    JT_WIRE_START = 1, /* the first: texts, n_workers; descriptors: the ring, then as SET_KEKS */
    JT_WIRE_GO,        /* the workers may begin */
    JT_WIRE_GENERATE,  /* kind, alg -> row */
    JT_WIRE_LOAD,      /* row, longest_s -> pepper */
    JT_WIRE_REWRAP,    /* row -> row, changed */
    JT_WIRE_SET_KEKS,  /* texts; descriptors: of each source named that has one */
    JT_WIRE_STATUS,
    JT_WIRE_OP_END_,
};

/* The texts of a struct jt_signer_conf, in its order. */
#define JT_WIRE_TEXTS 13

struct jt_wire_request {
    enum jt_wire_op op;
    enum jt_sealed_kind kind;
    enum jt_alg alg;
    int64_t longest_s;
    uint32_t n_workers;
    struct jt_sealed row;
    char *texts[JT_WIRE_TEXTS]; /* NULL: not named */
};

#define JT_WIRE_REQUEST_INIT                                              \
    {                                                                     \
        JT_WIRE_STATUS, JT_SEALED_KEY, JT_ALG_NONE, 0, 0, JT_SEALED_INIT, \
        {                                                                 \
            NULL                                                          \
        }                                                                 \
    }

struct jt_wire_reply {
    enum jt_wire_op op;
    enum jt_err err;
    struct jt_diag diag;
    bool changed, memory_locked;
    char kek[JT_KEK_ID_TEXT], kek_next[JT_KEK_ID_TEXT];
    struct jt_secret pepper; /* empty unless a pepper was loaded */
    struct jt_sealed row;    /* kid empty: none */
};

#define JT_WIRE_REPLY_INIT                                                           \
    {                                                                                \
        JT_WIRE_STATUS, JT_OK, JT_DIAG_INIT, false, false, {0}, {0}, JT_SECRET_INIT, \
            JT_SEALED_INIT                                                           \
    }

void jt_wire_request_release(struct jt_wire_request *request);
void jt_wire_reply_release(struct jt_wire_reply *reply);

/* What `request` borrows of `conf`: its texts, to be written and not released. */
void jt_wire_borrow_conf(const struct jt_signer_conf *conf, struct jt_wire_request *request);

/* The configuration that the texts of `request` make, borrowed; how is JT_SIGNER_LOCAL. */
struct jt_signer_conf jt_wire_conf(const struct jt_wire_request *request);

/* Write to `out`, of JT_WIRE_MESSAGE_MAX bytes, which the caller wipes. JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_wire_put_request(const struct jt_wire_request *request, uint8_t *out,
                                            size_t *out_n);
JT_MUST_USE enum jt_err jt_wire_put_reply(const struct jt_wire_reply *reply, uint8_t *out,
                                          size_t *out_n);

/* Read over what `out` held. JT_ERR_ARGUMENT: not such a message; JT_ERR_NOMEM. Nothing is left in
 * `out` then. */
JT_MUST_USE enum jt_err jt_wire_read_request(struct jt_span bytes, struct jt_wire_request *out);
JT_MUST_USE enum jt_err jt_wire_read_reply(struct jt_span bytes, struct jt_wire_reply *out);

#endif
