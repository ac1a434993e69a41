/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the configuration keys for jeton-guard(8), from the table that reads them. */
#include <stdio.h>

#include "verifier/guard/guardconf.h"

#include "common/base/base.h"

int main(void)
{
    struct jt_buf text = JT_BUF_INIT(1024 * 1024);
    enum jt_err err = jt_conf_reference(jt_guardconf_rows, jt_guardconf_n_rows, &text);
    if (err == JT_OK && fwrite(text.p, 1, text.len, stdout) != text.len) {
        err = JT_ERR_IO;
    }
    jt_buf_release(&text);
    return err == JT_OK ? 0 : 1;
}
