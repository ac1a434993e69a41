/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code under test as a table of calls, and tables in which one of them is at fault: the model is
 * worth what it finds in those.
 */
#ifndef JT_TESTS_MODEL_RULES_H
#define JT_TESTS_MODEL_RULES_H

#include "issuer/clockwatch.h"
#include "keys/schedule.h"

struct rules {
    const char *name; /* what is at fault */
    enum jt_err (*tick)(const struct jt_schedule_conf *, const struct jt_key_times *, size_t,
                        enum jt_alg, int64_t now_s, bool may_drop, struct jt_schedule_plan *);
    enum jt_err (*rotate)(const struct jt_schedule_conf *, const struct jt_key_times *, size_t,
                          enum jt_alg, int64_t now_s, bool force, struct jt_schedule_plan *,
                          struct jt_diag *);
    enum jt_err (*revoke)(const struct jt_schedule_conf *, const struct jt_key_times *, size_t,
                          const char *kid, int64_t now_s, bool force, struct jt_schedule_plan *,
                          struct jt_diag *);
    enum jt_err (*revoke_all)(const struct jt_schedule_conf *, const struct jt_key_times *, size_t,
                              int64_t now_s, struct jt_schedule_plan *, struct jt_diag *);
    enum jt_err (*add)(const struct jt_schedule_conf *, const struct jt_key_times *, size_t,
                       enum jt_alg, int64_t now_s, struct jt_schedule_plan *, struct jt_diag *);
    enum jt_err (*retire)(const struct jt_schedule_conf *, const struct jt_key_times *, size_t,
                          enum jt_alg, int64_t now_s, struct jt_schedule_plan *, struct jt_diag *);
    int64_t (*due)(const struct jt_schedule_conf *, const struct jt_key_times *, size_t,
                   enum jt_alg);
    const struct jt_key_times *(*active)(const struct jt_key_times *, size_t, enum jt_alg,
                                         int64_t now_s);
    int64_t (*look)(struct jt_clockwatch *, const struct jt_clock *);
    bool (*may_rotate)(const struct jt_clockwatch *, const struct jt_clock *);
    bool (*may_drop)(const struct jt_clockwatch *, const struct jt_clock *);

    /* faults of what stands around the schedule */
    bool signs_when_stale, plans_by_its_copy, never_raises, tears, trusts_jumps, limit_rises;
};

extern const struct rules rules_real;
extern const struct rules rules_faulty[];
extern const size_t rules_n_faulty;

#endif
