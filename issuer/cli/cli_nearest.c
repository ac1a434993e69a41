/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_nearest.h"

#include "common/base/edits.h"

#include "common/base/base.h"

struct jt_cli_nearest jt_cli_nearest_start(struct jt_span wanted)
{
    return (struct jt_cli_nearest){wanted, JT_SPAN_NONE, SIZE_MAX};
}

void jt_cli_nearest_offer(struct jt_cli_nearest *search, struct jt_span name)
{
    size_t edits = jt_edits_between(search->wanted, name);
    size_t allowed = name.n / 2 > 1 ? name.n / 2 : 1;
    if (edits <= allowed && edits < search->distance) {
        search->name = name;
        search->distance = edits;
    }
}
