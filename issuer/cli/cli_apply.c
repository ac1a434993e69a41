/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "issuer/cli/cli_changes.h"
#include "issuer/cli/cli_confirm.h"
#include "issuer/cli/cli_output.h"
#include "issuer/cli/cli_show.h"
#include "issuer/cli/cli_upload.h"

#include "common/base/base.h"

#define SHOWN_DELETIONS 20 /* named before the question */

static struct jt_cli_upload how_of(const struct jt_cli_run *run, bool dry_run)
{
    return (struct jt_cli_upload){.dry_run = dry_run,
                                  .prune = jt_cli_options_text(run, "prune"),
                                  .prune_all = jt_cli_options_has(run, "prune-all")};
}

static bool asks(const struct jt_cli_run *run)
{
    bool prunes = jt_cli_options_has(run, "prune") || jt_cli_options_has(run, "prune-all");
    return prunes && !jt_cli_options_has(run, "yes");
}

/* Before anything is read: a script is told at once, whether or not something would be deleted. */
static enum jt_err check_can_ask(const struct jt_cli_run *run, struct jt_diag *diag)
{
    return !asks(run) || isatty(STDIN_FILENO)
               ? JT_OK
               : jt_diag_fail(diag, JT_ERR_USAGE,
                              "apply cannot ask before it deletes without a terminal; add --yes to "
                              "go on, or see with jeton diff what would be deleted");
}

/* Names the first of what would be deleted. */
static void show_deletions(const struct jt_cli_changes *changes)
{
    size_t index, shown = 0;
    const json_t *change;
    json_array_foreach(changes->list, index, change)
    {
        struct jt_span kind = jt_json_value(json_object_get(change, "kind"));
        struct jt_span name = jt_json_value(json_object_get(change, "name"));
        if (shown < SHOWN_DELETIONS &&
            jt_span_is(jt_json_value(json_object_get(change, "action")), "delete")) {
            jt_cli_output_talk("- %.*s %.*s", (int)kind.n, (const char *)kind.p, (int)name.n,
                               (const char *)name.p);
            shown++;
        }
    }
    if (changes->deleted > (int64_t)shown) {
        jt_cli_output_talk("... and %" PRId64 " more", changes->deleted - (int64_t)shown);
    }
}

/* Before anything is deleted, somebody has seen what. */
static enum jt_err confirm(const struct jt_cli_run *run, const struct jt_cli_spool *spool,
                           struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *report = NULL;
    struct jt_cli_changes changes;
    char consequence[64], name[32];
    const struct jt_cli_upload how = how_of(run, true);
    if (!asks(run)) {
        return JT_OK;
    }
    JT_TRY(jt_cli_upload_send(run, spool, &how, &report, diag));
    JT_TRY(jt_cli_changes_read(run, report, &changes, diag));
    if (changes.deleted == 0) {
        return JT_OK;
    }
    show_deletions(&changes);
    (void)snprintf(consequence, sizeof consequence, "This deletes %" PRId64 " objects",
                   changes.deleted); /* fits */
    (void)snprintf(name, sizeof name, "%" PRId64, changes.deleted);
    return jt_cli_confirm_ask(run, name, consequence, diag);
}

enum jt_err jt_cli_apply_run(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_AUTO(cli_spool) spool = {.fd = -1};
    JT_JSON_AUTO json_t *report = NULL;
    struct jt_cli_changes changes;
    const struct jt_cli_upload how = how_of(run, false);
    char summary[JT_CLI_CHANGES_SUMMARY];
    JT_TRY(check_can_ask(run, diag));
    JT_TRY(jt_cli_upload_read(run, &spool, diag));
    JT_TRY(confirm(run, &spool, diag));
    JT_TRY(jt_cli_upload_send(run, &spool, &how, &report, diag));
    JT_TRY(jt_cli_changes_read(run, report, &changes, diag));
    if (!jt_cli_show_people(run)) {
        return jt_cli_show_value(run, NULL, report, diag);
    }
    jt_cli_changes_print(run, &changes, false);
    jt_cli_changes_summary(&changes, true, summary);
    (void)printf("%s\n", summary); /* main asks ferror() at the end */
    return JT_OK;
}

enum jt_err jt_cli_apply_diff(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_AUTO(cli_spool) spool = {.fd = -1};
    JT_JSON_AUTO json_t *report = NULL;
    struct jt_cli_changes changes;
    const struct jt_cli_upload how = how_of(run, true);
    char summary[JT_CLI_CHANGES_SUMMARY];
    JT_TRY(jt_cli_upload_read(run, &spool, diag));
    JT_TRY(jt_cli_upload_send(run, &spool, &how, &report, diag));
    JT_TRY(jt_cli_changes_read(run, report, &changes, diag));
    if (jt_cli_show_people(run)) {
        jt_cli_changes_print(run, &changes, true);
    } else {
        JT_TRY(jt_cli_show_value(run, NULL, report, diag));
    }
    if (changes.created + changes.updated + changes.deleted == 0) {
        return JT_OK;
    }
    jt_cli_changes_summary(&changes, false, summary);
    return jt_diag_fail(diag, JT_ERR_DIFFERENT, "different: %s; jeton apply makes it so", summary);
}
