/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for scdoc, of which the man pages are made from tables.
 * Ownership: appends to the caller's buffer.
 * Thread rule: one thread per buffer.
 * Source: scdoc(5).
 */
#ifndef JT_CONF_SCDOC_H
#define JT_CONF_SCDOC_H

#include "common/base/buf.h"

/* Appends `text` so that it stands on the page as it is. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_scdoc_put(struct jt_buf *out, const char *text);

#endif
