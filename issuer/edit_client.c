/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/edit_client.h"

#include "common/jose/b64url.h"
#include "common/json/json.h"
#include "issuer/access/client_secret.h"

#include "common/base/base.h"

#define CLIENT_ID_PREFIX "jtc"
#define CLIENT_ID_DIGITS 20
#define SECRET_ID_DIGITS 8
#define MAX_LIFETIME_S   ((int64_t)10 * 366 * 86400)

/* Gives a random id as a JSON string. */
static enum jt_err make_id(const struct jt_random *random, const char *prefix, size_t digits,
                           json_t **out_id)
{
    struct jt_buf id = JT_BUF_INIT(64);
    enum jt_err err = jt_buf_puts(&id, prefix);
    if (err == JT_OK) {
        err = jt_random_base62(random, digits, &id);
    }
    if (err == JT_OK) {
        *out_id = json_stringn(jt_buf_str(&id), id.len);
        err = *out_id == NULL ? JT_ERR_NOMEM : JT_OK;
    }
    jt_buf_release(&id);
    return err;
}

enum jt_err jt_edit_client_make_id(const struct jt_issuer *issuer, json_t **out_id)
{
    return make_id(issuer->random, CLIENT_ID_PREFIX, CLIENT_ID_DIGITS, out_id);
}

static enum jt_err name_of(const struct jt_edit_secret *secret, size_t number, json_t **out_name)
{
    if (secret->name.n > 0) {
        *out_name = json_stringn((const char *)secret->name.p, secret->name.n);
    } else {
        *out_name = json_sprintf("secret-%zu", number);
    }
    return *out_name == NULL ? JT_ERR_NOMEM : JT_OK;
}

static enum jt_err hash_json(const struct jt_issuer *issuer, const struct jt_secret *text,
                             json_t **out_hash)
{
    uint8_t hash[JT_SHA256_LEN];
    struct jt_buf encoded = JT_BUF_INIT(64);
    JT_TRY(jt_client_secret_hash(&issuer->pepper, jt_secret_span(text), hash));
    JT_TRY(jt_b64url_put(&encoded, jt_span_of(hash, sizeof hash)));
    *out_hash = json_stringn(jt_buf_str(&encoded), encoded.len);
    jt_buf_release(&encoded);
    return *out_hash == NULL ? JT_ERR_NOMEM : JT_OK;
}

static enum jt_err make_row(const struct jt_issuer *issuer, struct jt_edit_secret *secret,
                            size_t number)
{
    int64_t now_s = jt_clock_wall_s(issuer->clock);
    json_t *id = NULL, *name = NULL;
    JT_TRY(jt_client_secret_make(issuer->random, &secret->text));
    JT_TRY(make_id(issuer->random, "", SECRET_ID_DIGITS, &id));
    enum jt_err err = name_of(secret, number, &name);
    if (err != JT_OK) {
        json_decref(id);
        return err;
    }
    json_t *expires =
        secret->lifetime_s == 0 ? json_null() : json_integer(now_s + secret->lifetime_s);
    secret->row = json_pack("{s:o, s:o, s:I, s:o}", "id", id, "name", name, "created_s",
                            (json_int_t)now_s, "expires_s", expires);
    return secret->row == NULL ? JT_ERR_NOMEM : JT_OK;
}

/* Makes the secret and appends its row, with the hash, to `secrets`. */
static enum jt_err append_secret(const struct jt_issuer *issuer, struct jt_edit_secret *secret,
                                 json_t *secrets, struct jt_diag *diag)
{
    if (json_array_size(secrets) >= JT_OBJECT_MAX_SECRETS) {
        return jt_diag_fail(diag, JT_ERR_CONFLICT,
                            "the client has %d secrets already; revoke one first",
                            JT_OBJECT_MAX_SECRETS);
    }
    if (secret->lifetime_s < 0 || secret->lifetime_s > MAX_LIFETIME_S) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "lifetime_s: give seconds, at most ten years");
    }
    json_t *hash = NULL;
    JT_TRY(make_row(issuer, secret, json_array_size(secrets) + 1));
    JT_TRY(hash_json(issuer, &secret->text, &hash));
    json_t *stored = json_deep_copy(secret->row); /* json_copy leaves out what finds no memory */
    if (json_object_set_new(stored, "hash", hash) != 0) {
        json_decref(stored);
        return JT_ERR_NOMEM;
    }
    return json_array_append_new(secrets, stored) == 0 ? JT_OK : JT_ERR_NOMEM;
}

enum jt_err jt_edit_client_check_secret(const json_t *name, const char *name_member,
                                        const json_t *lifetime, const char *lifetime_member,
                                        struct jt_diag *diag)
{
    if (name != NULL && !json_is_null(name) && !jt_names_is_name(jt_json_value(name))) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "%s: 1 to 128 of A-Z a-z 0-9 . _ : @ -, the first a letter or digit",
                            name_member);
    }
    /* 0 is no way to say "never": a lifetime that was computed wrong must not live for ever */
    if (lifetime != NULL && !json_is_null(lifetime) &&
        (json_integer_value(lifetime) < 1 || json_integer_value(lifetime) > MAX_LIFETIME_S)) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "%s: give seconds from 1 to ten years; leave it out for never",
                            lifetime_member);
    }
    return JT_OK;
}

/* Takes secret_name and secret_lifetime_s out of `doc`. The name stays borrowed from `input`. */
static enum jt_err take_secret_members(const json_t *input, json_t *doc,
                                       struct jt_edit_secret *secret, struct jt_diag *diag)
{
    const json_t *name = json_object_get(input, "secret_name");
    const json_t *lifetime = json_object_get(input, "secret_lifetime_s");
    JT_TRY(jt_edit_client_check_secret(name, "secret_name", lifetime, "secret_lifetime_s", diag));
    secret->name = jt_json_value(name);
    secret->lifetime_s = json_integer_value(lifetime);
    (void)json_object_del(doc, "secret_name"); /* absent is fine */
    (void)json_object_del(doc, "secret_lifetime_s");
    return JT_OK;
}

enum jt_err jt_edit_client_new(struct jt_issuer *issuer, const json_t *input,
                               struct jt_edit_secret *secret, json_t **out_doc,
                               struct jt_diag *diag)
{
    json_t *id = NULL, *doc = json_deep_copy(input), *secrets = json_array();
    enum jt_err err = doc == NULL || secrets == NULL ? JT_ERR_NOMEM : JT_OK;
    if (err == JT_OK) {
        err = take_secret_members(input, doc, secret, diag);
    }
    if (err == JT_OK) {
        err = jt_edit_client_make_id(issuer, &id);
    }
    if (err == JT_OK && json_object_set_new(doc, "client_id", id) != 0) {
        err = JT_ERR_NOMEM;
    }
    if (err == JT_OK) {
        err = append_secret(issuer, secret, secrets, diag);
    }
    if (err == JT_OK && json_object_set(doc, "secrets", secrets) != 0) {
        err = JT_ERR_NOMEM;
    }
    json_decref(secrets);
    if (err != JT_OK) {
        json_decref(doc);
        return err;
    }
    *out_doc = doc;
    return JT_OK;
}

enum jt_err jt_edit_client_add_secret(struct jt_issuer *issuer, const json_t *old,
                                      struct jt_edit_secret *secret, json_t **out_doc,
                                      struct jt_diag *diag)
{
    json_t *doc = json_deep_copy(old);
    enum jt_err err = doc == NULL
                          ? JT_ERR_NOMEM
                          : append_secret(issuer, secret, json_object_get(doc, "secrets"), diag);
    if (err != JT_OK) {
        json_decref(doc);
        return err;
    }
    *out_doc = doc;
    return JT_OK;
}

enum jt_err jt_edit_client_show(json_t *view, const struct jt_edit_secret *secret)
{
    json_t *text = json_stringn((const char *)secret->text.p, secret->text.n);
    return json_object_set_new(view, "client_secret", text) == 0 ? JT_OK : JT_ERR_NOMEM;
}

void jt_edit_client_release(struct jt_edit_secret *secret)
{
    jt_secret_release(&secret->text);
    json_decref(secret->row);
    secret->row = NULL;
}
