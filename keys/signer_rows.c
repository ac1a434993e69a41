/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_rows.h"

#include <stdlib.h>

#include "common/base/base.h"

static size_t find(const struct jt_rows *rows, struct jt_span kid)
{
    size_t i = 0;
    while (i < rows->n && !jt_span_eq(jt_buf_span(&rows->rows[i].row.kid), kid)) {
        i++;
    }
    return i;
}

static enum jt_err copy(const struct jt_sealed *row, struct jt_sealed *out)
{
    struct jt_sealed made = JT_SEALED_INIT;
    made.kind = row->kind;
    made.alg = row->alg;
    memcpy(made.mac, row->mac, sizeof made.mac);
    enum jt_err err = jt_buf_put(&made.kid, jt_buf_span(&row->kid));
    if (err == JT_OK) {
        err = jt_buf_put(&made.public_jwk, jt_buf_span(&row->public_jwk));
    }
    if (err == JT_OK) {
        err = jt_buf_put(&made.blob, jt_buf_span(&row->blob));
    }
    if (err != JT_OK) {
        jt_sealed_release(&made);
        return err;
    }
    *out = made;
    return JT_OK;
}

static enum jt_err grow(struct jt_rows *rows)
{
    if (rows->n < rows->cap) {
        return JT_OK;
    }
    size_t cap = rows->cap == 0 ? 8 : rows->cap * 2;
    struct jt_rows_one *grown = realloc(rows->rows, cap * sizeof *grown);
    if (grown == NULL) {
        return JT_ERR_NOMEM;
    }
    rows->rows = grown;
    rows->cap = cap;
    return JT_OK;
}

enum jt_err jt_rows_keep(struct jt_rows *rows, const struct jt_sealed *row, int64_t longest_s)
{
    struct jt_sealed made = JT_SEALED_INIT;
    JT_TRY(grow(rows));
    JT_TRY(copy(row, &made));
    size_t i = find(rows, jt_buf_span(&row->kid));
    if (i < rows->n) {
        jt_sealed_release(&rows->rows[i].row);
    } else {
        rows->n++;
    }
    rows->rows[i] = (struct jt_rows_one){made, longest_s};
    return JT_OK;
}

int64_t jt_rows_longest(const struct jt_rows *rows, struct jt_span kid)
{
    size_t i = find(rows, kid);
    return i < rows->n ? rows->rows[i].longest_s : -1;
}

void jt_rows_forget(struct jt_rows *rows, struct jt_span kid)
{
    size_t i = find(rows, kid);
    if (i < rows->n) {
        jt_sealed_release(&rows->rows[i].row);
        rows->rows[i] = rows->rows[--rows->n];
    }
}

void jt_rows_release(struct jt_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        jt_sealed_release(&rows->rows[i].row);
    }
    free(rows->rows);
    *rows = (struct jt_rows){0};
}
