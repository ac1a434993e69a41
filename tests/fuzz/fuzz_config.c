/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the daemon, and that of the guard: what is refused gets a sentence of one line
 * that names the file; the same text fares the same a second time. */
#include "issuer/config.h"
#include "tests/fuzz/fuzz.h"
#include "verifier/guard/guardconf.h"

#include "common/base/base.h"

static void check_outcome(enum jt_err err, const struct jt_diag *diag, enum jt_err again,
                          const struct jt_diag *diag_again)
{
    MUST(err == JT_OK || err == JT_ERR_CONFIG);
    MUST(err == again && strcmp(diag->text, diag_again->text) == 0);
    if (err == JT_ERR_CONFIG) {
        MUST(strncmp(diag->text, "fuzz.yaml", 9) == 0 && strchr(diag->text, '\n') == NULL);
    }
}

static enum jt_err load_issuer(struct jt_span text, struct jt_diag *diag)
{
    struct jt_config config = {0};
    enum jt_err err = jt_config_load(text, "fuzz.yaml", &config, diag);
    if (err == JT_OK) {
        MUST(config.issuer != NULL);
        (void)jt_config_schedule(&config); /* derived from it */
    }
    jt_config_release(&config);
    return err;
}

static enum jt_err load_guard(struct jt_span text, struct jt_diag *diag)
{
    struct jt_guardconf conf = {0};
    enum jt_err err = jt_guardconf_load(text, "fuzz.yaml", &conf, diag);
    if (err == JT_OK) {
        MUST(conf.issuers.n > 0 && conf.rules.n > 0);
        jt_guardconf_release(&conf);
    }
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_span text = jt_span_of(bytes, n);
    struct jt_diag first = JT_DIAG_INIT, second = JT_DIAG_INIT;
    enum jt_err err = load_issuer(text, &first);
    check_outcome(err, &first, load_issuer(text, &second), &second);
    first = second = (struct jt_diag)JT_DIAG_INIT;
    err = load_guard(text, &first);
    check_outcome(err, &first, load_guard(text, &second), &second);
    return 0;
}
