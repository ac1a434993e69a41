/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_validate.h"

#include <stdio.h>

#include "issuer/access/declared.h"
#include "issuer/cli/cli_documents.h"
#include "issuer/cli/cli_output.h"
#include "issuer/cli/cli_pen.h"

#include "common/base/base.h"

#define FAULTS_MAX 16 /* of one object */

struct validation {
    json_t *seen; /* "client name" -> where it stands */
    size_t objects, faults;
};

static void tell(struct validation *validation, const struct jt_diag *diag)
{
    struct jt_cli_pen pen = jt_cli_pen_on(stdout);
    jt_cli_pen_puts(&pen, diag->text);
    (void)fputc('\n', stdout); /* main asks ferror() at the end */
    validation->faults++;
}

static void take_fault(void *ctx, const struct jt_diag *diag)
{
    tell(ctx, diag);
}

/* Tells the fault that `diag` names, at its place. */
static void tell_at(struct validation *validation, const struct jt_cli_document *document,
                    const char *sentence, const struct jt_diag *diag)
{
    struct jt_diag told = JT_DIAG_INIT;
    (void)jt_yamldoc_fail(document->file, jt_cli_documents_at(document, sentence), &told, "%s",
                          diag->text); /* writes the sentence */
    tell(validation, &told);
}

static const char *name_member(enum jt_store_kind kind)
{
    return kind == JT_STORE_CLIENT ? "name" : jt_object_id_member(kind);
}

/* --- what stands twice --- */

static enum jt_err check_once(struct validation *validation, enum jt_store_kind kind,
                              const char *member, const struct jt_cli_document *document)
{
    struct jt_span name = jt_json_value(json_object_get(document->object, member));
    JT_AUTO(buf) key = JT_BUF_INIT(JT_OBJECT_MAX_DOC);
    if (name.n == 0) {
        return JT_OK;
    }
    JT_TRY(jt_buf_printf(&key, "%s %s ", jt_object_kind_name(kind), member));
    JT_TRY(jt_buf_put(&key, name));
    const json_t *first = json_object_get(validation->seen, jt_buf_str(&key));
    if (first != NULL) {
        struct jt_diag diag = JT_DIAG_INIT;
        (void)jt_diag_fail(&diag, JT_ERR_INVALID, "%s: stands at %.200s too; keep one of the two",
                           member, json_string_value(first));
        char sentence[sizeof diag.text];
        memcpy(sentence, diag.text, sizeof sentence);
        (void)jt_declared_fail(kind, document->object, JT_ERR_INVALID, &diag); /* puts the name */
        tell_at(validation, document, sentence, &diag);
        return JT_OK;
    }
    json_t *at = json_sprintf("%s:%zu", document->file, document->at.line);
    return json_object_set_new(validation->seen, jt_buf_str(&key), at) == 0 ? JT_OK : JT_ERR_NOMEM;
}

/* --- the form --- */

/* Puts something well-formed in the place of the member that `sentence` finds fault with, so that the
 * next fault shows; false when that is of no use. */
static bool mend(enum jt_store_kind kind, json_t *doc, const char *sentence)
{
    const char *colon = strstr(sentence, ": ");
    char member[64];
    size_t n = colon == NULL ? sizeof member : (size_t)(colon - sentence);
    if (n >= sizeof member) {
        return false;
    }
    memcpy(member, sentence, n);
    member[n] = 0;
    if (strcmp(member, name_member(kind)) == 0 || strcmp(member, "client_id") == 0) {
        const char *named = kind == JT_STORE_RESOURCE ? "https://a.example" : "a";
        return json_object_set_new(doc, member, json_string(named)) == 0;
    }
    return json_object_del(doc, member) == 0;
}

static enum jt_err check_form(struct validation *validation, enum jt_store_kind kind,
                              const struct jt_cli_document *document)
{
    JT_JSON_AUTO json_t *doc = json_copy((json_t *)(uintptr_t)document->object); /* reads it only */
    if (doc == NULL) {
        return JT_ERR_NOMEM;
    }
    if (kind == JT_STORE_CLIENT && !jt_declared_has_id(doc) &&
        json_object_set_new(doc, "client_id", json_string("a")) != 0) {
        return JT_ERR_NOMEM;
    }
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        JT_AUTOP(object) object = NULL;
        enum jt_err err = jt_declared_parse(kind, doc, &object, &diag);
        if (err != JT_ERR_INVALID) {
            return err;
        }
        char sentence[sizeof diag.text];
        memcpy(sentence, diag.text, sizeof sentence);
        (void)jt_declared_fail(kind, document->object, err, &diag); /* puts the name */
        tell_at(validation, document, sentence, &diag);
        if (!mend(kind, doc, sentence)) {
            return JT_OK;
        }
    }
    return JT_OK;
}

static enum jt_err take(void *ctx, const struct jt_cli_document *document, struct jt_diag *diag)
{
    struct validation *validation = ctx;
    enum jt_store_kind kind;
    (void)diag; /* faults are told, not returned */
    validation->objects++;
    struct jt_diag sentence = JT_DIAG_INIT;
    if (jt_declared_kind(document->object, &kind, &sentence) != JT_OK) {
        tell_at(validation, document, sentence.text, &sentence);
        return JT_OK;
    }
    JT_TRY(check_form(validation, kind, document));
    JT_TRY(check_once(validation, kind, name_member(kind), document));
    return kind == JT_STORE_CLIENT ? check_once(validation, kind, "client_id", document) : JT_OK;
}

enum jt_err jt_cli_validate_run(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *seen = json_object();
    struct validation validation = {.seen = seen};
    if (seen == NULL) {
        return JT_ERR_NOMEM;
    }
    const struct jt_cli_documents documents = {
        .take = take, .fault = take_fault, .ctx = &validation};
    JT_TRY(jt_cli_documents_each(run, &documents, diag));
    if (validation.faults > 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "faults: %zu, in what was read: %zu objects",
                            validation.faults, validation.objects);
    }
    jt_cli_output_talk("%zu objects, all well formed", validation.objects);
    return JT_OK;
}
