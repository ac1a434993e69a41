/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/load.h"

#include <sched.h>
#include <stdlib.h>

#include "issuer/load_crew.h"

#include "common/base/base.h"

/* --- all of it --- */

/* The cores that there are for us, but the one that reads the database. */
static size_t spare_cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 1 ? (size_t)n - 1 : 0;
}

static enum jt_err take_row(void *ctx, const struct jt_store_object *row)
{
    return jt_load_crew_take(ctx, row);
}

static enum jt_err load_all(struct jt_store *store, struct jt_access **out_access,
                            struct jt_diag *diag)
{
    struct jt_load_crew *crew = NULL;
    struct jt_object **objects = NULL;
    struct jt_diag sentence = JT_DIAG_INIT;
    size_t n = 0;
    JT_TRY(jt_load_crew_new(spare_cores(), &crew));
    enum jt_err read = jt_store_each_object(store, take_row, crew);
    enum jt_err err = jt_load_crew_end(crew, &objects, &n, &sentence);
    jt_load_crew_free(crew);
    if (err != JT_OK && sentence.text[0] != 0) {
        err = jt_diag_fail(diag, err, "%s", sentence.text);
    }
    err = err == JT_OK ? read : err;
    if (err == JT_OK) {
        err = jt_access_fill(objects, n, out_access);
    }
    for (size_t i = 0; i < n; i++) {
        jt_object_free(objects[i]);
    }
    free(objects);
    return err;
}

/* --- changes --- */

/* The changes since a version, as they are read. */
struct reading {
    struct jt_access_change *changes;
    char **deleted; /* ids of deletions, owned */
    size_t n, cap;
    struct jt_quick *quick;
    struct jt_diag *diag;
};

static enum jt_err make_room(struct reading *reading)
{
    if (reading->n < reading->cap) {
        return JT_OK;
    }
    size_t cap = reading->cap == 0 ? 64 : reading->cap * 2;
    struct jt_access_change *changes = realloc(reading->changes, cap * sizeof *changes);
    if (changes == NULL) {
        return JT_ERR_NOMEM;
    }
    reading->changes = changes;
    char **deleted = realloc(reading->deleted, cap * sizeof *deleted);
    if (deleted == NULL) {
        return JT_ERR_NOMEM;
    }
    reading->deleted = deleted;
    reading->cap = cap;
    return JT_OK;
}

static enum jt_err read_object(void *ctx, const struct jt_store_object *row)
{
    struct reading *reading = ctx;
    JT_TRY(make_room(reading));
    struct jt_access_change *change = &reading->changes[reading->n];
    if (row->doc.n == 0) {
        char *id = NULL;
        JT_TRY(jt_buf_strdup(row->id, &id));
        *change = (struct jt_access_change){row->kind, jt_span_of(id, row->id.n), NULL};
        reading->deleted[reading->n++] = id;
        return JT_OK;
    }
    struct jt_object *object = NULL;
    JT_TRY(jt_load_crew_read(reading->quick, row, &object, reading->diag));
    *change = (struct jt_access_change){row->kind, object->id, object};
    reading->deleted[reading->n++] = NULL;
    return JT_OK;
}

enum jt_err jt_load_access(struct jt_store *store, const struct jt_access *old, int64_t old_version,
                           struct jt_access **out_access, struct jt_diag *diag)
{
    struct reading reading = {.diag = diag};
    if (old_version == 0) {
        return load_all(store, out_access, diag);
    }
    JT_TRY(jt_quick_new(&reading.quick));
    enum jt_err err = jt_store_objects(store, old_version, read_object, &reading);
    jt_quick_free(reading.quick);
    if (err == JT_OK) {
        err = jt_access_apply(old, reading.changes, reading.n, out_access);
    }
    for (size_t i = 0; i < reading.n; i++) {
        jt_object_free(reading.changes[i].object);
        free(reading.deleted[i]);
    }
    free(reading.changes);
    free(reading.deleted);
    return err;
}

/* --- found before --- */

/* Which commit the store is at; a schema that knows no marks has none. */
static enum jt_err read_commit(struct jt_store *store, struct jt_load_found *found)
{
    JT_TRY(jt_store_version(store, &found->version));
    enum jt_err err = jt_store_mark(store, found->version, &found->mark);
    if (err == JT_ERR_NOT_FOUND) {
        found->mark = -1;
        return JT_OK;
    }
    return err;
}

enum jt_err jt_load_found(struct jt_store *store, struct jt_load_found *out_found,
                          struct jt_diag *diag)
{
    struct jt_load_found found = {0};
    enum jt_err err = read_commit(store, &found);
    if (err != JT_OK) {
        return jt_diag_fail(diag, err, "%.500s", jt_store_why(store));
    }
    JT_TRY(jt_load_access(store, NULL, 0, &found.access, diag));
    *out_found = found;
    return JT_OK;
}

bool jt_load_follows(struct jt_store *store, const struct jt_load_found *found)
{
    int64_t mark = 0;
    return found->access != NULL && jt_store_mark(store, found->version, &mark) == JT_OK &&
           mark == found->mark;
}
