/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/declared.h"

#include "common/json/json.h"

#include "common/base/base.h"

#define CLIENT_ID_MAX 128

enum jt_err jt_declared_kind(const json_t *doc, enum jt_store_kind *out_kind, struct jt_diag *diag)
{
    return jt_object_find_kind(jt_json_value(json_object_get(doc, "kind")), out_kind)
               ? JT_OK
               : jt_diag_fail(diag, JT_ERR_INVALID, "kind: give resource, role, product or client");
}

bool jt_declared_has_id(const json_t *doc)
{
    const json_t *id = json_object_get(doc, "client_id");
    return id != NULL && !json_is_null(id);
}

/* Ids are issued alphanumeric, so that every client's encoding works. */
static bool is_client_id(struct jt_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i], lower = c | 0x20;
        if ((c < '0' || c > '9') && (lower < 'a' || lower > 'z')) {
            return false;
        }
    }
    return text.n > 0 && text.n <= CLIENT_ID_MAX;
}

static enum jt_err check_client(const json_t *doc, struct jt_diag *diag)
{
    if (json_object_get(doc, "secrets") != NULL) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "secrets: a client keeps those it has; leave it out");
    }
    return is_client_id(jt_json_value(json_object_get(doc, "client_id")))
               ? JT_OK
               : jt_diag_fail(diag, JT_ERR_INVALID,
                              "client_id: give 1 to %d letters and digits, or leave it out",
                              CLIENT_ID_MAX);
}

enum jt_err jt_declared_parse(enum jt_store_kind kind, json_t *doc, struct jt_object **out_object,
                              struct jt_diag *diag)
{
    (void)json_object_del(doc, "kind"); /* absent is fine */
    if (kind == JT_STORE_CLIENT) {
        JT_TRY(check_client(doc, diag));
    }
    return jt_object_parse(kind, doc, out_object, diag);
}

enum jt_err jt_declared_fail(enum jt_store_kind kind, const json_t *doc, enum jt_err err,
                             struct jt_diag *diag)
{
    const char *member = kind == JT_STORE_CLIENT ? "name" : jt_object_id_member(kind);
    struct jt_span name = jt_json_value(json_object_get(doc, member));
    struct jt_diag sentence = *diag;
    return jt_diag_fail(diag, err, "%s '%.*s': %s", jt_object_kind_name(kind),
                        (int)(name.n > JT_NAMES_MAX ? JT_NAMES_MAX : name.n), (const char *)name.p,
                        jt_diag_text(&sentence, err));
}
