/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML (so also JSON) configuration file against a table of keys: each key is one row, from which
 * come the check, the default, the offset it is stored at and the reference page. It does not read
 * the environment and holds no secret: secrets are paths or names of variables.
 * Ownership: jt_conf_load fills a struct of the caller's; strings and lists in it are freed by
 * jt_conf_release with the same table.
 * Thread rule: one thread.
 * Sources: YAML 1.1 as libyaml reads it; no tag, anchor or alias is accepted.
 */
#ifndef JT_CONF_CONF_H
#define JT_CONF_CONF_H

#include "common/base/buf.h"
#include "common/base/diag.h"
#include "common/conf/yamldoc.h"

enum jt_conf_type {
    JT_CONF_STRING,   /* char * (NULL when absent and no default) */
    JT_CONF_INT,      /* int64_t */
    JT_CONF_DURATION, /* int64_t seconds: 90, 90s, 15m, 24h, 30d */
    JT_CONF_SIZE,     /* int64_t bytes: 4096, 64KiB, 1MiB, 2GiB */
    JT_CONF_BOOL,     /* bool: true or false, nothing else */
    JT_CONF_LIST,     /* char **, NULL-ended; a list of strings; never NULL once loaded */
    JT_CONF_SECTIONS, /* struct jt_conf_sections; a list of sections, of one shape each */
};

/* A list of sections. For the key `rules` the rows of its items are those with keys such as
 * "rules[].host", whose offsets are into the item's struct; that struct begins with a
 * struct jt_yamldoc_at, where the place of the item is put, for sentences. The row of `rules` itself
 * has the size of that struct as its `min` and the most items there may be as its `max`. An item has
 * no list of sections of its own. */
struct jt_conf_sections {
    void *items;
    size_t n;
};

struct jt_conf_row {
    const char *key; /* dotted path of at most 4 names, e.g. "keys.lead" */
    enum jt_conf_type type;
    size_t offset;        /* of the member in the caller's struct */
    const char *fallback; /* default as it would stand in the file ("ES256, RS256" for a list);
                             NULL: none (NULL, 0, false, the empty list) */
    int64_t min, max;     /* of numbers, durations and sizes; else see JT_CONF_SECTIONS */
    bool required;
    const char *choices; /* space-separated words a string or list item may be; NULL: any */
    const char *help;    /* one line */
};

#define JT_CONF_MAX_BYTES (1024 * 1024)
#define JT_CONF_READ_MAX  (JT_CONF_MAX_BYTES + 4096)

/* Parses `text` (the content of file `name`, for messages) into `out_conf`, defaults first. An
 * unknown or repeated key, a wrong type or range, a missing required key: JT_ERR_CONFIG and a
 * sentence `NAME:LINE:COLUMN: what is wrong; how to mend it`, with the nearest key for an unknown
 * one. On failure nothing of `out_conf` needs release. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_conf_load(struct jt_span text, const char *name,
                                     const struct jt_conf_row *rows, size_t n_rows, void *out_conf,
                                     struct jt_diag *diag);

/* Appends the content of the file `path` to `out`, which has room for JT_CONF_READ_MAX bytes: of a
 * longer one more than a load takes, which then says so. JT_ERR_CONFIG with a sentence when it cannot
 * be read, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_conf_read(const char *path, struct jt_buf *out, struct jt_diag *diag);

/* Reads the file and loads it. JT_ERR_CONFIG also when the file cannot be read. */
JT_MUST_USE enum jt_err jt_conf_load_file(const char *path, const struct jt_conf_row *rows,
                                          size_t n_rows, void *out_conf, struct jt_diag *diag);

/* Frees what a load filled and leaves no pointer behind; harmless when repeated. Checks across keys
 * are the caller's: they report `KEY: what; mend`. */
void jt_conf_release(const struct jt_conf_row *rows, size_t n_rows, void *conf);

/* Appends the reference of the table as scdoc text (key, type, default, bounds, help).
 * JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_conf_reference(const struct jt_conf_row *rows, size_t n_rows,
                                          struct jt_buf *out);

#endif
