/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/reach.h"

#include "common/base/base.h"

static const struct jt_key_mark *find_mark(const struct jt_key_part *part, const char *kid)
{
    for (size_t i = 0; part != NULL && i < part->n_marks; i++) {
        if (strcmp(part->marks[i].kid, kid) == 0) {
            return &part->marks[i];
        }
    }
    return NULL;
}

void jt_reach_mark(struct jt_key_part *part, const struct jt_key_part *old,
                   const struct jt_issuer *issuer)
{
    const struct jt_key_mark now = {.since_s = jt_clock_wall_s(issuer->clock),
                                    .before = jt_counters_fetches(issuer->counters)};
    part->set = old != NULL && strcmp(old->etag, part->etag) == 0 ? old->set : now;
    for (size_t i = 0; i < part->n_marks; i++) {
        const struct jt_key_mark *mark = find_mark(old, part->marks[i].kid);
        mark = mark == NULL ? &now : mark;
        part->marks[i].since_s = mark->since_s;
        part->marks[i].before = mark->before;
    }
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void jt_reach_look(struct jt_issuer_worker *worker, struct jt_reach *out_reach)
{
    static const int64_t windows_s[JT_REACH_WINDOWS] = {300, JT_COUNTER_BACK_S, 0};
    const struct jt_issuer *issuer = worker->issuer;
    const struct jt_root *root = jt_issuer_enter(worker);
    const struct jt_key_mark set = root->keys->set;
    memcpy(out_reach->etag, root->keys->etag, sizeof out_reach->etag);
    jt_issuer_exit(worker);
    out_reach->now_s = jt_clock_wall_s(issuer->clock);
    out_reach->set_since_s = set.since_s;
    out_reach->started_s = issuer->started_s;
    struct jt_counter_fetches all = jt_counters_fetches(issuer->counters);
    const struct jt_counter_fetches since = {all.all - set.before.all, all.held - set.before.held};
    for (size_t i = 0; i < JT_REACH_WINDOWS; i++) {
        struct jt_reach_window *window = &out_reach->windows[i];
        int64_t from_s = out_reach->now_s - windows_s[i];
        struct jt_counter_fetches in =
            windows_s[i] == 0 ? since : jt_counters_recent(issuer->counters, from_s);
        window->window_s = windows_s[i];
        window->fetches = in.all;
        window->newest = set.since_s <= from_s ? in.all : least(in.all, since.all);
        window->held = set.since_s <= from_s ? in.held : least(in.held, since.held);
    }
}

bool jt_reach_since(const struct jt_key_part *keys, const struct jt_issuer *issuer, const char *kid,
                    int64_t *out_since_s, uint64_t *out_fetches)
{
    const struct jt_key_mark *mark = find_mark(keys, kid);
    if (mark == NULL) {
        return false;
    }
    *out_since_s = mark->since_s;
    *out_fetches = jt_counters_fetches(issuer->counters).all - mark->before.all;
    return true;
}
