/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/admin_kek.h"

#include "issuer/kek_steps.h"

#include "common/base/base.h"

static json_t *count(size_t n)
{
    return json_integer((json_int_t)n);
}

/* Appends what stands for one key-encryption key; `source` NULL: this issuer was not given it. */
static bool append(json_t *items, const char *role, const char *id, const struct jt_buf *source,
                   const struct jt_kek_tally *rows)
{
    const char *text = source == NULL ? NULL : jt_buf_str(source);
    return json_array_append_new(items, json_pack("{s:s, s:s, s:s?, s:o, s:o}", "role", role, "id",
                                                  id, "source", text, "keys", count(rows->keys),
                                                  "secrets", count(rows->secrets))) == 0;
}

static json_t *items_json(const struct jt_kek_steps *steps)
{
    const struct jt_kek_rows *rows = &steps->rows;
    json_t *items = json_array();
    bool ok = items != NULL && append(items, "now", rows->signer.kek, &steps->source, &rows->now) &&
              (rows->signer.kek_next[0] == 0 ||
               append(items, "next", rows->signer.kek_next, &steps->source_next, &rows->next)) &&
              (rows->foreign_id[0] == 0 ||
               append(items, "not_given", rows->foreign_id, NULL, &rows->foreign));
    if (!ok) {
        json_decref(items);
        return NULL;
    }
    return items;
}

static enum jt_err show(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    struct jt_kek_steps steps = JT_KEK_STEPS_INIT;
    enum jt_err err = jt_kek_steps_look(call->issuer, &steps, &call->diag);
    if (err == JT_OK) {
        reply->json = json_pack("{s:o, s:o, s:s}", "items", items_json(&steps), "untrusted",
                                count(steps.rows.untrusted.keys + steps.rows.untrusted.secrets),
                                "step", jt_kek_rows_step(&steps.rows));
        err = reply->json == NULL ? JT_ERR_NOMEM : JT_OK;
    }
    jt_kek_steps_release(&steps);
    return err;
}

enum jt_err jt_admin_kek_look(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return show(call, reply);
}

enum jt_err jt_admin_kek_rotate(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    size_t n = 0;
    JT_TRY(jt_kek_steps_rotate(call->issuer, call->actor->name, &n, &call->diag));
    JT_TRY(show(call, reply));
    return json_object_set_new(reply->json, "moved", count(n)) == 0 ? JT_OK : JT_ERR_NOMEM;
}
