/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "issuer/cli/cli_admin.h"

#include "common/base/base.h"

#define BAR_WIDTH   30
#define QUERY_MAX   4096
#define LINE_WORDS  "line "
#define TWICE_WORDS " stands on line "

/* --- reading --- */

static enum jt_err take(void *ctx, const struct jt_cli_document *document, struct jt_diag *diag)
{
    return jt_cli_spool_put(ctx, document, diag);
}

/* An input that is missing is no wish to delete: what should have made it may have failed. */
static enum jt_err check_any(const struct jt_cli_run *run, const struct jt_cli_spool *spool,
                             bool empty_list, struct jt_diag *diag)
{
    bool prunes = jt_cli_options_has(run, "prune") || jt_cli_options_has(run, "prune-all");
    return spool->n > 0 || empty_list || !prunes
               ? JT_OK
               : jt_diag_fail(diag, JT_ERR_USAGE,
                              "no objects were read, so that all would be pruned; look at what "
                              "makes the input, or give [] if nothing shall stay");
}

enum jt_err jt_cli_upload_read(const struct jt_cli_run *run, struct jt_cli_spool *out_spool,
                               struct jt_diag *diag)
{
    bool empty_list = false;
    const struct jt_cli_documents documents = {
        .take = take, .ctx = out_spool, .empty_list = &empty_list};
    JT_TRY(jt_cli_spool_open(out_spool, diag));
    JT_TRY(jt_cli_documents_each(run, &documents, diag));
    JT_TRY(check_any(run, out_spool, empty_list, diag));
    return jt_cli_spool_finish(out_spool, diag);
}

/* --- sending --- */

/* How far it is; the bar on a terminal. */
struct bar {
    size_t len, objects;
    const char *doing;
    bool shown;
    size_t sent;
    int percent; /* as shown; -1: nothing yet */
};

static void show(void *ctx, size_t sent)
{
    struct bar *bar = ctx;
    int percent = bar->len == 0 ? 100 : (int)(sent * 100 / bar->len);
    bar->sent = sent;
    if (!bar->shown || percent == bar->percent) {
        return;
    }
    bar->percent = percent;
    if (percent == 100) {
        (void)fprintf(stderr, "\r\033[K%s %zu objects ...", bar->doing, bar->objects);
    } else {
        int done = percent * BAR_WIDTH / 100;
        (void)fprintf(stderr, "\r\033[Ksending  [%.*s%*s] %3d%%", done,
                      "##############################", BAR_WIDTH - done, "", percent);
    }
    (void)fflush(stderr); /* talk: nobody is left to be told */
}

static void wipe_bar(const struct bar *bar)
{
    if (bar->percent >= 0) {
        (void)fprintf(stderr, "\r\033[K");
    }
}

static enum jt_err put_query(const struct jt_cli_upload *how, struct jt_buf *out)
{
    JT_TRY(jt_buf_puts(out, how->dry_run ? "dry_run=true" : "dry_run=false"));
    if (how->prune_all) {
        JT_TRY(jt_buf_puts(out, "&prune_all=true"));
    }
    if (how->prune != NULL) {
        JT_TRY(jt_buf_puts(out, "&prune="));
        JT_TRY(jt_cli_http_encode(out, jt_span_str(how->prune)));
    }
    return JT_OK;
}

/* Reads the number of a line of the spool at `*text`, and passes it; false when there is none. */
static bool take_line(const struct jt_cli_spool *spool, const char **text, const char **out_file,
                      size_t *out_line)
{
    char *rest = NULL;
    unsigned long number = strtoul(*text, &rest, 10);
    bool found = jt_cli_spool_find(spool, number, out_file, out_line);
    *text = found ? rest : *text;
    return found;
}

/* "line 12: ... stands on line 7 too" is of the spool: tells the files and the lines that these were
 * made from. */
static enum jt_err told_by_file(const struct jt_cli_spool *spool, enum jt_err err,
                                struct jt_diag *diag)
{
    const struct jt_diag sentence = *diag;
    const char *file = NULL, *other = NULL, *rest = sentence.text + strlen(LINE_WORDS);
    size_t line = 0, other_line = 0;
    if (strncmp(sentence.text, LINE_WORDS, strlen(LINE_WORDS)) != 0 ||
        !take_line(spool, &rest, &file, &line) || *rest != ':') {
        return err;
    }
    const char *twice = strstr(rest, TWICE_WORDS);
    const char *after = twice == NULL ? NULL : twice + strlen(TWICE_WORDS);
    if (after == NULL || !take_line(spool, &after, &other, &other_line)) {
        return jt_diag_fail(diag, err, "%.200s:%zu%s", file, line, rest);
    }
    return jt_diag_fail(diag, err, "%.200s:%zu%.*s stands at %.200s:%zu%s", file, line,
                        (int)(twice - rest), rest, other, other_line, after);
}

/* No answer is no refusal. */
static enum jt_err maybe_done(const struct bar *bar, enum jt_err err, struct jt_diag *diag)
{
    const struct jt_diag sentence = *diag;
    return bar->len == 0 || bar->sent < bar->len
               ? err
               : jt_diag_fail(diag, err,
                              "%.600s; all was sent, and may be applied: jeton diff tells",
                              sentence.text);
}

enum jt_err jt_cli_upload_send(const struct jt_cli_run *run, const struct jt_cli_spool *spool,
                               const struct jt_cli_upload *how, json_t **out_report,
                               struct jt_diag *diag)
{
    JT_AUTO(buf) query = JT_BUF_INIT(QUERY_MAX);
    struct bar bar = {.len = spool->len,
                      .objects = spool->n,
                      .doing = how->dry_run ? "comparing" : "applying",
                      .shown = isatty(STDERR_FILENO),
                      .percent = -1};
    enum jt_err err = put_query(how, &query);
    if (err == JT_ERR_LIMIT) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "--prune is longer than a label can be");
    }
    JT_TRY(err);
    struct jt_cli_http_upload upload = {
        .fd = spool->fd, .len = spool->len, .progress = show, .ctx = &bar};
    const struct jt_cli_admin_request request = {
        .method = "POST", .path = {"apply"}, .query = jt_buf_str(&query), .upload = &upload};
    err = jt_cli_admin_call(run, &request, out_report, diag);
    wipe_bar(&bar);
    if (err == JT_ERR_UNREACHABLE && !how->dry_run) {
        return maybe_done(&bar, err, diag);
    }
    return err == JT_ERR_REFUSED || err == JT_ERR_NOT_FOUND ? told_by_file(spool, err, diag) : err;
}
