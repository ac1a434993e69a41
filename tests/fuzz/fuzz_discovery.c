/* SPDX-License-Identifier: Apache-2.0 */
/* A metadata document that is accepted names exactly the issuer, and a key set at a URL that may be
 * fetched from; an issuer that has a place for its metadata has it on its own origin. */
#include "verifier/source/discovery.h"

#include "common/json/json.h"
#include "tests/fuzz/fuzz.h"
#include "verifier/source/fetchurl.h"

#include "common/base/base.h"

static void check_accepted(struct jt_span issuer, struct jt_span text, const char *uri)
{
    struct jt_fetchurl ours, theirs;
    struct jt_span named = JT_SPAN_NONE;
    JT_JSON_AUTO json_t *json = NULL;
    MUST(jt_json_load_object(text, JT_JSON_DEPTH, &json) == JT_OK);
    MUST(jt_json_string(json, "issuer", &named) == JT_OK && jt_span_eq(named, issuer));
    MUST(jt_json_string(json, "jwks_uri", &named) == JT_OK && jt_span_is(named, uri));
    MUST(jt_fetchurl_parse(named, &theirs) == JT_OK);
    MUST(jt_fetchurl_parse(issuer, &ours) == JT_OK && (theirs.tls || !ours.tls));
    for (const char *c = uri; *c != 0; c++) {
        MUST(*c > ' ' && *c < 0x7F);
    }
}

static void read_document(struct jt_span issuer, struct jt_span text)
{
    struct jt_diag diag = JT_DIAG_INIT;
    char *uri = NULL;
    enum jt_err err = jt_discovery_read(issuer, text, &diag, &uri);
    MUST(err == JT_OK || (err == JT_ERR_DISCOVERY && uri == NULL && diag.text[0] != 0));
    if (err == JT_OK) {
        check_accepted(issuer, text, uri);
    }
    free(uri);
}

static void find_places(struct jt_span issuer)
{
    struct jt_fetchurl url, place;
    for (size_t at = 0; at < JT_DISCOVERY_PLACES; at++) {
        JT_AUTO(buf) out = JT_BUF_INIT(2 * issuer.n + 64);
        enum jt_err err = jt_discovery_place(issuer, at, &out);
        MUST(err == JT_OK || err == JT_ERR_URL);
        MUST(err == JT_OK || out.len == 0);
        if (err != JT_OK) {
            continue;
        }
        MUST(jt_fetchurl_parse(issuer, &url) == JT_OK);
        MUST(jt_fetchurl_parse(jt_buf_span(&out), &place) == JT_OK);
        MUST(jt_span_eq(url.origin, place.origin) && url.tls == place.tls);
        MUST(strstr(jt_buf_str(&out), "/.well-known/") != NULL);
        MUST(strchr(jt_buf_str(&out), '?') == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_span input = {bytes, n};
    read_document(JT_SPAN("https://id.example.com"), input);
    read_document(JT_SPAN("http://127.0.0.1:8080/t"), input);
    find_places(input);
    return 0;
}
