/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token request: the first byte holds switches, then come the Authorization header up to a line
 * end, and the body. Who the client is, is what a decoder of libcrypto's finds in the header, or
 * what stands in the body; never both, and never anybody without a secret.
 */
#include "issuer/oauth/token_request.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/evp.h>

#include "common/base/base.h"

#define MAX 4096

static struct jt_span authorization, content_type; /* what the request's headers are */

/* In the place of jt_request_header, which would ask libmicrohttpd. */
struct jt_span __wrap_jt_request_header(const struct jt_request *request, const char *name);
struct jt_span __wrap_jt_request_header(const struct jt_request *request, const char *name)
{
    (void)request;
    return strcmp(name, "Authorization") == 0  ? authorization
           : strcmp(name, "Content-Type") == 0 ? content_type
                                               : JT_SPAN_NONE;
}

static bool within(struct jt_span part, const struct jt_secret *whole)
{
    return part.n == 0 || (part.p >= whole->p && part.p + part.n <= whole->p + whole->n);
}

/* The halves as bytes of percent and plus encoding, from libcrypto's base64. */
static void check_halves(const struct jt_token_request *request)
{
    static uint8_t plain[MAX], half[MAX];
    struct jt_span text = jt_span_trim(jt_span_of(authorization.p + 6, authorization.n - 6));
    size_t padding = 0, n = 0;
    MUST(text.n > 0 && text.n % 4 == 0 && text.n < MAX);
    padding += text.p[text.n - 1] == '=';
    padding += text.p[text.n - 2] == '=';
    int got = EVP_DecodeBlock(plain, text.p, (int)text.n);
    MUST(got > 0 && (size_t)got >= padding);
    struct jt_span all = jt_span_of(plain, (size_t)got - padding);
    const uint8_t *colon = memchr(all.p, ':', all.n);
    MUST(colon != NULL);
    size_t id_n = (size_t)(colon - all.p);
    MUST(jt_form_decode(jt_span_of(all.p, id_n), half, &n) == JT_OK);
    MUST(jt_span_eq(jt_span_of(half, n), request->client_id));
    MUST(jt_form_decode(jt_span_of(colon + 1, all.n - id_n - 1), half, &n) == JT_OK);
    MUST(jt_span_eq(jt_span_of(half, n), request->client_secret));
}

static void check_request(const struct jt_token_request *request)
{
    MUST(request->client_id.n > 0 && request->client_secret.n > 0);
    MUST(jt_span_utf8(request->client_id) && jt_span_utf8(request->client_secret));
    MUST(request->n_resources <= JT_COUNT(request->resources));
    MUST(request->by_header == (authorization.p != NULL));
    if (!request->by_header) {
        MUST(within(request->client_id, &request->form.text));
        MUST(within(request->client_secret, &request->form.text));
        return;
    }
    MUST(within(request->client_id, &request->basic));
    MUST(within(request->client_secret, &request->basic));
    check_halves(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct jt_token_request request;
    struct jt_diag diag = JT_DIAG_INIT;
    if (n == 0 || n > MAX) {
        return 0;
    }
    struct jt_span rest = jt_span_of(bytes + 1, n - 1);
    const uint8_t *end = rest.n == 0 ? NULL : memchr(rest.p, '\n', rest.n);
    size_t header_n = end == NULL ? 0 : (size_t)(end - rest.p) + 1;
    authorization = (bytes[0] & 1) == 0 && header_n > 0
                        ? jt_span_trim(jt_span_of(rest.p, header_n - 1))
                        : JT_SPAN_NONE;
    content_type = (bytes[0] & 2) == 0 ? JT_SPAN("application/x-www-form-urlencoded") : rest;
    struct jt_span body = jt_span_of(rest.p + header_n, rest.n - header_n);
    struct jt_request asked = {.method = "POST", .body = body};
    if ((bytes[0] & 4) != 0) {
        asked.query = body;
        asked.body = JT_SPAN("client_id=a&client_secret=b");
    }
    enum jt_err err = jt_token_request_parse(&asked, (bytes[0] & 8) != 0, &request, &diag);
    if (err == JT_OK) {
        check_request(&request);
    } else {
        MUST(diag.text[0] != 0 && strchr(diag.text, '\n') == NULL);
    }
    jt_token_request_release(&request);
    return 0;
}
