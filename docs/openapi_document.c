/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the OpenAPI document of the admin API, as docs/openapi.json has it. */
#include <stdio.h>

#include "issuer/admin/openapi.h"

#include "common/base/base.h"

int main(void)
{
    json_t *document = NULL;
    if (jt_openapi_make(&document) != JT_OK) {
        return 1;
    }
    int failed = json_dumpf(document, stdout, JSON_INDENT(1)) != 0 || putchar('\n') == EOF;
    json_decref(document);
    return failed != 0 || fflush(stdout) != 0 ? 1 : 0;
}
