/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/migrate.h"

#include <inttypes.h>

#include "common/base/buf.h"

#include "common/base/base.h"

int64_t jt_migrate_newest(const struct jt_migrations *migrations)
{
    return migrations->list[migrations->n - 1].number;
}

enum jt_err jt_migrate_check(const struct jt_migrations *migrations, int64_t have, const char *name,
                             struct jt_diag *diag)
{
    int64_t newest = jt_migrate_newest(migrations);
    if (have > newest) {
        return jt_diag_fail(diag, JT_ERR_STORE_VERSION,
                            "%s: has schema %" PRId64 ", this jetond knows only up to %" PRId64
                            "; run the newer jetond, or restore a backup from before it",
                            name, have, newest);
    }
    return JT_OK;
}

static enum jt_err step(const struct jt_migration *migration, jt_migrate_exec_fn exec, void *ctx)
{
    JT_AUTO(buf) record = JT_BUF_INIT(256);
    JT_TRY(jt_buf_printf(&record,
                         "INSERT INTO meta (name, value) VALUES ('schema', %" PRId64
                         ") ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                         migration->number));
    JT_TRY(exec(ctx, migration->sql));
    return exec(ctx, jt_buf_str(&record));
}

enum jt_err jt_migrate(const struct jt_migrations *migrations, int64_t have, const char *name,
                       jt_migrate_exec_fn exec, void *ctx, struct jt_diag *diag)
{
    JT_TRY(jt_migrate_check(migrations, have, name, diag));
    for (size_t i = 0; i < migrations->n; i++) {
        if (migrations->list[i].number > have) {
            JT_TRY(step(&migrations->list[i], exec, ctx));
        }
    }
    return JT_OK;
}
