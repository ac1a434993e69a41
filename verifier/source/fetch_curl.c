/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "verifier/source/fetchurl.h"
#include "verifier/source/max_age.h"

#include "common/base/base.h"

#define CONNECT_MS 2000L
#define TOTAL_MS   5000L

struct jt_fetch {
    CURL *curl;
    char *ca_file;
    struct jt_buf body;
    char reason[CURL_ERROR_SIZE + 64];
};

enum jt_err jt_fetch_new(const char *ca_file, struct jt_diag *diag, struct jt_fetch **out_fetch)
{
    (void)diag; /* nothing here that a person could mend */
    struct jt_fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(fetch);
        return JT_ERR_NOMEM;
    }
    fetch->curl = curl_easy_init();
    enum jt_err err = fetch->curl == NULL ? JT_ERR_NOMEM : JT_OK;
    if (err == JT_OK && ca_file != NULL) {
        err = jt_buf_strdup(jt_span_str(ca_file), &fetch->ca_file);
    }
    if (err != JT_OK) {
        jt_fetch_free(fetch);
        return err;
    }
    *out_fetch = fetch;
    return JT_OK;
}

void jt_fetch_free(struct jt_fetch *fetch)
{
    if (fetch == NULL) {
        return;
    }
    curl_easy_cleanup(fetch->curl);
    curl_global_cleanup(); /* libcurl counts */
    jt_buf_release(&fetch->body);
    free(fetch->ca_file);
    free(fetch);
}

const char *jt_fetch_reason(const struct jt_fetch *fetch)
{
    return fetch->reason;
}

/* libcurl's write callback: a body over the limit ends the transfer. */
static size_t take_body(char *bytes, size_t one, size_t n, void *ctx)
{
    struct jt_buf *body = ctx;
    return jt_buf_put(body, jt_span_of(bytes, one * n)) == JT_OK ? one * n : 0;
}

static bool set_text(CURL *curl, CURLoption option, const char *text)
{
    return curl_easy_setopt(curl, option, text) == CURLE_OK;
}

static bool set_long(CURL *curl, CURLoption option, long number)
{
    return curl_easy_setopt(curl, option, number) == CURLE_OK;
}

/* No redirects (libcurl's default, said all the same), no other scheme, no signal, no encoding that
 * could grow when unpacked. */
static bool set_options(struct jt_fetch *fetch, const char *url, bool tls)
{
    CURL *curl = fetch->curl;
    curl_easy_reset(curl);
    fetch->reason[0] = 0;
    return set_text(curl, CURLOPT_URL, url) &&
           set_text(curl, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http") &&
           set_long(curl, CURLOPT_FOLLOWLOCATION, 0) && set_long(curl, CURLOPT_NOSIGNAL, 1) &&
           set_long(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) &&
           set_long(curl, CURLOPT_TIMEOUT_MS, TOTAL_MS) &&
           set_text(curl, CURLOPT_USERAGENT, "libjeton") &&
           (tls || set_text(curl, CURLOPT_PROXY, "")) && /* loopback never goes through a proxy */
           (fetch->ca_file == NULL || set_text(curl, CURLOPT_CAINFO, fetch->ca_file)) &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->reason) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, &fetch->body) == CURLE_OK;
}

static jeton_status fail(struct jt_fetch *fetch, const char *reason)
{
    (void)snprintf(fetch->reason, sizeof fetch->reason, "%s", reason); /* cutting is fine */
    return JETON_FETCH_FAILED;
}

static jeton_status fail_transfer(struct jt_fetch *fetch, CURLcode code)
{
    if (code == CURLE_WRITE_ERROR) {
        return fail(fetch, "the body is too large");
    }
    /* libcurl writes more into the error buffer than the code says, but not always */
    return fetch->reason[0] != 0 ? JETON_FETCH_FAILED : fail(fetch, curl_easy_strerror(code));
}

static jeton_status check_answer(struct jt_fetch *fetch)
{
    long code = 0;
    if (curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK && code == 200) {
        return JETON_OK;
    }
    char reason[64];
    (void)snprintf(reason, sizeof reason, "HTTP status %ld", code); /* fits */
    return fail(fetch, reason);
}

/* RFC 9110 sec. 5.3: several header lines of one name are one list */
static int64_t read_max_age(CURL *curl)
{
    int64_t max_age_s = -1;
    struct curl_header *header;
    for (size_t i = 0;
         curl_easy_header(curl, "Cache-Control", i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++) {
        int64_t found = jt_max_age_parse(jt_span_str(header->value));
        if (found == 0 || max_age_s < 0) {
            max_age_s = found;
        }
    }
    return max_age_s;
}

jeton_status jt_fetch_get(void *ctx, const char *url, size_t max_body, struct jeton_response *out)
{
    struct jt_fetch *fetch = ctx;
    struct jt_fetchurl parts;
    jt_buf_release(&fetch->body);
    fetch->body.max = max_body;
    fetch->reason[0] = 0;
    if (jt_fetchurl_parse(jt_span_str(url), &parts) != JT_OK) {
        return fail(fetch, "URL must be https, or http on loopback");
    }
    if (!set_options(fetch, url, parts.tls)) {
        return fail(fetch, "libcurl refuses an option");
    }
    CURLcode code = curl_easy_perform(fetch->curl);
    if (code != CURLE_OK) {
        return fail_transfer(fetch, code);
    }
    jeton_status status = check_answer(fetch);
    if (status != JETON_OK) {
        return status;
    }
    *out = (struct jeton_response){.body = jt_buf_str(&fetch->body),
                                   .body_len = fetch->body.len,
                                   .max_age_s = read_max_age(fetch->curl)};
    return JETON_OK;
}
