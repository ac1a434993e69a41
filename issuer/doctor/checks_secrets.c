/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/client_secret.h"
#include "issuer/doctor/checks.h"

#include "common/base/base.h"

#define SOON_S   (14 * (int64_t)86400)
#define NAMED    5 /* of those found, so many are named */
#define NAMES_IN 2048

/* What one walk over the clients finds. */
struct finding {
    size_t n;
    struct jt_buf names;
};

struct walk {
    int64_t now_s;
    struct finding ending, ended, without;
};

static enum jt_err note(struct finding *finding, const struct jt_client *client,
                        const struct jt_client_secret *secret)
{
    finding->n++;
    if (finding->n > NAMED) {
        return JT_OK;
    }
    JT_TRY(jt_buf_puts(&finding->names, finding->n == 1 ? "" : ", "));
    JT_TRY(jt_buf_put(&finding->names, client->name));
    if (secret == NULL) {
        return JT_OK;
    }
    char at[JT_CHECKS_TIME];
    struct jt_span id = jt_object_text(&client->object, secret->id);
    return jt_buf_printf(&finding->names, " %.*s (%s)", (int)id.n, (const char *)id.p,
                         jt_checks_time(secret->expires_s, at));
}

static enum jt_err look(void *ctx, const struct jt_object *object)
{
    struct walk *walk = ctx;
    const struct jt_client *client = (const struct jt_client *)object;
    bool any = false;
    for (size_t i = 0; i < client->n_secrets; i++) {
        const struct jt_client_secret *secret = &jt_object_secrets(client)[i];
        bool alive = jt_client_secret_alive(secret, walk->now_s);
        any = any || alive;
        if (!alive) {
            JT_TRY(note(&walk->ended, client, secret));
        } else if (!jt_client_secret_alive(secret, walk->now_s + SOON_S)) {
            JT_TRY(note(&walk->ending, client, secret));
        }
    }
    return any || !client->enabled ? JT_OK : note(&walk->without, client, NULL);
}

static enum jt_err say(const struct jt_checks *checks, const char *check,
                       const struct finding *finding, const char *what, const char *fix)
{
    if (finding->n == 0) {
        return jt_checks_say(checks, check, JT_CHECKS_OK, NULL, "no %s", what);
    }
    return jt_checks_say(checks, check, JT_CHECKS_WARN, fix, "%zu %s: %s%s", finding->n, what,
                         jt_buf_str(&finding->names), finding->n > NAMED ? ", ..." : "");
}

static enum jt_err say_all(const struct jt_checks *checks, const struct walk *walk)
{
    JT_TRY(say(checks, "secrets_ending", &walk->ending, "secrets that end within 14 days",
               "jeton client secret add CLIENT, hand it out, then revoke the old one"));
    JT_TRY(say(checks, "secrets_ended", &walk->ended, "secrets that have ended",
               "jeton client secret revoke CLIENT ID"));
    return say(checks, "clients_without_secret", &walk->without,
               "enabled clients without a live secret",
               "jeton client secret add CLIENT, or jeton client update CLIENT --disable");
}

enum jt_err jt_checks_secrets(const struct jt_checks *checks)
{
    struct walk walk = {jt_clock_wall_s(checks->issuer->clock),
                        {0, JT_BUF_INIT(NAMES_IN)},
                        {0, JT_BUF_INIT(NAMES_IN)},
                        {0, JT_BUF_INIT(NAMES_IN)}};
    const struct jt_root *root = jt_issuer_enter(checks->worker);
    enum jt_err err = jt_access_each(root->access, JT_STORE_CLIENT, look, &walk);
    jt_issuer_exit(checks->worker);
    err = err == JT_OK ? say_all(checks, &walk) : err;
    jt_buf_release(&walk.ending.names);
    jt_buf_release(&walk.ended.names);
    jt_buf_release(&walk.without.names);
    return err;
}
