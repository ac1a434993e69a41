/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_output.h"
#include "issuer/cli/cli_show.h"

#include "common/base/lasting.h"

#include "common/base/base.h"

#define WIDTH_MIN  70
#define WIDTH_MAX  240
#define LABEL      26                   /* characters before a bar */
#define KID_SHOWN  8                    /* characters of a kid */
#define LONG_AGO_S ((int64_t)7 * 86400) /* gone for so long, a key is left out */
#define KEYS_MAX   1024
#define LATEST_S   INT64_C(253402300799) /* the end of the year 9999 */

enum part { NOTHING, NEXT, SIGNS, RETIRING, REVOKED, NOW, N_PARTS };

static const struct {
    const char *block, *ascii;
    enum jt_cli_style style;
} parts[N_PARTS] = {
    [NOTHING] = {" ", " ", JT_CLI_STYLE_NONE},     [NEXT] = {"\u2591", ".", JT_CLI_STYLE_NONE},
    [SIGNS] = {"\u2588", "#", JT_CLI_STYLE_GOOD},  [RETIRING] = {"\u2592", "-", JT_CLI_STYLE_WATCH},
    [REVOKED] = {"\u00d7", "x", JT_CLI_STYLE_BAD}, [NOW] = {"\u2502", "|", JT_CLI_STYLE_BOLD},
};

/* A key's times; what is to come as it is planned. 0: not known. */
struct bar {
    const json_t *key;
    int64_t published_s, signs_s, stops_s, gone_s;
    bool revoked;
};

struct picture {
    const json_t *algorithms;
    struct jt_cli_timeline_look look;
    struct bar *bars; /* oldest first, those of one algorithm together */
    size_t n_bars;
    int64_t now_s, from_s, to_s;
};

/* The issuer is asked, not trusted: nothing overflows. */
static int64_t time_of(const json_t *object, const char *member)
{
    json_int_t at_s = json_integer_value(json_object_get(object, member));
    return at_s < 0 ? 0 : at_s > LATEST_S ? LATEST_S : (int64_t)at_s;
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text == NULL ? "" : text;
}

/* --- what there is to draw --- */

static const json_t *algorithm_of(const json_t *algorithms, const char *alg)
{
    size_t index;
    const json_t *item;
    json_array_foreach(algorithms, index, item)
    {
        if (strcmp(text_of(item, "alg"), alg) == 0) {
            return item;
        }
    }
    return NULL;
}

static void read_bar(const json_t *key, const json_t *algorithms, struct bar *out)
{
    const json_t *algorithm = algorithm_of(algorithms, text_of(key, "alg"));
    int64_t turn_s = time_of(algorithm, "next_signs_s");
    const char *kid = text_of(key, "kid");
    *out = (struct bar){.key = key,
                        .published_s = time_of(key, "published_at_s"),
                        .signs_s = time_of(key, "sign_from_s"),
                        .stops_s = time_of(key, "sign_until_s"),
                        .gone_s = time_of(key, "drop_at_s")};
    if (out->signs_s == 0 && strcmp(kid, text_of(algorithm, "next")) == 0) {
        out->signs_s = turn_s;
    }
    if (out->stops_s == 0 && strcmp(kid, text_of(algorithm, "active")) == 0) {
        out->stops_s = turn_s;
        out->gone_s = turn_s == 0 ? 0 : turn_s + time_of(algorithm, "tail_s");
    }
    int64_t dropped_s = time_of(key, "dropped_at_s"), revoked_s = time_of(key, "revoked_at_s");
    out->revoked = revoked_s != 0;
    out->gone_s = revoked_s != 0 ? revoked_s : dropped_s != 0 ? dropped_s : out->gone_s;
}

static bool is_shown(const struct picture *picture, const struct bar *bar)
{
    bool gone = bar->revoked || time_of(bar->key, "dropped_at_s") != 0;
    return picture->look.all || !gone || bar->gone_s > picture->now_s - LONG_AGO_S;
}

static bool stands_after(const struct bar *a, const struct bar *b)
{
    int order = strcmp(text_of(a->key, "alg"), text_of(b->key, "alg"));
    if (order == 0 && a->published_s == b->published_s) {
        return b->signs_s != 0 && (a->signs_s == 0 || a->signs_s > b->signs_s);
    }
    return order > 0 || (order == 0 && a->published_s > b->published_s);
}

static void read_bars(struct picture *picture, const json_t *items)
{
    size_t index;
    const json_t *item;
    json_array_foreach(items, index, item)
    {
        struct bar bar;
        read_bar(item, picture->algorithms, &bar);
        if (!is_shown(picture, &bar) || picture->n_bars == KEYS_MAX) {
            continue;
        }
        size_t to = picture->n_bars++;
        for (; to > 0 && stands_after(&picture->bars[to - 1], &bar); to--) {
            picture->bars[to] = picture->bars[to - 1];
        }
        picture->bars[to] = bar;
    }
}

static void widen(struct picture *picture, int64_t at_s)
{
    if (at_s != 0) {
        picture->from_s = at_s < picture->from_s ? at_s : picture->from_s;
        picture->to_s = at_s > picture->to_s ? at_s : picture->to_s;
    }
}

static void choose_times(struct picture *picture)
{
    picture->from_s = picture->to_s = picture->now_s;
    for (size_t i = 0; i < picture->n_bars; i++) {
        widen(picture, picture->bars[i].published_s);
        widen(picture, picture->bars[i].signs_s);
        widen(picture, picture->bars[i].stops_s);
        widen(picture, picture->bars[i].gone_s);
    }
    picture->to_s += (picture->to_s - picture->from_s) / 10 + 60;
}

/* --- drawing --- */

static void put_part(struct jt_cli_pen *pen, const struct picture *picture, enum part part)
{
    jt_cli_pen_style(pen, parts[part].style);
    jt_cli_pen_puts(pen, picture->look.ascii ? parts[part].ascii : parts[part].block);
    jt_cli_pen_style(pen, JT_CLI_STYLE_NONE);
}

static size_t cells(const struct picture *picture)
{
    return picture->look.width - LABEL;
}

static size_t cell_of(const struct picture *picture, int64_t at_s)
{
    double share = (double)(at_s - picture->from_s) / (double)(picture->to_s - picture->from_s);
    size_t cell = (size_t)(share * (double)cells(picture));
    return cell < cells(picture) ? cell : cells(picture) - 1;
}

static enum part part_at(const struct picture *picture, const struct bar *bar, size_t cell)
{
    size_t published = cell_of(picture, bar->published_s);
    size_t stops = bar->stops_s == 0 ? SIZE_MAX : cell_of(picture, bar->stops_s);
    size_t gone = bar->gone_s == 0 ? SIZE_MAX : cell_of(picture, bar->gone_s);
    gone += bar->stops_s != 0 && gone == stops && !bar->revoked; /* a short tail is seen, too */
    if (bar->revoked && cell == gone) {
        return REVOKED;
    }
    if (cell == cell_of(picture, picture->now_s)) {
        return NOW;
    }
    if (cell < published || cell > gone || (cell == gone && gone > published)) {
        return NOTHING;
    }
    if (cell >= stops) {
        return RETIRING;
    }
    return bar->signs_s != 0 && cell >= cell_of(picture, bar->signs_s) ? SIGNS : NEXT;
}

static void put_bar(const struct picture *picture, const struct bar *bar)
{
    struct jt_cli_pen pen = {.file = stdout,
                             .ink = picture->look.colour ? JT_CLI_INK_COLOUR : JT_CLI_INK_PLAIN};
    struct jt_span kid = jt_span_str(text_of(bar->key, "kid"));
    kid.n = kid.n > KID_SHOWN ? KID_SHOWN : kid.n;
    jt_cli_pen_text(&pen, kid);
    jt_cli_pen_pad(&pen, KID_SHOWN + 1);
    jt_cli_pen_puts(&pen, text_of(bar->key, "alg"));
    jt_cli_pen_pad(&pen, KID_SHOWN + 7);
    jt_cli_pen_status(&pen, jt_span_str(text_of(bar->key, "state")));
    jt_cli_pen_pad(&pen, LABEL);
    size_t last = cells(picture);
    while (last > 0 && part_at(picture, bar, last - 1) == NOTHING) {
        last--;
    }
    for (size_t cell = 0; cell < last; cell++) {
        put_part(&pen, picture, part_at(picture, bar, cell));
    }
    (void)fputc('\n', stdout); /* main asks ferror() at the end; so below */
}

/* The ends of the time that is shown, and where now is. */
static void put_axis(const struct picture *picture)
{
    struct jt_cli_pen pen = {.file = stdout};
    size_t now = LABEL + cell_of(picture, picture->now_s);
    jt_cli_pen_pad(&pen, LABEL);
    jt_cli_pen_time(&pen, picture->from_s);
    if (now >= pen.width + 2 && now + 27 < picture->look.width) {
        jt_cli_pen_pad(&pen, now - 1);
        jt_cli_pen_puts(&pen, "now");
    }
    jt_cli_pen_pad(&pen, picture->look.width - 20);
    jt_cli_pen_time(&pen, picture->to_s);
    (void)fputc('\n', stdout);
}

static void put_legend(const struct picture *picture)
{
    static const struct {
        enum part part;
        const char *name;
    } names[] = {{NEXT, " next: published   "},
                 {SIGNS, " signs   "},
                 {RETIRING, " retiring: verifies   "},
                 {REVOKED, " revoked"},
                 {NOW, " now: "}};
    struct jt_cli_pen pen = {.file = stdout,
                             .ink = picture->look.colour ? JT_CLI_INK_COLOUR : JT_CLI_INK_PLAIN};
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        put_part(&pen, picture, names[i].part);
        jt_cli_pen_puts(&pen, names[i].name);
        (void)fputs(names[i].part == REVOKED ? "\n" : "", stdout);
    }
    jt_cli_pen_time(&pen, picture->now_s);
    jt_cli_pen_puts(&pen, "; what is right of it is planned");
    (void)fputc('\n', stdout);
}

static void put_span(struct jt_cli_pen *pen, int64_t seconds)
{
    char text[JT_LASTING];
    jt_cli_pen_puts(pen, jt_lasting(seconds, text));
}

/* "ES256 rotates 2026-12-03T10:00:00Z, in 10d 2h (37m of jitter in it)" */
static void put_change(const struct picture *picture, const json_t *algorithm)
{
    struct jt_cli_pen pen = {.file = stdout};
    int64_t turn_s = time_of(algorithm, "next_signs_s"), jitter_s = time_of(algorithm, "jitter_s");
    bool first = json_is_null(json_object_get(algorithm, "active"));
    jt_cli_pen_puts(&pen, text_of(algorithm, "alg"));
    if (turn_s == 0) {
        jt_cli_pen_puts(&pen, " has no next key");
    } else {
        jt_cli_pen_puts(&pen, first ? " signs first " : " rotates ");
        jt_cli_pen_time(&pen, turn_s);
        jt_cli_pen_puts(&pen, turn_s > picture->now_s ? ", in " : ", due since ");
        put_span(&pen, turn_s > picture->now_s ? turn_s - picture->now_s : picture->now_s - turn_s);
        if (jitter_s > 0) {
            jt_cli_pen_puts(&pen, " (");
            put_span(&pen, jitter_s);
            jt_cli_pen_puts(&pen, " of jitter in it)");
        }
    }
    if (!json_is_true(json_object_get(algorithm, "named"))) {
        jt_cli_pen_puts(&pen, "; keys.algorithms does not name it");
    }
    (void)fputc('\n', stdout);
}

static void put_changes(const struct picture *picture, int64_t pause_until_s)
{
    size_t index;
    const json_t *item;
    json_array_foreach(picture->algorithms, index, item)
    {
        put_change(picture, item);
    }
    if (pause_until_s != 0) {
        struct jt_cli_pen pen = {.file = stdout};
        jt_cli_pen_puts(&pen, "the clock jumped: automatic steps wait until ");
        jt_cli_pen_time(&pen, pause_until_s);
        (void)fputc('\n', stdout);
    }
}

enum jt_err jt_cli_timeline_draw(const json_t *answer, const struct jt_cli_timeline_look *look,
                                 struct jt_diag *diag)
{
    const json_t *items = json_object_get(answer, "items");
    struct picture picture = {.algorithms = json_object_get(answer, "algorithms"),
                              .look = *look,
                              .now_s = time_of(answer, "now_s")};
    if (!json_is_array(items) || !json_is_array(picture.algorithms) || picture.now_s == 0) {
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "the issuer's answer has no times; is it older than this command?");
    }
    picture.look.width = look->width < WIDTH_MIN   ? WIDTH_MIN
                         : look->width > WIDTH_MAX ? WIDTH_MAX
                                                   : look->width;
    picture.bars = calloc(KEYS_MAX, sizeof *picture.bars);
    if (picture.bars == NULL) {
        return JT_ERR_NOMEM;
    }
    read_bars(&picture, items);
    choose_times(&picture);
    put_axis(&picture);
    for (size_t i = 0; i < picture.n_bars; i++) {
        put_bar(&picture, &picture.bars[i]);
    }
    put_legend(&picture);
    put_changes(&picture, time_of(answer, "pause_until_s"));
    free(picture.bars);
    return JT_OK;
}

/* --- the command --- */

static size_t terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    if (columns != NULL && columns[0] >= '0' && columns[0] <= '9') {
        errno = 0;
        unsigned long n = strtoul(columns, NULL, 10);
        return errno == 0 && n < WIDTH_MAX ? n : WIDTH_MAX;
    }
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return 100;
}

/* The terminal's alphabet is what the locale's name says; no locale of the C library is needed. */
static bool speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != 0) {
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
        }
    }
    return false;
}

enum jt_err jt_cli_timeline(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    struct jt_cli_admin_request request = {.method = "GET", .path = {"keys"}};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    if (!jt_cli_show_people(run)) {
        return jt_cli_show_value(run, NULL, answer, diag);
    }
    const struct jt_cli_timeline_look look = {
        .width = terminal_width(),
        .ascii = jt_cli_options_has(run, "ascii") || !speaks_utf8(),
        .all = jt_cli_options_has(run, "all"),
        .colour = jt_cli_output_ink(run) == JT_CLI_INK_COLOUR,
    };
    return jt_cli_timeline_draw(answer, &look, diag);
}
