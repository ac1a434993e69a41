/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/pack.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json/json.h"

#include "common/base/base.h"

#define ALIGN alignof(int64_t) /* of what an array of a record holds */
/* The largest elements that arrays of a record have: of strings (a grant, a label) and of objects (a
 * client's secret, with its last use in an array of its own). */
#define STRING_MAX 32
#define OBJECT_MAX (96 + ALIGN)

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* Enough for each element of an array, and its texts: a string becomes a name or a grant, an object a
 * record of its own. */
static size_t measure_item(const json_t *item)
{
    size_t n = json_is_object(item) ? OBJECT_MAX : STRING_MAX;
    json_t *readable = (json_t *)(uintptr_t)item; /* jansson reads it only */
    for (void *iter = json_object_iter(readable); iter != NULL;
         iter = json_object_iter_next(readable, iter)) {
        n += json_string_length(json_object_iter_value(iter));
    }
    return n + json_string_length(item);
}

/* false when out of memory */
static bool measure(const json_t *doc, size_t *out_n)
{
    size_t n = 0;
    json_t *readable = (json_t *)(uintptr_t)doc; /* as above */
    for (void *iter = json_object_iter(readable); iter != NULL;
         iter = json_object_iter_next(readable, iter)) {
        const json_t *value = json_object_iter_value(iter);
        n += ALIGN + json_string_length(value);
        size_t index;
        const json_t *item;
        json_array_foreach(value, index, item)
        {
            n += measure_item(item);
        }
        if (json_is_object(value)) { /* claims are kept as text, labels as names and values */
            size_t text = json_dumpb(value, NULL, 0, JSON_COMPACT);
            if (text == 0) {
                return false;
            }
            n += json_object_size(value) * STRING_MAX + text;
        }
    }
    *out_n = n;
    return true;
}

enum jt_err jt_pack_begin(struct jt_pack *pack, const json_t *doc, size_t size,
                          struct jt_diag *diag, void **out_record)
{
    size_t n = 0;
    uint8_t *p = measure(doc, &n) ? calloc(1, round_up(size) + n) : NULL;
    if (p == NULL) {
        return JT_ERR_NOMEM;
    }
    *pack = (struct jt_pack){p, p + round_up(size), p + round_up(size) + n, "", diag};
    *out_record = p;
    return JT_OK;
}

void *jt_pack_array(struct jt_pack *pack, size_t count, size_t size)
{
    uint8_t *at = (uint8_t *)round_up((uintptr_t)pack->next);
    assert(at <= pack->end && count * size <= (size_t)(pack->end - at));
    pack->next = at + count * size;
    return at;
}

struct jt_span jt_pack_text(struct jt_pack *pack, struct jt_span text)
{
    if (text.n == 0) {
        return JT_SPAN_NONE;
    }
    assert(text.n <= (size_t)(pack->end - pack->next));
    uint8_t *at = pack->next;
    memcpy(at, text.p, text.n);
    pack->next = at + text.n;
    return jt_span_of(at, text.n);
}

static struct jt_text place_of(size_t at, size_t n)
{
    assert(n < JT_TEXT_MAX_N && at < JT_TEXT_MAX_AT);
    return (struct jt_text){at & (JT_TEXT_MAX_AT - 1), n & (JT_TEXT_MAX_N - 1)};
}

struct jt_text jt_pack_place(struct jt_pack *pack, struct jt_span text)
{
    size_t at = (size_t)(pack->next - pack->record);
    (void)jt_pack_text(pack, text); /* it stands where `next` was */
    return place_of(at, text.n);
}

void jt_pack_grant(struct jt_pack *pack, struct jt_span text, struct jt_text out_texts[2])
{
    const uint8_t *hash = memchr(text.p, '#', text.n);
    size_t at = (size_t)(pack->next - pack->record);
    size_t n = hash == NULL ? text.n : (size_t)(hash - text.p);
    (void)jt_pack_text(pack, text); /* it stands where `next` was */
    out_texts[0] = place_of(at, n);
    out_texts[1] = n == text.n ? place_of(0, 0) : place_of(at + n + 1, text.n - n - 1);
}

void *jt_pack_places(struct jt_pack *pack, size_t count, size_t size, uint32_t *out_place)
{
    uint8_t *at = jt_pack_array(pack, count, size);
    *out_place = (uint32_t)(at - pack->record);
    return at;
}

enum jt_err jt_pack_copy(const struct jt_pack *pack, struct jt_object **out_object)
{
    size_t n = (size_t)(pack->next - pack->record);
    uint8_t *copy = malloc(n);
    if (copy == NULL) {
        return JT_ERR_NOMEM;
    }
    memcpy(copy, pack->record, n);
    struct jt_client *client = (struct jt_client *)(void *)copy;
    client->object.bytes = (uint32_t)n;
    client->object.id.p = copy + (client->object.id.p - pack->record);
    client->name.p = copy + (client->name.p - pack->record);
    *out_object = &client->object;
    return JT_OK;
}

enum jt_err jt_pack_fail(struct jt_pack *pack, const char *format, ...)
{
    char sentence[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args); /* cutting is harmless */
    va_end(args);
    return jt_diag_fail(pack->diag, JT_ERR_INVALID, "%.64s: %s", pack->member, sentence);
}
