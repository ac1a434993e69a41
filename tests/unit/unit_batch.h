/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of batches share: a batch from JSON texts, run as one change of the desk's issuer.
 */
#ifndef JT_TESTS_UNIT_UNIT_BATCH_H
#define JT_TESTS_UNIT_UNIT_BATCH_H

#include "tests/unit/unit_edit.h"

#include "issuer/batch.h"

/* An object made (`id` NULL), replaced, or (`text` NULL) deleted. */
struct batch_row {
    enum jt_store_kind kind;
    const char *id, *text;
};

#define BATCH_MAX 16

struct batch_run {
    const struct batch_row *rows;
    json_t *docs[BATCH_MAX]; /* of the rows, loaded before anything can fail */
    size_t n;
    size_t failed; /* out */
    struct jt_diag diag;
};

static inline enum jt_err batch_add(struct jt_batch *batch, const struct jt_root *now,
                                    const struct batch_row *row, const json_t *doc)
{
    const struct jt_object *old =
        row->id == NULL ? NULL : jt_view_find(now->access, row->kind, jt_span_str(row->id));
    struct jt_object *object = NULL;
    assert_true(row->id == NULL || old != NULL);
    if (row->text == NULL) {
        return jt_batch_delete(batch, old, "delete");
    }
    JT_TRY(jt_object_parse(row->kind, doc, &object, NULL));
    return jt_batch_put(batch, old, object, old == NULL ? "create" : "update");
}

static inline enum jt_err batch_change(struct jt_issuer *issuer, const struct jt_root *now,
                                       void *ctx, struct jt_access **out_access,
                                       struct jt_diag *diag)
{
    struct batch_run *run = ctx;
    struct jt_batch batch = JT_BATCH_INIT;
    enum jt_err err = JT_OK;
    for (size_t i = 0; i < run->n && err == JT_OK; i++) {
        err = batch_add(&batch, now, &run->rows[i], run->docs[i]);
    }
    if (err == JT_OK) {
        err = jt_batch_check(&batch, issuer, now, &actor, out_access, diag);
        run->failed = batch.failed;
    }
    if (err == JT_OK) {
        err = jt_batch_write(&batch, issuer, &actor, diag);
    }
    jt_batch_release(&batch);
    return err;
}

static inline void load_batch(struct batch_run *run, const struct batch_row *rows, size_t n)
{
    assert_true(n <= BATCH_MAX);
    *run = (struct batch_run){.rows = rows, .n = n, .diag = JT_DIAG_INIT};
    for (size_t i = 0; i < n; i++) {
        run->docs[i] = rows[i].text == NULL ? NULL : doc_of(rows[i].text);
    }
}

static inline void drop_batch(struct batch_run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        json_decref(run->docs[i]);
    }
}

static inline enum jt_err run_batch(struct batch_run *run, const struct batch_row *rows, size_t n)
{
    load_batch(run, rows, n);
    enum jt_err err = jt_issuer_change(desk.issuer, batch_change, run, &run->diag);
    drop_batch(run);
    return err;
}

static inline void make_all(const struct batch_row *rows, size_t n)
{
    struct batch_run run;
    enum jt_err err = run_batch(&run, rows, n);
    if (err != JT_OK) {
        fail_msg("item %zu: %s", run.failed, run.diag.text);
    }
}

#define MAKE_ALL(rows) make_all(rows, JT_COUNT(rows))

#endif
