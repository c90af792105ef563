/* What PyTorch says: tables of Python text, the exception's class and its words (or a warning's, or what repr gives), and
 * assertions that we say the same. The .inc file with `said` comes before this is used. */
#ifndef CERILLA_TESTS_SAID_H
#define CERILLA_TESTS_SAID_H

#include "support.h"

typedef struct Said {
    const char *python;
    torch_Code code;
    const char *text;
} Said;

#define SAID(python) find_said(said, sizeof said / sizeof *said, python)
static inline const Said *find_said(const Said *table, size_t n, const char *python)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].python, python) == 0) return &table[i];
    ck_abort_msg("the reference has no %s", python);
    return NULL;
}

/* The expression fails as the Python text does. */
#define assert_raises(python, expression)                        \
    do {                                                         \
        (void)(expression);                                      \
        ck_assert_error(SAID(python)->code, SAID(python)->text); \
    } while (0)

/* The last warning since torch_reset_warnings. */
static char heard[1024];
static inline void hear(const char *category, const char *message)
{
    ck_assert_str_eq(category, "UserWarning");
    strncpy(heard, message, sizeof heard - 1);
}
#define assert_warns(python, expression)                               \
    do {                                                               \
        torch_WarningHandler before = torch_set_warning_handler(hear); \
        torch_reset_warnings();                                        \
        *heard = 0;                                                    \
        (void)(expression);                                            \
        torch_set_warning_handler(before);                             \
        ck_assert_str_eq(heard, SAID(python)->text);                   \
    } while (0)

#endif
