/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "issuer/doctor/checks.h"

#include "common/base/base.h"

/* The file as it is now against the configuration that runs. */
static enum jt_err compare(const struct jt_checks *checks, const struct jt_config *file)
{
    const struct jt_root *root = jt_issuer_enter(checks->worker);
    const char *restart = jt_config_restart_key(&root->settings->config, file);
    const char *other = jt_config_other_key(&root->settings->config, file);
    jt_issuer_exit(checks->worker);
    const char *path = checks->issuer->config_path;
    if (restart != NULL) {
        return jt_checks_say(checks, "config", JT_CHECKS_WARN, "systemctl restart jetond",
                             "%s: %s is not what jetond runs with, and a reload cannot change it",
                             path, restart);
    }
    if (other != NULL) {
        return jt_checks_say(checks, "config", JT_CHECKS_WARN, "systemctl reload jetond",
                             "%s: %s is not what jetond runs with", path, other);
    }
    return jt_checks_say(checks, "config", JT_CHECKS_OK, NULL, "%s is what jetond runs with", path);
}

static enum jt_err check_file(const struct jt_checks *checks)
{
    const char *path = checks->issuer->config_path;
    struct jt_config file = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_config_load_file(path, &file, &diag);
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    if (err != JT_OK) {
        return jt_checks_say(checks, "config", JT_CHECKS_FAIL,
                             "mend the file, then: systemctl reload jetond",
                             "%s (jetond goes on with what it read before, and would not start)",
                             jt_diag_text(&diag, err));
    }
    err = compare(checks, &file);
    jt_config_release(&file);
    return err;
}

/* Who may write the configuration may name another key or database. */
static enum jt_err check_mode(const struct jt_checks *checks)
{
    const char *path = checks->issuer->config_path;
    struct stat st;
    if (stat(path, &st) != 0) {
        return JT_OK; /* check_file has said that it cannot be read */
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return jt_checks_say(checks, "config_file", JT_CHECKS_FAIL,
                             "take the right to write it from group and others (chmod go-w)",
                             "%s has mode %04o: others may change what jetond does", path,
                             (unsigned)st.st_mode & 07777u);
    }
    return jt_checks_say(checks, "config_file", JT_CHECKS_OK, NULL, "only its owner may change %s",
                         path);
}

enum jt_err jt_checks_config(const struct jt_checks *checks)
{
    if (checks->issuer->config_path == NULL) {
        return jt_checks_say(checks, "config", JT_CHECKS_OK, NULL,
                             "made by jetond dev, of no file");
    }
    JT_TRY(check_file(checks));
    return check_mode(checks);
}
