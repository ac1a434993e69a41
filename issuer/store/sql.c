/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sql.h"

#include "common/base/base.h"

static const char *const texts[] = {
#define JT_SQL(id, text) [JT_SQL_##id] = (text),
#include "issuer/store/sql.def"
#undef JT_SQL
};

/* On disk: never renumber. The gaps are for kinds that come between. */
static const int64_t kinds[] = {
    [JT_STORE_RESOURCE] = 10,
    [JT_STORE_ROLE] = 20,
    [JT_STORE_PRODUCT] = 30,
    [JT_STORE_CLIENT] = 40,
};

const char *jt_sql_text(enum jt_sql which)
{
    return texts[which];
}

enum jt_err jt_sql_refuse(const char *name, const char *column, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_STORE,
                        "%s: holds a value in the column %.64s that no jetond has written: it is "
                        "damaged or was altered by hand; restore it from a backup",
                        name, column);
}

int64_t jt_sql_kind_number(enum jt_store_kind kind)
{
    return kinds[kind];
}

bool jt_sql_find_kind(int64_t number, enum jt_store_kind *out_kind)
{
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        if (kinds[i] == number) {
            *out_kind = (enum jt_store_kind)i;
            return true;
        }
    }
    return false;
}
