/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/perthread.h"

#include <stdlib.h>

#include "common/base/base.h"

/* What a thread keeps: its state, and who frees it. */
struct thread {
    void (*free_state)(void *state);
    void *state;
};

static void free_thread(void *arg)
{
    struct thread *thread = arg;
    if (thread->free_state != NULL) {
        thread->free_state(thread->state);
    }
    free(thread);
}

enum jt_err jt_perthread_init(struct jt_perthread *threads, const struct jt_server_conf *conf)
{
    threads->conf = conf;
    return pthread_key_create(&threads->key, free_thread) == 0 ? JT_OK : JT_ERR_NOMEM;
}

void jt_perthread_release(struct jt_perthread *threads)
{
    (void)pthread_key_delete(threads->key); /* was created; its threads have ended */
}

bool jt_perthread_get(struct jt_perthread *threads, void **out_state)
{
    const struct jt_server_conf *conf = threads->conf;
    *out_state = NULL;
    if (conf->thread_new == NULL) {
        return true;
    }
    struct thread *thread = pthread_getspecific(threads->key);
    if (thread == NULL) {
        thread = malloc(sizeof *thread);
        void *state = thread == NULL ? NULL : conf->thread_new(conf->app);
        if (state == NULL) {
            free(thread);
            return false;
        }
        *thread = (struct thread){conf->thread_free, state};
        if (pthread_setspecific(threads->key, thread) != 0) {
            free_thread(thread);
            return false;
        }
    }
    *out_state = thread->state;
    return true;
}
