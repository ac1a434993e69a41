/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/doctor/checks.h"
#include "issuer/kek_steps.h"
#include "keys/memory_guard.h"

#include "common/base/base.h"

/* --- the rows --- */

static size_t total(const struct jt_kek_tally *tally)
{
    return tally->keys + tally->secrets;
}

static enum jt_err say_rows(const struct jt_checks *checks, const struct jt_kek_rows *rows)
{
    const struct jt_signer_status *signer = &rows->signer;
    const char *step = jt_kek_rows_step(rows);
    if (rows->pepper_foreign) {
        return jt_checks_say(checks, "kek_rows", JT_CHECKS_FAIL, step,
                             "%zu rows are sealed under the key-encryption key with id %s, which "
                             "this issuer was not given: it goes on with what it read before, and "
                             "would not start",
                             total(&rows->foreign), rows->foreign_id);
    }
    if (signer->kek_next[0] == 0) {
        return jt_checks_say(checks, "kek_rows", JT_CHECKS_OK, NULL,
                             "%zu rows are sealed under the key-encryption key with id %s",
                             total(&rows->now), signer->kek);
    }
    return jt_checks_say(checks, "kek_rows", JT_CHECKS_WARN, step,
                         "the key-encryption key is being changed: %zu rows are under the one with "
                         "id %s, %zu under the next, %s",
                         total(&rows->now), signer->kek, total(&rows->next), signer->kek_next);
}

static enum jt_err check_rows(const struct jt_checks *checks)
{
    struct jt_kek_steps steps = JT_KEK_STEPS_INIT;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_kek_steps_look(checks->issuer, &steps, &diag);
    struct jt_kek_rows rows = steps.rows;
    jt_kek_steps_release(&steps);
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    if (err != JT_OK) {
        return jt_checks_say(checks, "kek_rows", JT_CHECKS_FAIL,
                             "mend what the checks of the database and of the keys tell", "%s",
                             jt_diag_text(&diag, err));
    }
    return say_rows(checks, &rows);
}

/* --- the memory --- */

static enum jt_err check_memory(const struct jt_checks *checks)
{
    struct jt_memory_state state = jt_memory_guard_state();
    struct jt_signer_status signer;
    jt_signer_status(checks->issuer->signer, &signer);
    if (signer.memory_locked && state.closed) {
        return jt_checks_say(checks, "memory", JT_CHECKS_OK, NULL,
                             "private keys are locked in memory and in no core dump%s",
                             state.whole ? ", as is all of the process" : "");
    }
    return jt_checks_say(checks, "memory", JT_CHECKS_WARN,
                         "raise the limit on locked memory (LimitMEMLOCK=8M in the unit, ulimit "
                         "-l), and restart jetond",
                         "%s", state.why[0] != 0 ? state.why : "private keys may be swapped out");
}

enum jt_err jt_checks_kek(const struct jt_checks *checks)
{
    JT_TRY(check_rows(checks));
    return check_memory(checks);
}
