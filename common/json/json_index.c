/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read here may come from anyone, before any signature is checked, so its cost is bounded
 * by the size of the text whatever stands in it. Duplicates are looked for when an object is
 * closed: a few members are compared in pairs, many are sorted (a heap: n log n in the worst case,
 * with no memory of its own). A hash table would do with a secret key only: without one the names
 * that collide can be computed, and the table becomes a list.
 */
#include "common/json/json_index.h"

#include "common/json/json.h"
#include "common/json/json_lex.h"

#include "common/base/base.h"

#define FEW 16 /* members that are compared in pairs: sorting them would take longer */

/* An object or array that is not closed yet. */
struct open {
    struct jt_json_index_entry *entry;
    struct jt_json_index_entry *last; /* of its members or elements; NULL when there is none */
};

struct reader {
    struct jt_json_index *index;
    struct jt_json_lex lex;
    uint8_t *arena; /* what is free of it */
    size_t depth;
    struct open open[JT_JSON_DEPTH];
};

/* A string, unescaped, and as it stands with its quotes. */
static enum jt_err take_string(struct reader *r, struct jt_span *out_text, struct jt_span *out_raw)
{
    struct jt_span raw;
    bool escaped = false;
    JT_TRY(jt_json_lex_string(&r->lex, &raw, &escaped));
    *out_raw = jt_span_of(raw.p - 1, raw.n + 2);
    *out_text = raw;
    if (escaped) {
        *out_text = jt_span_of(r->arena, jt_json_lex_unescape(raw, r->arena));
        r->arena += out_text->n; /* never more than the text, which the arena has room for */
    }
    return JT_OK;
}

static uint64_t load(const uint8_t *p, size_t n)
{
    uint64_t word = 0;
    memcpy(&word, p, n);
    return word;
}

/* Equal names have equal keys; others seldom have. */
static uint64_t key_of(struct jt_span name)
{
    uint64_t head = 0, tail = 0;
    if (name.n >= 8) {
        head = load(name.p, 8);
        tail = load(name.p + name.n - 8, 8);
    } else if (name.n >= 4) {
        head = load(name.p, 4);
        tail = load(name.p + name.n - 4, 4);
    } else if (name.n > 0) {
        head = name.p[0];
        tail = (uint64_t)name.p[name.n / 2] << 8 | name.p[name.n - 1];
    }
    return head * UINT64_C(0x9E3779B97F4A7C15) + tail + name.n;
}

/* RFC 7515 sec. 4, RFC 7519 sec. 4: names must be unique; two readers must not see two values */
static bool few_are_unique(const struct jt_json_index *index,
                           const struct jt_json_index_entry *object)
{
    const struct jt_json_index_entry *members[FEW], *member = object + 1;
    for (size_t i = 0; i < object->n; i++, member = index->entries + member->next) {
        for (size_t k = 0; k < i; k++) {
            if (members[k]->key == member->key && jt_span_eq(members[k]->name, member->name)) {
                return false;
            }
        }
        members[i] = member;
    }
    return true;
}

/* The order of two entries by key, then by name. */
static int compare(const struct jt_json_index *index, uint16_t a, uint16_t b)
{
    const struct jt_json_index_entry *x = index->entries + a, *y = index->entries + b;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return jt_span_cmp(x->name, y->name);
}

/* Puts `entry` into the heap of `n` at `at`, where nothing stands, or below. Place i of the heap is
 * in entries[i].order. */
static void sift_down(struct jt_json_index *index, size_t at, size_t n, uint16_t entry)
{
    struct jt_json_index_entry *heap = index->entries;
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && compare(index, heap[child + 1].order, heap[child].order) > 0) {
            child++;
        }
        if (compare(index, heap[child].order, entry) <= 0) {
            break;
        }
        heap[at].order = heap[child].order;
        at = child;
    }
    heap[at].order = entry;
}

/* As few_are_unique: takes the greatest off a heap until two in turn are equal. */
static bool many_are_unique(struct jt_json_index *index, const struct jt_json_index_entry *object)
{
    struct jt_json_index_entry *heap = index->entries;
    size_t n = object->n;
    uint16_t member = (uint16_t)(object - heap + 1);
    for (size_t i = 0; i < n; i++, member = heap[member].next) {
        heap[i].order = member;
    }
    for (size_t i = n / 2; i > 0; i--) {
        sift_down(index, i - 1, n, heap[i - 1].order);
    }
    for (n--; n > 0; n--) {
        uint16_t greatest = heap[0].order;
        sift_down(index, 0, n, heap[n].order);
        if (compare(index, greatest, heap[0].order) == 0) {
            return false;
        }
    }
    return true;
}

static enum jt_err open_container(struct reader *r, struct jt_json_index_entry *entry, uint8_t type)
{
    if (r->depth == JT_JSON_DEPTH) {
        return JT_ERR_JSON_DEPTH;
    }
    entry->type = type;
    entry->raw.p = r->lex.p++;
    r->open[r->depth++] = (struct open){entry, NULL};
    return JT_OK;
}

static enum jt_err close_container(struct reader *r)
{
    struct jt_json_index_entry *entry = r->open[--r->depth].entry;
    entry->raw.n = (size_t)(r->lex.p - entry->raw.p);
    entry->text = entry->raw;
    if (entry->type == JT_JSON_INDEX_ARRAY || entry->n < 2) {
        return JT_OK;
    }
    bool unique =
        entry->n <= FEW ? few_are_unique(r->index, entry) : many_are_unique(r->index, entry);
    return unique ? JT_OK : JT_ERR_JSON;
}

/* The value at the front into `entry`, a container still open. */
static enum jt_err take_value(struct reader *r, struct jt_json_index_entry *entry)
{
    bool integer;
    switch (jt_json_lex_peek(&r->lex)) {
    case '{':
        return open_container(r, entry, JT_JSON_INDEX_OBJECT);
    case '[':
        return open_container(r, entry, JT_JSON_INDEX_ARRAY);
    case '"':
        entry->type = JT_JSON_INDEX_STRING;
        return take_string(r, &entry->text, &entry->raw);
    case 't':
    case 'f':
    case 'n':
        entry->type = JT_JSON_INDEX_LITERAL;
        JT_TRY(jt_json_lex_literal(&r->lex, &entry->raw));
        break;
    default:
        entry->type = JT_JSON_INDEX_NUMBER;
        JT_TRY(jt_json_lex_number(&r->lex, &entry->raw, &integer));
        break;
    }
    entry->text = entry->raw;
    return JT_OK;
}

/* An entry for one more value of `parent`. */
static enum jt_err add_entry(struct reader *r, struct open *parent,
                             struct jt_json_index_entry **out_entry)
{
    struct jt_json_index *index = r->index;
    if (index->n == index->max) {
        return JT_ERR_LIMIT;
    }
    struct jt_json_index_entry *entry = index->entries + index->n;
    *entry = (struct jt_json_index_entry){0};
    if (parent->last != NULL) {
        parent->last->next = (uint16_t)index->n;
    }
    parent->last = entry;
    parent->entry->n++;
    index->n++;
    *out_entry = entry;
    return JT_OK;
}

/* One more member of the innermost open container, or its end. */
static enum jt_err read_member(struct reader *r)
{
    struct open *parent = &r->open[r->depth - 1];
    struct jt_json_index_entry *entry = NULL;
    struct jt_span raw;
    bool object = parent->entry->type == JT_JSON_INDEX_OBJECT;
    if (jt_json_lex_take(&r->lex, object ? '}' : ']')) {
        return close_container(r);
    }
    if (parent->last != NULL && !jt_json_lex_take(&r->lex, ',')) {
        return JT_ERR_JSON;
    }
    JT_TRY(add_entry(r, parent, &entry));
    if (object) {
        (void)jt_json_lex_peek(&r->lex); /* only for passing the white space */
        JT_TRY(take_string(r, &entry->name, &raw));
        entry->key = key_of(entry->name);
        if (!jt_json_lex_take(&r->lex, ':')) {
            return JT_ERR_JSON;
        }
    }
    return take_value(r, entry);
}

static enum jt_err read_document(struct reader *r)
{
    struct jt_json_index *index = r->index;
    if (jt_json_lex_peek(&r->lex) != '{') {
        return JT_ERR_JSON;
    }
    index->entries[0] = (struct jt_json_index_entry){0};
    index->n = 1;
    JT_TRY(take_value(r, &index->entries[0]));
    while (r->depth > 0) {
        JT_TRY(read_member(r));
    }
    (void)jt_json_lex_peek(&r->lex); /* only for passing the white space */
    return r->lex.p == r->lex.end ? JT_OK : JT_ERR_JSON;
}

enum jt_err jt_json_index_read(struct jt_json_index *index, struct jt_span text)
{
    index->n = 0;
    if (index->max == 0 || index->max > JT_JSON_INDEX_LARGEST || text.n > index->arena_n) {
        return JT_ERR_LIMIT;
    }
    struct reader r;
    r.index = index;
    r.lex = jt_json_lex_of(text);
    r.arena = index->arena;
    r.depth = 0;
    enum jt_err err = read_document(&r);
    if (err != JT_OK) {
        index->n = 0;
    }
    return err;
}

const struct jt_json_index_entry *jt_json_index_find(const struct jt_json_index *index,
                                                     struct jt_span name)
{
    if (index->n < 2) {
        return NULL;
    }
    uint64_t key = key_of(name);
    const struct jt_json_index_entry *member = index->entries + 1;
    for (size_t left = index->entries[0].n; left > 0; left--) {
        if (member->key == key && jt_span_eq(member->name, name)) {
            return member;
        }
        member = index->entries + member->next;
    }
    return NULL;
}
