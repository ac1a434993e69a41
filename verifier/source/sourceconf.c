/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/sourceconf.h"

#include "common/base/base.h"

void jt_sourceconf_tell(const struct jt_sourceconf *conf, jeton_event_kind kind, const char *text,
                        size_t keys, size_t skipped)
{
    if (conf->event == NULL) {
        return;
    }
    const struct jeton_event event = {.size = sizeof event,
                                      .kind = kind,
                                      .policy = conf->place,
                                      .issuer = conf->policy->issuer,
                                      .text = text,
                                      .keys = keys,
                                      .skipped = skipped};
    conf->event(conf->event_ctx, &event);
}
