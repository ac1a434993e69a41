/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/conf/confnear.h"
#include "common/conf/confput.h"
#include "common/conf/confval.h"
#include "common/conf/yamldoc.h"

#include "common/base/base.h"

#define HINT_MAX  400
#define SHOWN_MAX 40 /* bytes of a wrong value that a sentence repeats */

/* What one load works on. */
struct load {
    const char *name;
    const struct jt_conf_row *rows;
    size_t n_rows;
    void *conf;
    struct jt_diag *diag;
    char *item;     /* the entry whose keys are being read */
    size_t n_items; /* of its list, so far */
};

/* --- from the file --- */

static enum jt_err fail_value(const struct load *l, const struct jt_conf_row *row,
                              const struct jt_yamldoc_node *node, enum jt_err err)
{
    char shown[SHOWN_MAX + 1];
    (void)snprintf(shown, sizeof shown, "%s", node->text); /* cutting is meant */
    for (char *c = shown; *c != 0; c++) {
        if (*c < 0x20 || *c > 0x7E) {
            *c = '?';
        }
    }
    char min[JT_CONFVAL_TEXT_MAX];
    char max[JT_CONFVAL_TEXT_MAX];
    switch (err) {
    case JT_ERR_LIMIT:
        jt_confval_show(row->type, row->min, min);
        jt_confval_show(row->type, row->max, max);
        return jt_yamldoc_fail(l->name, node->value_at, l->diag,
                               "%s: '%s' is out of range; choose from %s to %s", row->key, shown,
                               min, max);
    case JT_ERR_INVALID:
        if (row->choices != NULL) {
            return jt_yamldoc_fail(l->name, node->value_at, l->diag,
                                   "%s: '%s' is none of the choices; choose from: %s", row->key,
                                   shown, row->choices);
        }
        return jt_yamldoc_fail(l->name, node->value_at, l->diag, "%s: '%s' is not a %s; %s",
                               row->key, shown, jt_confval_type(row->type),
                               jt_confval_example(row->type));
    default:
        return err;
    }
}

/* The list of sections that `key`, of a row or a node, belongs to; NULL when to none. */
static const struct jt_conf_row *find_owner(const struct jt_conf_row *rows, size_t n_rows,
                                            const char *key)
{
    const char *mark = strstr(key, "[]");
    for (size_t i = 0; mark != NULL && i < n_rows; i++) {
        if (jt_span_is(jt_span_of(key, (size_t)(mark - key)), rows[i].key)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The struct that the key `path` is stored in. */
static void *base_of(const struct load *l, const char *path)
{
    return strstr(path, "[]") == NULL ? l->conf : l->item;
}

static enum jt_err load_list(const struct load *l, const struct jt_conf_row *row,
                             const struct jt_yamldoc_node *node, const struct jt_yamldoc_node *end)
{
    const struct jt_yamldoc_node *first = node + 1;
    size_t n = 0;
    while (first + n < end && first[n].kind == JT_YAMLDOC_ITEM) {
        n++;
    }
    void *conf = base_of(l, row->key);
    JT_TRY(jt_confput_list(row, n, conf));
    char **list = *(char ***)jt_confput_member(row, conf);
    for (size_t i = 0; i < n; i++) {
        enum jt_err err = jt_confput_string(row, first[i].text, &list[i]);
        if (err != JT_OK) {
            return fail_value(l, row, &first[i], err);
        }
    }
    return JT_OK;
}

static enum jt_err fail_type(const struct load *l, const struct jt_conf_row *row,
                             const struct jt_yamldoc_node *node)
{
    return jt_yamldoc_fail(l->name, node->value_at, l->diag, "%s: must be a %s; %s", row->key,
                           jt_confval_type(row->type), jt_confval_example(row->type));
}

/* Room for the entries of the list `node`, all zero, which load_entry then takes one by one. */
static enum jt_err load_sections(struct load *l, const struct jt_conf_row *row,
                                 const struct jt_yamldoc_node *node,
                                 const struct jt_yamldoc_node *end)
{
    size_t n = 0;
    for (const struct jt_yamldoc_node *at = node + 1; at < end; at++) {
        if (at->kind == JT_YAMLDOC_ITEM && at == node + 1) {
            return fail_type(l, row, node);
        }
        if (at->kind == JT_YAMLDOC_ITEM) { /* of a list in an entry */
            continue;
        }
        if (!jt_span_starts(jt_span_str(at->path), jt_span_str(row->key)) ||
            at->path[strlen(row->key)] != '[') {
            break;
        }
        n += at->kind == JT_YAMLDOC_ENTRY;
    }
    if ((int64_t)n > row->max) {
        return jt_yamldoc_fail(l->name, node->value_at, l->diag, "%s: %zu are more than %lld",
                               row->key, n, (long long)row->max);
    }
    struct jt_conf_sections *sections = jt_confput_member(row, l->conf);
    sections->items = n == 0 ? NULL : calloc(n, (size_t)row->min);
    if (n > 0 && sections->items == NULL) {
        return JT_ERR_NOMEM;
    }
    sections->n = n;
    l->n_items = 0;
    return JT_OK;
}

static enum jt_err load_key(struct load *l, const struct jt_conf_row *row,
                            const struct jt_yamldoc_node *node, const struct jt_yamldoc_node *end)
{
    bool is_list = row->type == JT_CONF_LIST || row->type == JT_CONF_SECTIONS;
    enum jt_yamldoc_kind wanted = is_list ? JT_YAMLDOC_LIST : JT_YAMLDOC_TEXT;
    if (node->kind == JT_YAMLDOC_NOTHING) {
        return jt_yamldoc_fail(l->name, node->key_at, l->diag,
                               "%s: has no value; write one, or remove the line", row->key);
    }
    /* what follows an empty list in an entry is the next entry, not one of its own */
    bool has_entries = node + 1 < end && node[1].kind == JT_YAMLDOC_ENTRY &&
                       find_owner(l->rows, l->n_rows, row->key) == NULL;
    if (node->kind != wanted || (row->type == JT_CONF_LIST && has_entries)) {
        return fail_type(l, row, node);
    }
    if (is_list) {
        return row->type == JT_CONF_LIST ? load_list(l, row, node, end)
                                         : load_sections(l, row, node, end);
    }
    enum jt_err err = jt_confput_scalar(row, node->text, base_of(l, row->key));
    return err == JT_OK ? JT_OK : fail_value(l, row, node, err);
}

static const struct jt_conf_row *find_row(const struct load *l, const char *path)
{
    for (size_t i = 0; i < l->n_rows; i++) {
        if (strcmp(l->rows[i].key, path) == 0) {
            return &l->rows[i];
        }
    }
    return NULL;
}

static bool is_section(const struct load *l, struct jt_span path)
{
    for (size_t i = 0; i < l->n_rows; i++) {
        if (jt_span_starts(jt_span_str(l->rows[i].key), path) && l->rows[i].key[path.n] == '.') {
            return true;
        }
    }
    return false;
}

static enum jt_err fail_unknown(const struct load *l, const struct jt_yamldoc_node *node)
{
    JT_AUTO(buf) hint = JT_BUF_INIT(HINT_MAX);
    enum jt_err err = jt_confnear_hint(node->path, l->rows, l->n_rows, &hint);
    if (err != JT_OK && err != JT_ERR_LIMIT) { /* a hint that was cut is still one */
        return err;
    }
    return jt_yamldoc_fail(l->name, node->key_at, l->diag, "unknown key '%s'%s", node->path,
                           jt_buf_str(&hint));
}

/* Makes the next item of its list the present one. */
static enum jt_err load_entry(struct load *l, const struct jt_yamldoc_node *node)
{
    const struct jt_conf_row *owner = find_owner(l->rows, l->n_rows, node->path);
    if (owner == NULL || owner->type != JT_CONF_SECTIONS) {
        return JT_ERR_INTERNAL; /* its list was refused before */
    }
    struct jt_conf_sections *sections = jt_confput_member(owner, l->conf);
    l->item = (char *)sections->items + l->n_items++ * (size_t)owner->min;
    *(struct jt_yamldoc_at *)(void *)l->item = node->value_at;
    return JT_OK;
}

static enum jt_err load_node(struct load *l, const struct jt_yamldoc_node *node,
                             const struct jt_yamldoc_node *end)
{
    if (node->kind == JT_YAMLDOC_ENTRY) {
        return load_entry(l, node);
    }
    const struct jt_conf_row *row = find_row(l, node->path);
    if (row != NULL) {
        return load_key(l, row, node, end);
    }
    if (!is_section(l, jt_span_str(node->path))) {
        return fail_unknown(l, node);
    }
    if (node->kind == JT_YAMLDOC_TEXT || node->kind == JT_YAMLDOC_LIST) {
        return jt_yamldoc_fail(l->name, node->value_at, l->diag,
                               "%s: is a section; put its keys on lines of their own, indented "
                               "below it",
                               node->path);
    }
    return JT_OK;
}

/* --- what the file does not say --- */

static enum jt_err fail_missing(const struct load *l, const struct jt_conf_row *row,
                                const struct jt_yamldoc *doc, size_t from, size_t to)
{
    struct jt_yamldoc_at at = {1, 1};
    const char *dot = strrchr(row->key, '.');
    for (size_t i = from; dot != NULL && i < to; i++) {
        const struct jt_yamldoc_node *node = &doc->nodes[i];
        if (jt_span_eq(jt_span_str(node->path), jt_span_of(row->key, (size_t)(dot - row->key)))) {
            at = node->key_at;
        }
    }
    return jt_yamldoc_fail(l->name, at, l->diag, "the key '%s' is required; add it: %s", row->key,
                           row->help);
}

/* --- the whole --- */

/* What the nodes from `from` to before `to` do not say of the rows that `owner` owns (NULL: those of
 * the file itself) goes into `conf`. */
static enum jt_err fill_missing(const struct load *l, const struct jt_yamldoc *doc, size_t from,
                                size_t to, const struct jt_conf_row *owner, void *conf)
{
    for (size_t i = 0; i < l->n_rows; i++) {
        const struct jt_conf_row *row = &l->rows[i];
        if (find_owner(l->rows, l->n_rows, row->key) != owner ||
            jt_yamldoc_find(doc, from, to, row->key) != NULL) {
            continue;
        }
        if (row->required) {
            return fail_missing(l, row, doc, from, to);
        }
        JT_TRY(jt_confput_default(row, conf));
    }
    return JT_OK;
}

/* One past the last node of the entry `at`. */
static size_t entry_end(const struct jt_yamldoc *doc, size_t at)
{
    size_t to = at + 1;
    while (to < doc->n && (doc->nodes[to].kind == JT_YAMLDOC_ITEM ||
                           (doc->nodes[to].kind != JT_YAMLDOC_ENTRY &&
                            strstr(doc->nodes[to].path, "[]") != NULL))) {
        to++;
    }
    return to;
}

static enum jt_err fill_entries(struct load *l, const struct jt_yamldoc *doc)
{
    for (size_t i = 0; i < doc->n; i++) {
        if (doc->nodes[i].kind == JT_YAMLDOC_LIST) {
            l->n_items = 0;
        } else if (doc->nodes[i].kind == JT_YAMLDOC_ENTRY) {
            JT_TRY(load_entry(l, &doc->nodes[i]));
            size_t to = entry_end(doc, i);
            JT_TRY(fill_missing(l, doc, i, to, find_owner(l->rows, l->n_rows, doc->nodes[i].path),
                                l->item));
            i = to - 1; /* lists of the entry's own do not begin another */
        }
    }
    return JT_OK;
}

static enum jt_err load_all(struct load *l, const struct jt_yamldoc *doc)
{
    for (size_t i = 0; i < doc->n; i++) {
        if (doc->nodes[i].kind != JT_YAMLDOC_ITEM) {
            JT_TRY(load_node(l, &doc->nodes[i], doc->nodes + doc->n));
        }
    }
    JT_TRY(fill_missing(l, doc, 0, doc->n, NULL, l->conf));
    return fill_entries(l, doc);
}

enum jt_err jt_conf_load(struct jt_span text, const char *name, const struct jt_conf_row *rows,
                         size_t n_rows, void *out_conf, struct jt_diag *diag)
{
    if (text.n > JT_CONF_MAX_BYTES) {
        return jt_diag_fail(diag, JT_ERR_CONFIG, "%s: larger than 1 MiB; is it the right file?",
                            name);
    }
    for (size_t i = 0; i < n_rows; i++) {
        if (find_owner(rows, n_rows, rows[i].key) == NULL) {
            jt_confput_clear(&rows[i], out_conf);
        }
    }
    JT_AUTO(yamldoc) doc = JT_YAMLDOC_INIT;
    JT_TRY(jt_yamldoc_parse(text, name, &doc, diag));
    struct load l = {.name = name, .rows = rows, .n_rows = n_rows, .conf = out_conf, .diag = diag};
    enum jt_err err = load_all(&l, &doc);
    if (err != JT_OK) {
        jt_conf_release(rows, n_rows, out_conf);
    }
    return err;
}

/* Stops once it has more than jt_conf_load takes, which then says so. */
enum jt_err jt_conf_read(const char *path, struct jt_buf *out, struct jt_diag *diag)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    enum jt_err err = JT_OK;
    while (n > 0 && err == JT_OK && out->len <= JT_CONF_MAX_BYTES) {
        uint8_t chunk[JT_CONF_READ_MAX - JT_CONF_MAX_BYTES];
        n = read(fd, chunk, sizeof chunk);
        err = n > 0 ? jt_buf_put(out, jt_span_of(chunk, (size_t)n)) : JT_OK;
    }
    int why = errno;
    if (fd >= 0) {
        (void)close(fd); /* only read */
    }
    if (n < 0) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "%s: cannot be read: %s; name a configuration file that this user may "
                            "read",
                            path, strerror(why));
    }
    return err;
}

enum jt_err jt_conf_load_file(const char *path, const struct jt_conf_row *rows, size_t n_rows,
                              void *out_conf, struct jt_diag *diag)
{
    JT_AUTO(buf) text = JT_BUF_INIT(JT_CONF_READ_MAX);
    JT_TRY(jt_conf_read(path, &text, diag));
    return jt_conf_load(jt_buf_span(&text), path, rows, n_rows, out_conf, diag);
}

static void release_items(const struct jt_conf_row *rows, size_t n_rows,
                          const struct jt_conf_row *owner, void *conf)
{
    struct jt_conf_sections *sections = jt_confput_member(owner, conf);
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t k = 0; find_owner(rows, n_rows, rows[i].key) == owner && k < sections->n; k++) {
            jt_confput_release(&rows[i], (char *)sections->items + k * (size_t)owner->min);
        }
    }
    free(sections->items);
    jt_confput_clear(owner, conf);
}

void jt_conf_release(const struct jt_conf_row *rows, size_t n_rows, void *conf)
{
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].type == JT_CONF_SECTIONS) {
            release_items(rows, n_rows, &rows[i], conf);
        } else if (find_owner(rows, n_rows, rows[i].key) == NULL) {
            jt_confput_release(&rows[i], conf);
        }
    }
}
