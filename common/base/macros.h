/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few macros that every room may use. Headers include this one; sources get it through base.h.
 *
 * JT_TRY is the only macro with control flow: it leaves the function with the first failure.
 * JT_AUTO / JT_AUTOP release a holder at the end of its scope. The file that allocates a type uses
 * neither on it: analyzers cannot see through cleanup inside one file.
 */
#ifndef JT_BASE_MACROS_H
#define JT_BASE_MACROS_H

#define JT_MUST_USE                 __attribute__((warn_unused_result))
#define JT_PRINTF(fmt_index, first) __attribute__((format(printf, fmt_index, first)))

#define JT_TRY(call)                      \
    do {                                  \
        enum jt_err jt_try_err_ = (call); \
        if (jt_try_err_ != JT_OK) {       \
            return jt_try_err_;           \
        }                                 \
    } while (0)

/* On a local of kibibytes whose members are all set before they are read: release builds clear every
 * other one first (-ftrivial-auto-var-init). */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#    define JT_UNCLEARED __attribute__((uninitialized))
#else
#    define JT_UNCLEARED
#endif

/* Lets a must-use result go, where a comment beside it says why that is right. */
#define JT_IGNORE(call)                       \
    do {                                      \
        enum jt_err jt_ignored_err_ = (call); \
        (void)jt_ignored_err_;                \
    } while (0)

/* In place: struct jt_NAME with void jt_NAME_release(struct jt_NAME *). */
#define JT_AUTO(name) __attribute__((cleanup(jt_##name##_release))) struct jt_##name

/* On the heap: void jt_NAME_free(struct jt_NAME *); the type's header says JT_AUTOP_DEFINE(NAME).
 */
#define JT_AUTOP(name) __attribute__((cleanup(jt_##name##_autofree))) struct jt_##name *
#define JT_AUTOP_DEFINE(name)                                          \
    static inline void jt_##name##_autofree(struct jt_##name **holder) \
    {                                                                  \
        jt_##name##_free(*holder);                                     \
    }                                                                  \
    struct jt_##name

#define JT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
