/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/texts.h"

#include <stdlib.h>

#include "common/base/base.h"

enum jt_err jt_texts_new(const char *const *list, struct jt_texts **out_texts)
{
    size_t n = 0, bytes = 0;
    while (list != NULL && list[n] != NULL) {
        bytes += strlen(list[n++]) + 1;
    }
    struct jt_texts *texts = malloc(sizeof *texts + n * sizeof texts->v[0] + bytes);
    if (texts == NULL) {
        return JT_ERR_NOMEM;
    }
    texts->n = n;
    char *to = (char *)&texts->v[n];
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(list[i]);
        memcpy(to, list[i], len + 1);
        texts->v[i] = jt_span_of(to, len);
        to += len + 1;
    }
    *out_texts = texts;
    return JT_OK;
}

void jt_texts_free(struct jt_texts *texts)
{
    free(texts);
}
