/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/load_crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/json/json.h"

#include "common/base/base.h"

#define BATCH_ROWS  512
#define BATCH_BYTES ((size_t)256 * 1024)

/* --- one document --- */

static enum jt_err parse(const struct jt_store_object *row, struct jt_object **out_object,
                         struct jt_diag *diag)
{
    struct jt_diag sentence = JT_DIAG_INIT;
    json_t *doc = NULL;
    enum jt_err err = row->doc.n > JT_OBJECT_MAX_DOC
                          ? JT_ERR_LIMIT
                          : jt_json_load_object(row->doc, JT_JSON_DEPTH, &doc);
    if (err == JT_OK) {
        err = jt_object_parse(row->kind, doc, out_object, &sentence);
    }
    if (err == JT_OK && !jt_span_eq((*out_object)->id, row->id)) {
        jt_object_free(*out_object);
        err = jt_diag_fail(&sentence, JT_ERR_INVALID, "its document names another");
    }
    json_decref(doc);
    if (err != JT_OK && err != JT_ERR_NOMEM) {
        return jt_diag_fail(
            diag, JT_ERR_STORE,
            "the database's %s '%.*s' is not as it must be: %.300s; restore a backup "
            "or remove the row",
            jt_object_kind_name(row->kind), (int)row->id.n, (const char *)row->id.p,
            jt_diag_text(&sentence, err));
    }
    return err;
}

enum jt_err jt_load_crew_read(struct jt_quick *quick, const struct jt_store_object *row,
                              struct jt_object **out_object, struct jt_diag *diag)
{
    struct jt_object *object = NULL;
    enum jt_err err =
        row->kind == JT_STORE_CLIENT ? jt_quick_client(quick, row->doc, &object) : JT_ERR_INVALID;
    if (err == JT_OK && !jt_span_eq(object->id, row->id)) {
        jt_object_free(object);
        err = JT_ERR_INVALID; /* told of below */
    }
    if (err == JT_ERR_INVALID) {
        err = parse(row, &object, diag);
    }
    JT_TRY(err);
    object->version = row->version; /* NOLINT(clang-analyzer-core.NullDereference): both made it */
    *out_object = object;
    return JT_OK;
}

/* --- the records that one thread has made --- */

struct made {
    struct jt_object **objects;
    size_t n, cap;
    struct jt_quick *quick;
    enum jt_err err;
    struct jt_diag diag;
};

static enum jt_err make(struct made *made, const struct jt_store_object *row)
{
    if (made->quick == NULL) {
        JT_TRY(jt_quick_new(&made->quick));
    }
    if (made->n == made->cap) {
        size_t cap = made->cap == 0 ? 1024 : made->cap * 2;
        struct jt_object **objects = realloc(made->objects, cap * sizeof(struct jt_object *));
        if (objects == NULL) {
            return JT_ERR_NOMEM;
        }
        made->objects = objects;
        made->cap = cap;
    }
    JT_TRY(jt_load_crew_read(made->quick, row, &made->objects[made->n], &made->diag));
    made->n++;
    return JT_OK;
}

static void release(struct made *made)
{
    for (size_t i = 0; i < made->n; i++) {
        jt_object_free(made->objects[i]);
    }
    free(made->objects);
    jt_quick_free(made->quick);
}

/* --- the crew --- */

struct batch {
    struct batch *next;
    size_t n, used;
    struct jt_store_object rows[BATCH_ROWS]; /* of texts in `bytes` */
    uint8_t bytes[BATCH_BYTES];
};

struct helper {
    struct jt_load_crew *crew;
    pthread_t thread;
    struct made made;
};

struct jt_load_crew {
    struct made made; /* by the caller's thread, as `batch` is filled by it */
    struct batch *batch;
    size_t wanted, started;
    struct helper helpers[JT_LOAD_CREW_MAX];
    atomic_bool failed;   /* one of them has */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct batch *full, *empty;
    bool ended;
};

static void make_batch(struct jt_load_crew *crew, struct made *made, const struct batch *batch)
{
    for (size_t i = 0; made->err == JT_OK && i < batch->n; i++) {
        made->err = make(made, &batch->rows[i]);
    }
    if (made->err != JT_OK) {
        atomic_store(&crew->failed, true);
    }
}

static void empty_batch(struct batch *batch)
{
    batch->n = batch->used = 0;
}

static void *help(void *arg)
{
    struct helper *helper = arg;
    struct jt_load_crew *crew = helper->crew;
    (void)pthread_mutex_lock(&crew->lock);
    for (;;) {
        struct batch *batch = crew->full;
        if (batch == NULL && crew->ended) {
            break;
        }
        if (batch == NULL) {
            (void)pthread_cond_wait(&crew->changed, &crew->lock);
            continue;
        }
        crew->full = batch->next;
        (void)pthread_mutex_unlock(&crew->lock);
        make_batch(crew, &helper->made, batch);
        empty_batch(batch);
        (void)pthread_mutex_lock(&crew->lock);
        batch->next = crew->empty;
        crew->empty = batch;
    }
    (void)pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* With two batches each, so that none waits for the caller. What cannot be had is done without. */
static void start(struct jt_load_crew *crew)
{
    for (; crew->wanted > 0; crew->wanted--) {
        struct helper *helper = &crew->helpers[crew->started];
        struct batch *batches[2] = {calloc(1, sizeof(struct batch)),
                                    calloc(1, sizeof(struct batch))};
        helper->crew = crew;
        if (batches[0] == NULL || batches[1] == NULL ||
            pthread_create(&helper->thread, NULL, help, helper) != 0) {
            free(batches[0]);
            free(batches[1]);
            continue;
        }
        crew->started++;
        (void)pthread_mutex_lock(&crew->lock);
        batches[0]->next = batches[1];
        batches[1]->next = crew->empty;
        crew->empty = batches[0];
        (void)pthread_mutex_unlock(&crew->lock);
    }
}

/* The batch goes to a helper, when one has room for it; it is empty then. */
static void hand_over(struct jt_load_crew *crew)
{
    start(crew);
    (void)pthread_mutex_lock(&crew->lock);
    struct batch *empty = crew->empty;
    if (empty != NULL) {
        crew->empty = empty->next;
        crew->batch->next = crew->full;
        crew->full = crew->batch;
        crew->batch = empty;
        (void)pthread_cond_signal(&crew->changed);
    }
    (void)pthread_mutex_unlock(&crew->lock);
    if (empty == NULL) {
        make_batch(crew, &crew->made, crew->batch);
        empty_batch(crew->batch);
    }
}

enum jt_err jt_load_crew_new(size_t helpers, struct jt_load_crew **out_crew)
{
    struct jt_load_crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL) {
        return JT_ERR_NOMEM;
    }
    (void)pthread_mutex_init(&crew->lock, NULL);   /* these two cannot */
    (void)pthread_cond_init(&crew->changed, NULL); /* fail on Linux */
    crew->wanted = helpers < JT_LOAD_CREW_MAX ? helpers : JT_LOAD_CREW_MAX;
    crew->batch = calloc(1, sizeof *crew->batch);
    if (crew->batch == NULL) {
        jt_load_crew_free(crew);
        return JT_ERR_NOMEM;
    }
    *out_crew = crew;
    return JT_OK;
}

static struct jt_span keep(struct batch *batch, struct jt_span text)
{
    uint8_t *at = batch->bytes + batch->used;
    memcpy(at, text.p, text.n);
    batch->used += text.n;
    return jt_span_of(at, text.n);
}

/* What became of the first that failed. */
static enum jt_err failure(const struct jt_load_crew *crew, struct jt_diag *diag)
{
    const struct made *made = &crew->made;
    for (size_t i = 0; made->err == JT_OK && i < crew->started; i++) {
        made = &crew->helpers[i].made;
    }
    if (made->err != JT_OK && made->diag.text[0] != 0) {
        return jt_diag_fail(diag, made->err, "%s", made->diag.text);
    }
    return made->err;
}

enum jt_err jt_load_crew_take(struct jt_load_crew *crew, const struct jt_store_object *row)
{
    size_t n = row->id.n + row->doc.n;
    if (atomic_load(&crew->failed)) {
        return JT_ERR_STORE; /* end tells what it was */
    }
    if (n > BATCH_BYTES) {
        crew->made.err = make(&crew->made, row);
        return crew->made.err;
    }
    if (crew->batch->n == BATCH_ROWS || n > BATCH_BYTES - crew->batch->used) {
        hand_over(crew);
    }
    struct jt_store_object *copy = &crew->batch->rows[crew->batch->n++];
    *copy = *row;
    copy->id = keep(crew->batch, row->id);
    copy->doc = keep(crew->batch, row->doc);
    return JT_OK;
}

static void stop(struct jt_load_crew *crew)
{
    (void)pthread_mutex_lock(&crew->lock);
    crew->ended = true;
    (void)pthread_cond_broadcast(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->started; i++) {
        (void)pthread_join(crew->helpers[i].thread,
                           NULL); /* it was started, and by nobody joined */
    }
}

/* All that was made, into the caller's own. */
static enum jt_err gather(struct jt_load_crew *crew)
{
    struct made *all = &crew->made;
    size_t n = all->n;
    for (size_t i = 0; i < crew->started; i++) {
        n += crew->helpers[i].made.n;
    }
    struct jt_object **objects = realloc(all->objects, (n + 1) * sizeof(struct jt_object *));
    if (objects == NULL) {
        return JT_ERR_NOMEM;
    }
    all->objects = objects;
    for (size_t i = 0; i < crew->started; i++) {
        struct made *made = &crew->helpers[i].made;
        if (made->n > 0) {
            memcpy(all->objects + all->n, made->objects, made->n * sizeof(struct jt_object *));
        }
        all->n += made->n;
        made->n = 0;
    }
    return JT_OK;
}

enum jt_err jt_load_crew_end(struct jt_load_crew *crew, struct jt_object ***out_objects,
                             size_t *out_n, struct jt_diag *diag)
{
    make_batch(crew, &crew->made, crew->batch);
    empty_batch(crew->batch);
    stop(crew);
    enum jt_err err = failure(crew, diag);
    if (err == JT_OK) {
        err = gather(crew);
    }
    if (err == JT_OK) {
        *out_objects = crew->made.objects;
        *out_n = crew->made.n;
        crew->made.objects = NULL;
        crew->made.n = 0;
    }
    for (size_t i = 0; i < crew->started; i++) {
        release(&crew->helpers[i].made);
    }
    crew->started = 0;
    return err;
}

static void free_batches(struct batch *batch)
{
    while (batch != NULL) {
        struct batch *next = batch->next;
        free(batch);
        batch = next;
    }
}

void jt_load_crew_free(struct jt_load_crew *crew)
{
    if (crew == NULL) {
        return;
    }
    stop(crew); /* harmless after the end */
    for (size_t i = 0; i < crew->started; i++) {
        release(&crew->helpers[i].made);
    }
    release(&crew->made);
    if (crew->batch != NULL) {
        crew->batch->next = NULL;
    }
    free_batches(crew->batch);
    free_batches(crew->full);
    free_batches(crew->empty);
    (void)pthread_mutex_destroy(&crew->lock);
    (void)pthread_cond_destroy(&crew->changed);
    free(crew);
}
