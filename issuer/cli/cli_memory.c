/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_memory.h"

#include <curl/curl.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"

#include "common/base/base.h"

static void wiping_free(void *p)
{
    jt_secret_wipe(p, malloc_usable_size(p));
    free(p);
}

/* realloc() itself may move the bytes and leave the old ones behind. */
static void *wiping_realloc(void *p, size_t n)
{
    size_t had = malloc_usable_size(p);
    if (p != NULL && n <= had) {
        return p;
    }
    void *bigger = malloc(n);
    if (bigger != NULL && p != NULL) {
        memcpy(bigger, p, had);
        wiping_free(p);
    }
    return bigger;
}

enum jt_err jt_cli_memory_install(void)
{
    json_set_alloc_funcs(malloc, wiping_free);
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc,
                                         strdup, calloc);
    return code == CURLE_OK ? JT_OK : JT_ERR_NOMEM;
}
