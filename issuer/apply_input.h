/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an apply is to make of the access model, read from a stream of JSON lines as it comes: each
 * line one object with its `kind`, turned into a record at once, so that neither the text nor its
 * tree is kept. It looks at each line alone; what the lines mean together apply.c decides.
 * Ownership: in place; release. Records are its own until taken out.
 * Thread rule: one thread.
 */
#ifndef JT_ISSUER_APPLY_INPUT_H
#define JT_ISSUER_APPLY_INPUT_H

#include "issuer/apply.h"

#define JT_APPLY_MAX_LINE    ((size_t)1024 * 1024)
#define JT_APPLY_MAX_OBJECTS ((size_t)2000000)
/* Bytes of memory that all applies on their way hold together: a list of short words takes several
 * times its text. */
#define JT_APPLY_MAX_HELD ((size_t)1024 * 1024 * 1024)

struct jt_apply_item {
    struct jt_object *object;    /* a client's id is made up when none was given */
    const struct jt_object *old; /* apply.c's: what it replaces; NULL: nothing */
    size_t line;                 /* from 1 */
    bool id_given;               /* of a client */
};

struct jt_apply_input {
    struct jt_issuer *issuer;
    struct jt_buf line; /* that has not ended yet */
    size_t n_lines, n_bytes;
    struct jt_apply_item *items;
    size_t n, cap;
    size_t n_held;   /* its part of issuer->applying */
    enum jt_err err; /* of the first line that was refused: nothing after it is looked at */
    struct jt_diag diag;
};

void jt_apply_input_init(struct jt_apply_input *input, struct jt_issuer *issuer);
void jt_apply_input_release(struct jt_apply_input *input);

/* Takes the next bytes of the stream; false when a line was refused. */
bool jt_apply_input_take(struct jt_apply_input *input, struct jt_span bytes);

/* The stream has ended: takes the last line, should no line end follow it. JT_ERR_INVALID with
 * `line N: KIND 'NAME': MEMBER: what; mend` of the first line that was refused; JT_ERR_LIMIT past a
 * maximum above; JT_ERR_NOMEM, JT_ERR_RANDOM. */
JT_MUST_USE enum jt_err jt_apply_input_end(struct jt_apply_input *input, struct jt_diag *diag);

/* `err`, after `line N: KIND 'NAME': ` was put before the sentence in `diag`. */
enum jt_err jt_apply_input_fail(const struct jt_apply_item *item, enum jt_err err,
                                struct jt_diag *diag);

#endif
