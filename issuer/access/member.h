/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of an object's document: one row a member, from which come reading, writing and its
 * JSON Schema. Here are the rows' shape and what several kinds have; each kind's table is in a file
 * of its own.
 * Ownership: readers write into the record being packed, writers give a json_t.
 * Thread rule: any thread.
 * Sources: JSON Schema 2020-12.
 */
#ifndef JT_ACCESS_MEMBER_H
#define JT_ACCESS_MEMBER_H

#include "issuer/access/object.h"
#include "issuer/access/pack.h"

struct jt_member {
    const char *name; /* NULL ends a table */
    bool required;
    enum jt_err (*read)(struct jt_pack *pack, const json_t *value, void *record);
    json_t *(*write)(const void *record, bool for_store); /* NULL: out of memory */
    const char *schema;                                   /* JSON, of the value */
};

/* A kind of object: the size of its record, and its table. `set_defaults` may be NULL. */
struct jt_object_kind {
    const char *name, *id_member;
    size_t size;
    const struct jt_member *members;
    void (*set_defaults)(void *record);
};

extern const struct jt_object_kind jt_resource_kind, jt_role_kind, jt_product_kind, jt_client_kind;

/* --- reading: JT_ERR_INVALID with a sentence that begins with the member's name --- */

JT_MUST_USE enum jt_err jt_member_read_name(struct jt_pack *pack, const json_t *value,
                                            struct jt_span *out_name);
JT_MUST_USE enum jt_err jt_member_read_bool(struct jt_pack *pack, const json_t *value,
                                            bool *out_bool);
/* At most `max` different strings, each of which `is_word`, as `help` says to people. */
struct jt_member_words {
    size_t max;
    bool (*is_word)(struct jt_span text);
    const char *help;
};
JT_MUST_USE enum jt_err jt_member_check_words(struct jt_pack *pack, const json_t *value,
                                              const struct jt_member_words *form);
/* At most JT_OBJECT_MAX_GRANTS different ones. */
JT_MUST_USE enum jt_err jt_member_check_grants(struct jt_pack *pack, const json_t *value);

/* --- writing --- */

json_t *jt_member_text(struct jt_span text); /* null when empty */
json_t *jt_member_time(int64_t time_s);      /* null when 0 */
json_t *jt_member_grant(struct jt_grant grant);

/* --- rows that every kind has: they stand at the end of its table --- */

JT_MUST_USE enum jt_err jt_member_read_owner(struct jt_pack *pack, const json_t *value,
                                             void *record);
JT_MUST_USE enum jt_err jt_member_read_labels(struct jt_pack *pack, const json_t *value,
                                              void *record);
json_t *jt_member_owner(const void *record, bool for_store);
json_t *jt_member_labels(const void *record, bool for_store);

#define JT_MEMBER_COMMON                                                       \
    {"owner", false, jt_member_read_owner, jt_member_owner,                    \
     "{\"type\":[\"string\",\"null\"],\"maxLength\":256}"},                    \
        {"labels", false, jt_member_read_labels, jt_member_labels,             \
         "{\"type\":\"object\",\"maxProperties\":32,"                          \
         "\"additionalProperties\":{\"type\":\"string\",\"maxLength\":256}}"}, \
    {                                                                          \
        NULL, false, NULL, NULL, NULL                                          \
    }

/* Schemas that several kinds use. */
#define JT_MEMBER_NAME "{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$\"}"
#define JT_MEMBER_NAMES(max) \
    "{\"type\":\"array\",\"uniqueItems\":true,\"maxItems\":" max ",\"items\":" JT_MEMBER_NAME "}"
#define JT_MEMBER_GRANTS                                          \
    "{\"type\":\"array\",\"uniqueItems\":true,\"maxItems\":4096," \
    "\"items\":{\"type\":\"string\",\"description\":\"IDENTIFIER#SCOPE, or IDENTIFIER alone\"}}"

#endif
