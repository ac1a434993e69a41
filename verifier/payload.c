/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/payload.h"

#include "common/base/base.h"

#define DATE_MAX_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z; milliseconds are past it */

enum jt_err jt_payload_load(struct jt_payload *claims, struct jt_span text)
{
    jt_payload_release(claims);
    enum jt_err err = jt_json_load_object(text, JT_JSON_DEPTH, &claims->object);
    return err == JT_OK || err == JT_ERR_NOMEM ? err : JT_ERR_CLAIMS;
}

void jt_payload_release(struct jt_payload *claims)
{
    json_decref(claims->object);
    claims->object = NULL;
}

bool jt_payload_has(const struct jt_payload *claims, const char *name)
{
    const json_t *value = json_object_get(claims->object, name);
    return value != NULL && !json_is_null(value);
}

enum jt_err jt_payload_text(const struct jt_payload *claims, const char *name,
                            struct jt_span *out_text)
{
    const json_t *value = json_object_get(claims->object, name);
    if (value != NULL && !json_is_string(value)) {
        return JT_ERR_CLAIMS;
    }
    *out_text = jt_json_value(value);
    return JT_OK;
}

/* RFC 7519 sec. 2: a NumericDate may have a fraction. The clock has none, so none is compared. */
enum jt_err jt_payload_date(const struct jt_payload *claims, const char *name, int64_t *out_s)
{
    const json_t *value = json_object_get(claims->object, name);
    if (value == NULL) {
        *out_s = -1;
        return JT_OK;
    }
    if (json_is_integer(value)) {
        json_int_t whole = json_integer_value(value);
        if (whole < 0 || whole > DATE_MAX_S) {
            return JT_ERR_CLAIMS;
        }
        *out_s = whole;
        return JT_OK;
    }
    double date = json_is_real(value) ? json_real_value(value) : -1;
    if (!(date >= 0 && date <= (double)DATE_MAX_S)) {
        return JT_ERR_CLAIMS;
    }
    *out_s = (int64_t)date; /* not negative: this is the floor */
    return JT_OK;
}

enum jt_err jt_payload_count(const struct jt_payload *claims, const char *name, size_t *out_n)
{
    const json_t *value = json_object_get(claims->object, name);
    if (value == NULL || json_is_string(value)) {
        *out_n = value != NULL;
        return JT_OK;
    }
    if (!json_is_array(value)) {
        return JT_ERR_CLAIMS;
    }
    size_t n = json_array_size(value);
    for (size_t i = 0; i < n; i++) {
        if (!json_is_string(json_array_get(value, i))) {
            return JT_ERR_CLAIMS;
        }
    }
    *out_n = n;
    return JT_OK;
}

struct jt_span jt_payload_element(const struct jt_payload *claims, const char *name, size_t at)
{
    const json_t *value = json_object_get(claims->object, name);
    return jt_json_value(json_is_array(value) ? json_array_get(value, at) : value);
}

bool jt_payload_is_array(const struct jt_payload *claims, const char *name)
{
    return json_is_array(json_object_get(claims->object, name));
}
