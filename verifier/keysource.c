/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/keysource.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/digest.h"
#include "verifier/discovery.h"
#include "verifier/fetch.h"

#include "common/base/base.h"

#define URL_MAX 4096

struct jt_keysource {
    const struct jt_policy *policy;
    const struct jt_clock *clock;
    struct jt_keysource_fetch fetch;
    struct jt_slots *slots;
    atomic_bool wanted; /* a kid was unknown since the last attempt ended */

    /* the driver's: the set */
    uint64_t generation;
    uint8_t digest[JT_SHA256_LEN]; /* of the text of the newest set */

    /* the driver's: the schedule */
    int64_t due_ms;   /* when the next set is due */
    int64_t early_ms; /* before then, no attempt for an unknown kid */
    int64_t retry_ms;
    bool busy, early; /* an attempt is under way; it is one for an unknown kid */
    size_t place;     /* where discovery looks next */
    char *found_uri;  /* by discovery; NULL: not yet, or to be looked up again */
    uint64_t attempts;
    enum jt_err failure;
    struct jt_diag diag;
};

enum jt_err jt_keysource_new(const struct jt_policy *policy, const struct jt_clock *clock,
                             const struct jt_keysource_fetch *fetch,
                             struct jt_keysource **out_source)
{
    struct jt_keysource *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return JT_ERR_NOMEM;
    }
    source->policy = policy;
    source->clock = clock;
    source->fetch = *fetch;
    source->due_ms = jt_clock_boot_ms(clock);
    source->early_ms = source->due_ms;
    source->retry_ms = JT_KEYSOURCE_RETRY_MIN_MS;
    atomic_init(&source->wanted, false);
    enum jt_err err = jt_slots_new(jt_keyset_free, &source->slots);
    if (err != JT_OK) {
        jt_keysource_free(source);
        return err;
    }
    *out_source = source;
    return JT_OK;
}

void jt_keysource_free(struct jt_keysource *source)
{
    if (source == NULL) {
        return;
    }
    jt_slots_free(source->slots);
    free(source->found_uri);
    free(source);
}

struct jt_slots *jt_keysource_slots(struct jt_keysource *source)
{
    return source->slots;
}

/* Makes `text` the newest set. The set that is already there stays, with the contexts that workers
 * have prepared for it. */
static enum jt_err publish(struct jt_keysource *source, struct jt_span text)
{
    uint8_t digest[JT_SHA256_LEN];
    JT_TRY(jt_digest_sha256(text, digest));
    if (source->generation > 0 && memcmp(digest, source->digest, sizeof digest) == 0) {
        return JT_OK;
    }
    struct jt_jwks *jwks = NULL;
    struct jt_keyset *set = NULL;
    JT_TRY(jt_jwks_parse(text, &jwks));
    JT_TRY(jt_keyset_new(jwks, source->generation + 1, &set));
    enum jt_err err = jt_slots_publish(source->slots, set);
    if (err != JT_OK) {
        jt_keyset_free(set);
        return err;
    }
    source->generation++;
    memcpy(source->digest, digest, sizeof digest);
    return JT_OK;
}

static enum jt_err explain(struct jt_diag *diag, enum jt_err err, const char *from)
{
    return err == JT_ERR_NOMEM ? err
                               : jt_diag_fail(diag, err, "the key set from %.200s is refused: %s",
                                              from, jt_err_row(err)->text);
}

enum jt_err jt_keysource_load(struct jt_keysource *source, const char *path, struct jt_diag *diag)
{
    uint8_t *text = malloc(JT_JWKS_MAX_BYTES + 1);
    FILE *file = text == NULL ? NULL : fopen(path, "re");
    enum jt_err err = text == NULL ? JT_ERR_NOMEM : JT_ERR_IO;
    if (file != NULL) {
        size_t n = fread(text, 1, JT_JWKS_MAX_BYTES + 1, file);
        err = ferror(file) != 0 ? JT_ERR_IO : publish(source, jt_span_of(text, n));
        (void)fclose(file); /* only read from */
    }
    free(text);
    if (err == JT_ERR_IO) {
        return jt_diag_fail(diag, err, "cannot read %.200s: check that it is there and its mode",
                            path);
    }
    return err == JT_OK ? err : explain(diag, err, path);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static void end_attempt(struct jt_keysource *source, enum jt_err failure)
{
    source->busy = false;
    source->attempts++;
    source->failure = failure;
    /* kids that were unknown until now are judged by the outcome; who is still unknown asks again
     */
    atomic_store(&source->wanted, false);
}

static void succeed(struct jt_keysource *source, int64_t max_age_s)
{
    int64_t ttl_s = max_age_s < 0
                        ? JT_KEYSOURCE_TTL_ABSENT_S
                        : clamp(max_age_s, JT_KEYSOURCE_TTL_MIN_S, JT_KEYSOURCE_TTL_MAX_S);
    source->due_ms = jt_clock_boot_ms(source->clock) + ttl_s * 1000;
    source->retry_ms = JT_KEYSOURCE_RETRY_MIN_MS;
    end_attempt(source, JT_OK);
}

static void fail(struct jt_keysource *source, enum jt_err err)
{
    /* an attempt for an unknown kid has the cool-down for back-off, and the set is not older for it
     */
    if (!source->early) {
        source->due_ms = jt_clock_boot_ms(source->clock) + source->retry_ms;
        source->retry_ms = clamp(source->retry_ms * 2, 0, JT_KEYSOURCE_RETRY_MAX_MS);
    }
    free(source->found_uri); /* the next attempt looks it up again */
    source->found_uri = NULL;
    end_attempt(source, err);
}

static enum jt_err get(struct jt_keysource *source, const char *url, struct jeton_response *out)
{
    *out = (struct jeton_response){.max_age_s = -1};
    jeton_status status = source->fetch.get(source->fetch.ctx, url, JT_JWKS_MAX_BYTES, out);
    if (status == JETON_OK && out->body != NULL) {
        return JT_OK;
    }
    const char *reason =
        source->fetch.own != NULL ? jt_fetch_reason(source->fetch.own) : "the fetch hook failed";
    return jt_diag_fail(&source->diag, JT_ERR_FETCH, "cannot fetch %.200s: %s", url, reason);
}

static void fetch_set(struct jt_keysource *source, const char *url)
{
    struct jeton_response response;
    enum jt_err err = get(source, url, &response);
    if (err == JT_OK) {
        err = publish(source, jt_span_of(response.body, response.body_len));
        if (err != JT_OK) {
            err = explain(&source->diag, err, url);
        }
    }
    if (err == JT_OK) {
        succeed(source, response.max_age_s);
    } else {
        fail(source, err);
    }
}

static enum jt_err read_metadata(struct jt_keysource *source, const char *url,
                                 const struct jeton_response *response)
{
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_span issuer = jt_span_of(source->policy->issuer, source->policy->issuer_len);
    enum jt_err err = jt_discovery_read(issuer, jt_span_of(response->body, response->body_len),
                                        &diag, &source->found_uri);
    if (err != JT_OK) {
        return jt_diag_fail(&source->diag, err, "the metadata at %.200s is refused: %s", url,
                            jt_diag_text(&diag, err));
    }
    return JT_OK;
}

/* Looks at one place. Only a place that does not answer sends on to the next: a document that is
 * refused is refused. */
static void discover(struct jt_keysource *source)
{
    struct jt_span issuer = jt_span_of(source->policy->issuer, source->policy->issuer_len);
    struct jt_buf url = JT_BUF_INIT(URL_MAX);
    struct jeton_response response;
    enum jt_err err = jt_discovery_place(issuer, source->place++, &url);
    bool asked = err == JT_OK;
    if (asked) {
        err = get(source, jt_buf_str(&url), &response);
    }
    if (err == JT_OK) {
        err = read_metadata(source, jt_buf_str(&url), &response);
    }
    if (err != JT_OK && !(err == JT_ERR_FETCH && source->place < JT_DISCOVERY_PLACES)) {
        fail(source, err);
    }
    jt_buf_release(&url);
}

/* Begins the attempt that is due; false when none is. */
static bool begin(struct jt_keysource *source, int64_t now_ms)
{
    bool early = now_ms < source->due_ms;
    if (early && (!atomic_load(&source->wanted) || now_ms < source->early_ms)) {
        return false;
    }
    if (early) {
        /* stamped before the attempt, so that one that fails or hangs counts as well */
        source->early_ms = now_ms + JT_KEYSOURCE_COOLDOWN_MS;
    }
    source->busy = true;
    source->early = early;
    source->place = 0;
    return true;
}

static int64_t until_next(const struct jt_keysource *source)
{
    if (source->busy) {
        return 0;
    }
    int64_t next_ms = source->due_ms;
    if (atomic_load(&source->wanted) && source->early_ms < next_ms) {
        next_ms = source->early_ms;
    }
    return clamp(next_ms - jt_clock_boot_ms(source->clock), 0, JT_KEYSOURCE_IDLE_MS);
}

int64_t jt_keysource_step(struct jt_keysource *source)
{
    if (!source->policy->fetches) {
        return JT_KEYSOURCE_IDLE_MS;
    }
    if (source->busy || begin(source, jt_clock_boot_ms(source->clock))) {
        const char *uri =
            source->policy->jwks_uri != NULL ? source->policy->jwks_uri : source->found_uri;
        if (uri != NULL) {
            fetch_set(source, uri);
        } else {
            discover(source);
        }
    }
    return until_next(source);
}

uint64_t jt_keysource_attempts(const struct jt_keysource *source)
{
    return source->attempts;
}

enum jt_err jt_keysource_failure(const struct jt_keysource *source, struct jt_diag *diag)
{
    if (source->failure != JT_OK && diag != NULL) {
        *diag = source->diag;
    }
    return source->failure;
}

bool jt_keysource_want(struct jt_keysource *source)
{
    /* a flood of unknown kids reads one word and writes it once */
    return source->policy->fetches &&
           !atomic_load_explicit(&source->wanted, memory_order_relaxed) &&
           !atomic_exchange(&source->wanted, true);
}

bool jt_keysource_ready(struct jt_keysource *source)
{
    return jt_slots_current(source->slots) != NULL;
}
