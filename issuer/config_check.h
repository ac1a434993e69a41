/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a configuration that one key's row cannot make: what a value must look like beyond
 * its type, and which keys go together. Each is one function in the table at the end of the file.
 *
 * Does not read files or reach what the configuration names.
 * Threads: any.
 */
#ifndef JT_ISSUER_CONFIG_CHECK_H
#define JT_ISSUER_CONFIG_CHECK_H

#include "issuer/config.h"

#include "common/base/base.h"

/* Checks config across its keys. JT_ERR_CONFIG with a sentence naming the key. */
JT_MUST_USE enum jt_err jt_config_check(const struct jt_config *config, struct jt_diag *diag);

#endif
