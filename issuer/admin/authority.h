/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks, over TCP: a client of this issuer by a bearer token of this issuer's for the resource
 * <issuer>/admin. libjeton verifies the token against the key set that is published now (no network,
 * no timer: another set makes another verifier); what the client may do is decided by what it holds
 * now, not by what its token says alone.
 * Ownership: pass_new gives a pass; a verdict is in place, its actor points into it and, until the
 * next one, into the pass.
 * Thread rule: a pass is its thread's.
 * Sources: RFC 6750, RFC 9068 sec. 4.
 */
#ifndef JT_ADMIN_AUTHORITY_H
#define JT_ADMIN_AUTHORITY_H

#include "issuer/actor.h"
#include "issuer/admin/admin.h"

#define JT_AUTHORITY_MAX_TEXT 640

struct jt_authority_verdict {
    int status; /* 0: let in; else to be refused with */
    const char *code, *title;
    char detail[JT_AUTHORITY_MAX_TEXT];
    char challenge[JT_AUTHORITY_MAX_TEXT]; /* the value of WWW-Authenticate; "": none is due */
    struct jt_actor actor;
    char name[JT_NAMES_MAX + 8]; /* "client <client_id>" */
};

JT_MUST_USE enum jt_err jt_authority_pass_new(const struct jt_clock *clock,
                                              struct jt_authority_pass **out_pass);
void jt_authority_pass_free(struct jt_authority_pass *pass);

/* May who sends `authorization` (the header's value; p NULL: none) use what needs all of `scopes`
 * ("a b"; "": anything held)? `root` is the one to judge by. */
void jt_authority_judge(struct jt_authority_pass *pass, const struct jt_root *root,
                        struct jt_span authorization, const char *scopes,
                        struct jt_authority_verdict *out_verdict);

/* Answers the refusal of a verdict. */
void jt_authority_refuse(const struct jt_authority_verdict *verdict, struct jt_answer *answer);

#endif
