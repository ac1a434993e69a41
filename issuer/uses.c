/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/uses.h"

#include <stdatomic.h>

#include "issuer/access/client_secret.h"

#include "common/base/base.h"

#define OTHERS_LATE_S 600

static enum jt_err take_use(void *ctx, const struct jt_store_use *use)
{
    const struct jt_client *client = jt_access_client(ctx, use->client);
    struct jt_client_secret *secret = client == NULL ? NULL : jt_object_secret(client, use->secret);
    if (secret == NULL) {
        return JT_OK;
    }
    int64_t known_s = atomic_load_explicit(&secret->used_s, memory_order_relaxed);
    while (known_s < use->used_s &&
           !atomic_compare_exchange_weak_explicit(&secret->used_s, &known_s, use->used_s,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
    return JT_OK;
}

enum jt_err jt_uses_load(struct jt_issuer *issuer)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    issuer->uses_saved_s = jt_clock_wall_s(issuer->clock);
    return jt_store_uses(issuer->store, 0, take_use, now->access);
}

struct saving {
    struct jt_issuer *issuer;
    int64_t since_s;
    bool begun; /* the transaction, by the first use there is */
    struct jt_diag *diag;
};

static enum jt_err save_client(void *ctx, const struct jt_object *object)
{
    struct saving *saving = ctx;
    const struct jt_client *client = (const struct jt_client *)object;
    for (size_t i = 0; i < client->n_secrets; i++) {
        const struct jt_client_secret *secret = &jt_object_secrets(client)[i];
        int64_t used_s = atomic_load_explicit(&secret->used_s, memory_order_relaxed);
        if (used_s == 0 || used_s < saving->since_s) {
            continue;
        }
        if (!saving->begun) {
            JT_TRY(jt_store_begin(saving->issuer->store, saving->diag));
            saving->begun = true;
        }
        const struct jt_store_use use = {object->id, jt_object_text(object, secret->id), used_s};
        JT_TRY(jt_store_put_use(saving->issuer->store, &use));
    }
    return JT_OK;
}

bool jt_uses_due(const struct jt_issuer *issuer)
{
    int64_t passed_s = jt_clock_wall_s(issuer->clock) - issuer->uses_saved_s;
    return passed_s < 0 || passed_s >= JT_CLIENT_SECRET_USE_S;
}

/* What other issuers over the same store have seen since. They write once a minute, too, and their
 * clocks are not ours. */
static enum jt_err follow(const struct jt_issuer *issuer, const struct jt_root *now)
{
    int64_t since_s = issuer->uses_saved_s - OTHERS_LATE_S;
    if (jt_config_store(&now->settings->config).postgres == NULL) {
        return JT_OK; /* there is no other */
    }
    return jt_store_uses(issuer->store, since_s < 0 ? 0 : since_s, take_use, now->access);
}

enum jt_err jt_uses_save(struct jt_issuer *issuer, struct jt_diag *diag)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    int64_t now_s = jt_clock_wall_s(issuer->clock);
    /* the second of the last time is looked at again, and all of a clock that was set back */
    int64_t since_s = issuer->uses_saved_s <= now_s ? issuer->uses_saved_s : 0;
    struct saving saving = {issuer, since_s, false, diag};
    enum jt_err err =
        now == NULL ? JT_OK : jt_access_each(now->access, JT_STORE_CLIENT, save_client, &saving);
    if (saving.begun) {
        if (err == JT_OK) {
            err = jt_store_commit(issuer->store, diag);
        }
        jt_store_rollback(issuer->store); /* harmless after the commit */
    }
    if (err == JT_OK && now != NULL) {
        err = follow(issuer, now);
    }
    if (err == JT_OK) {
        issuer->uses_saved_s = now_s;
    }
    return err;
}
