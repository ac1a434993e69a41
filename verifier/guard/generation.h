/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one configuration comes to: its rules, a verifier for its issuers, and a worker of that
 * verifier for each thread that answers. A reload makes another generation and publishes it by
 * slots; requests under way end on the one that they began with.
 * Ownership: jt_generation_new gives one; free.
 * Thread rule: made and freed by one thread; the worker at place i belongs to thread i, all else is
 * read by any thread.
 */
#ifndef JT_GUARD_GENERATION_H
#define JT_GUARD_GENERATION_H

#include "verifier/guard/rules.h"

struct jt_generation {
    struct jt_guardconf conf;
    struct jt_rules rules;
    const struct jt_log *log;
    jeton_verifier *verifier;
    size_t n_workers;
    jeton_worker **workers;
};

/* Gives the generation of `conf` (taken, success or not), the content of the file `name`, with
 * `n_workers` workers, having waited for key sets as conf->wait_s says. Key sets that did not come
 * are no error. JT_ERR_CONFIG with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_generation_new(struct jt_guardconf *conf, const char *name,
                                          size_t n_workers, const struct jt_log *log,
                                          struct jt_generation **out_generation,
                                          struct jt_diag *diag);

/* The same checks without fetching anything. */
JT_MUST_USE enum jt_err jt_generation_check(const struct jt_guardconf *conf, const char *name,
                                            struct jt_diag *diag);

/* No thread may use a worker of it. NULL is harmless. */
void jt_generation_free(struct jt_generation *generation);

#endif
