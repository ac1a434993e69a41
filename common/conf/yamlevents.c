/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/yamlevents.h"

#include "common/base/base.h"

enum jt_err jt_yamlevents_init(struct jt_yamlevents *events, struct jt_span text, const char *name,
                               struct jt_diag *diag)
{
    /* YAML 1.2 sec. 5.2: it says how the text is encoded, and is none of it */
    if (jt_span_starts(text, JT_SPAN("\xEF\xBB\xBF"))) {
        text = jt_span_of(text.p + 3, text.n - 3);
    }
    *events = (struct jt_yamlevents){.text = text, .name = name, .diag = diag};
    if (yaml_parser_initialize(&events->parser) == 0) {
        return JT_ERR_NOMEM;
    }
    yaml_parser_set_encoding(&events->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&events->parser, text.p == NULL ? (const uint8_t *)"" : text.p,
                                 text.n);
    return JT_OK;
}

void jt_yamlevents_release(struct jt_yamlevents *events)
{
    yaml_event_delete(&events->event);
    yaml_parser_delete(&events->parser);
}

static struct jt_yamldoc_at place(yaml_mark_t mark)
{
    return (struct jt_yamldoc_at){mark.line + 1, mark.column + 1};
}

struct jt_yamldoc_at jt_yamlevents_at(const struct jt_yamlevents *events)
{
    return place(events->event.start_mark);
}

struct jt_span jt_yamlevents_scalar(const struct jt_yamlevents *events)
{
    return jt_span_of(events->event.data.scalar.value, events->event.data.scalar.length);
}

struct jt_yamldoc_at jt_yamlevents_place(struct jt_span text, size_t offset)
{
    struct jt_yamldoc_at at = {1, 1};
    for (size_t i = 0; i < offset && i < text.n; i++) {
        if (text.p[i] == '\n') {
            at = (struct jt_yamldoc_at){at.line + 1, 1};
        } else if ((text.p[i] & 0xC0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

static enum jt_err fail_syntax(const struct jt_yamlevents *events)
{
    const yaml_parser_t *p = &events->parser;
    const char *problem = p->problem == NULL ? "malformed" : p->problem;
    switch (p->error) {
    case YAML_MEMORY_ERROR:
        return JT_ERR_NOMEM;
    case YAML_READER_ERROR:
        return jt_yamldoc_fail(events->name, jt_yamlevents_place(events->text, p->problem_offset),
                               events->diag, "%s; save the file as plain UTF-8 text", problem);
    default:
        return jt_yamldoc_fail(events->name, place(p->problem_mark), events->diag,
                               "not YAML: %s%s%s; mend it here or just before (indent by spaces, "
                               "close every quote and bracket)",
                               p->context == NULL ? "" : p->context, p->context == NULL ? "" : ", ",
                               problem);
    }
}

enum jt_err jt_yamlevents_refuse(const struct jt_yamlevents *events, const char *what)
{
    return jt_yamldoc_fail(events->name, jt_yamlevents_at(events), events->diag, "%s", what);
}

static enum jt_err refuse_extras(const struct jt_yamlevents *events)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    switch (events->event.type) {
    case YAML_ALIAS_EVENT:
        return jt_yamlevents_refuse(events,
                                    "an alias ('*name') is not read here; write the value out");
    case YAML_SCALAR_EVENT:
        anchor = events->event.data.scalar.anchor;
        tag = events->event.data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = events->event.data.sequence_start.anchor;
        tag = events->event.data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = events->event.data.mapping_start.anchor;
        tag = events->event.data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor != NULL) {
        return jt_yamlevents_refuse(
            events, "an anchor ('&name') is not read here; remove it, or quote the value");
    }
    if (tag != NULL) {
        return jt_yamlevents_refuse(
            events, "a tag ('!name') is not read here; remove it, or quote the value");
    }
    return JT_OK;
}

enum jt_err jt_yamlevents_next(struct jt_yamlevents *events)
{
    yaml_event_delete(&events->event);
    if (yaml_parser_parse(&events->parser, &events->event) == 0) {
        return fail_syntax(events);
    }
    return refuse_extras(events);
}
