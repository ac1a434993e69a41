/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_documents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "issuer/cli/cli_output.h"

#include "common/base/base.h"

#define STANDARD_INPUT "standard input"

/* One reading of all the files. */
struct reading {
    const struct jt_cli_documents *of;
    struct jt_diag *diag;
    bool read_input; /* standard input has been read: there is no second time */
};

struct jt_yamldoc_at jt_cli_documents_at(const struct jt_cli_document *document,
                                         const char *sentence)
{
    const char *colon = strstr(sentence, ": ");
    if (document->yaml == NULL || colon == NULL) {
        return document->at;
    }
    return jt_yamljson_at(document->yaml, jt_span_of(sentence, (size_t)(colon - sentence)));
}

/* --- the two languages --- */

static enum jt_err read_yaml(const struct reading *reading, const char *name, struct jt_span text)
{
    JT_AUTOP(yamljson) reader = NULL;
    JT_TRY(jt_yamljson_new(text, name, &reader));
    for (;;) {
        JT_JSON_AUTO json_t *object = NULL;
        JT_TRY(jt_yamljson_next(reader, &object, reading->diag));
        if (object == NULL) {
            return JT_OK;
        }
        struct jt_cli_document document = {object, name, jt_yamljson_at(reader, JT_SPAN("")),
                                           reader};
        JT_TRY(reading->of->take(reading->of->ctx, &document, reading->diag));
    }
}

/* A JSON text, with the place of what is not read yet. */
struct json_text {
    const char *name;
    struct jt_span rest;
    const uint8_t *counted; /* up to here, `at` has counted */
    struct jt_yamldoc_at at;
    bool in_list;
};

static struct jt_yamldoc_at json_at(struct json_text *text)
{
    for (; text->counted < text->rest.p; text->counted++) {
        if (*text->counted == '\n') {
            text->at = (struct jt_yamldoc_at){text->at.line + 1, 1};
        } else if ((*text->counted & 0xC0) != 0x80) {
            text->at.column++;
        }
    }
    return text->at;
}

static enum jt_err json_fail(struct json_text *text, struct jt_diag *diag, const char *what)
{
    return jt_yamldoc_fail(text->name, json_at(text), diag, "%s", what);
}

/* The next character that is no white space, left in place; 0 at the end. */
static uint8_t json_peek(struct json_text *text)
{
    while (text->rest.n > 0) {
        uint8_t c = text->rest.p[0];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            return c;
        }
        text->rest = jt_span_of(text->rest.p + 1, text->rest.n - 1);
    }
    return 0;
}

static bool json_take(struct json_text *text, uint8_t c)
{
    if (json_peek(text) != c) {
        return false;
    }
    text->rest = jt_span_of(text->rest.p + 1, text->rest.n - 1);
    return true;
}

/* Goes on to the next object; false at the end of the text. */
static enum jt_err json_find(struct json_text *text, bool *out_found, struct jt_diag *diag)
{
    for (;;) {
        if (text->in_list && json_take(text, ']')) {
            text->in_list = false;
        } else if (text->in_list && !json_take(text, ',')) {
            return json_fail(text, diag,
                             "not JSON: the elements of a list stand between commas, "
                             "and ] ends it; add what is missing");
        } else if (!text->in_list && json_take(text, '[')) {
            text->in_list = !json_take(text, ']');
            if (text->in_list) {
                break;
            }
        } else {
            break;
        }
    }
    *out_found = json_peek(text) != 0 || text->rest.n > 0 || text->in_list;
    return JT_OK;
}

static enum jt_err json_read(struct json_text *text, json_t **out_object, struct jt_diag *diag)
{
    if (json_peek(text) != '{') {
        return json_fail(text, diag,
                         "an object belongs here; write {\"kind\": ...} (what is YAML stands in a "
                         "file called .yaml)");
    }
    struct jt_span start = text->rest;
    enum jt_err err = jt_json_next(&text->rest, JT_JSON_DEPTH, out_object);
    if (err == JT_ERR_JSON && text->rest.n == 0) {
        text->rest = start;
        return json_fail(text, diag,
                         "not JSON: the object that begins here does not end; close "
                         "every quote and bracket");
    }
    if (err == JT_ERR_JSON) {
        return json_fail(text, diag,
                         "not JSON; mend it here or just before (UTF-8, double quotes, commas "
                         "between members, no member twice)");
    }
    return err == JT_ERR_JSON_DEPTH
               ? json_fail(text, diag, "nested too deeply; no object of the model is")
               : err;
}

static enum jt_err read_json(const struct reading *reading, const char *name, struct jt_span whole)
{
    struct json_text text = {.name = name, .rest = whole, .counted = whole.p, .at = {1, 1}};
    for (;;) {
        bool found = false;
        JT_TRY(json_find(&text, &found, reading->diag));
        if (!found) {
            return JT_OK;
        }
        JT_JSON_AUTO json_t *object = NULL;
        struct jt_yamldoc_at at = json_at(&text);
        JT_TRY(json_read(&text, &object, reading->diag));
        struct jt_cli_document document = {object, name, at, NULL};
        JT_TRY(reading->of->take(reading->of->ctx, &document, reading->diag));
    }
}

/* --- files --- */

enum language { NEITHER, YAML, JSON };

static enum language language_of(const char *name)
{
    static const struct {
        const char *ending;
        enum language language;
    } endings[] = {{".yaml", YAML}, {".yml", YAML}, {".json", JSON}, {".jsonl", JSON}};
    size_t n = strlen(name);
    for (size_t i = 0; i < JT_COUNT(endings); i++) {
        size_t m = strlen(endings[i].ending);
        if (n > m && strcasecmp(name + n - m, endings[i].ending) == 0) {
            return endings[i].language;
        }
    }
    return NEITHER;
}

/* YAML in flow style begins alike, but seldom with a quote. */
static bool looks_like_json(struct jt_span text)
{
    struct json_text front = {.rest = text};
    bool opened = false;
    while (json_take(&front, '{') || json_take(&front, '[')) {
        opened = true;
    }
    return opened && json_peek(&front) == '"';
}

/* "[]": no objects, and that is meant; what an export of nothing is. */
static bool is_empty_list(struct jt_span text)
{
    struct json_text rest = {.rest = text};
    return json_take(&rest, '[') && json_take(&rest, ']') && json_peek(&rest) == 0 &&
           rest.rest.n == 0;
}

static enum jt_err read_text(const struct reading *reading, const char *name, struct jt_span text)
{
    enum language language = language_of(name);
    /* RFC 8259 sec. 8.1: a byte order mark may be ignored; some editors put one */
    if (jt_span_starts(text, JT_SPAN("\xEF\xBB\xBF"))) {
        text = jt_span_of(text.p + 3, text.n - 3);
    }
    if (reading->of->empty_list != NULL && is_empty_list(text)) {
        *reading->of->empty_list = true;
    }
    if (language == NEITHER) {
        language = looks_like_json(text) ? JSON : YAML;
    }
    return language == JSON ? read_json(reading, name, text) : read_yaml(reading, name, text);
}

static enum jt_err cannot(const char *what, const char *name, int why, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_USAGE, "cannot %s %.256s: %s", what, name, strerror(why));
}

/* All that `fd` still holds. */
static enum jt_err read_bytes(int fd, const char *name, struct jt_buf *out, struct jt_diag *diag)
{
    for (;;) {
        enum jt_err err = jt_buf_reserve(out, (size_t)128 * 1024);
        if (err == JT_ERR_LIMIT) {
            return jt_diag_fail(diag, JT_ERR_USAGE,
                                "%.256s is over %zu bytes; divide it between several files", name,
                                JT_CLI_DOCUMENTS_MAX_FILE);
        }
        JT_TRY(err);
        ssize_t n = read(fd, out->p + out->len, out->cap - 1 - out->len);
        if (n == 0) {
            return JT_OK;
        }
        if (n < 0 && errno != EINTR) {
            return cannot("read", name, errno, diag);
        }
        out->len += n > 0 ? (size_t)n : 0;
    }
}

static enum jt_err read_descriptor(const struct reading *reading, int fd, const char *name)
{
    JT_AUTO(buf) text = JT_BUF_INIT(JT_CLI_DOCUMENTS_MAX_FILE);
    JT_TRY(read_bytes(fd, name, &text, reading->diag));
    enum jt_err err = read_text(reading, name, jt_buf_span(&text));
    if (err == JT_ERR_CONFIG && reading->of->fault != NULL) {
        reading->of->fault(reading->of->ctx, reading->diag);
        return JT_OK;
    }
    return err;
}

static enum jt_err read_file(const struct reading *reading, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cannot("open", path, errno, reading->diag);
    }
    enum jt_err err = read_descriptor(reading, fd, path);
    (void)close(fd); /* only read from */
    return err;
}

/* --- folders --- */

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads the file `name` when it is one of ours; then `*out_read` becomes true. */
static enum jt_err read_in_folder(const struct reading *reading, const char *folder,
                                  const char *name, bool *out_read)
{
    char path[JT_CLI_DOCUMENTS_MAX_NAME];
    size_t n = strlen(folder);
    const char *slash = n > 0 && folder[n - 1] == '/' ? "" : "/";
    int len = snprintf(path, sizeof path, "%s%s%s", folder, slash, name);
    struct stat st;
    if (len < 0 || (size_t)len >= sizeof path) {
        return cannot("open", name, ENAMETOOLONG, reading->diag);
    }
    /* a folder may be called like a file; a link that leads nowhere is not passed over */
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        jt_cli_output_talk("%.512s is a folder in a folder, and is not read; name it with -f",
                           path);
        return JT_OK;
    }
    if (language_of(name) == NEITHER) {
        return JT_OK;
    }
    *out_read = true;
    return read_file(reading, path);
}

static enum jt_err read_folder(const struct reading *reading, const char *folder)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, is_shown, by_bytes);
    if (n < 0) {
        return cannot("read the folder", folder, errno, reading->diag);
    }
    enum jt_err err = JT_OK;
    bool any = false;
    for (int i = 0; i < n; i++) {
        if (err == JT_OK) {
            err = read_in_folder(reading, folder, entries[i]->d_name, &any);
        }
        free(entries[i]);
    }
    free(entries);
    return err == JT_OK && !any
               ? jt_diag_fail(reading->diag, JT_ERR_USAGE,
                              "%.256s holds no *.yaml, *.yml, *.json or *.jsonl; name another",
                              folder)
               : err;
}

static enum jt_err read_named(struct reading *reading, const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0) {
        if (reading->read_input) {
            return jt_diag_fail(reading->diag, JT_ERR_USAGE,
                                "standard input is named twice; name it once");
        }
        reading->read_input = true;
        return read_descriptor(reading, STDIN_FILENO, STANDARD_INPUT);
    }
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? read_folder(reading, path)
                                                       : read_file(reading, path);
}

enum jt_err jt_cli_documents_each(const struct jt_cli_run *run,
                                  const struct jt_cli_documents *documents, struct jt_diag *diag)
{
    struct reading reading = {.of = documents, .diag = diag};
    size_t at = 0;
    const char *path = jt_cli_options_next(run, "file", &at);
    if (path == NULL) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "%s needs -f FILE, a folder, or - for standard input",
                            run->command->path);
    }
    for (; path != NULL; path = jt_cli_options_next(run, "file", &at)) {
        JT_TRY(read_named(&reading, path));
    }
    return JT_OK;
}
