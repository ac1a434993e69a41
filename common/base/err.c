/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/err.h"

#include <stddef.h>

#include "common/base/base.h"

static const struct jt_err_row rows[] = {
    [JT_OK] = {"ok", JT_CLASS_NONE, 200, NULL, "no error"},
#define JT_ERR(id, name, class, http, oauth, text) \
    [JT_ERR_##id] = {name, JT_CLASS_##class, http, oauth, text},
#include "common/base/err.def"
#undef JT_ERR
};

const struct jt_err_row *jt_err_row(enum jt_err err)
{
    if ((unsigned)err >= JT_ERR_COUNT_) {
        return &rows[JT_ERR_INTERNAL];
    }
    return &rows[err];
}

const char *jt_err_name(enum jt_err err)
{
    return jt_err_row(err)->name;
}
