/* Errors and warnings. The contract stands at the top of cerilla.h. */
#ifndef CERILLA_ERROR_H
#define CERILLA_ERROR_H

#include "base.h"

TORCH_BEGIN

/* Python's exception classes, as codes. Functions that return int return one of these. */
typedef enum torch_Code {
    TORCH_OK = 0,
    TORCH_RUNTIME_ERROR,
    TORCH_TYPE_ERROR,
    TORCH_VALUE_ERROR,
    TORCH_INDEX_ERROR,
    TORCH_KEY_ERROR,
    TORCH_NOT_IMPLEMENTED_ERROR,
    TORCH_MEMORY_ERROR,
    TORCH_OS_ERROR
} torch_Code;

TORCH_API const char *torch_error(void);     /* message of the pending error, or NULL; valid until it is cleared */
TORCH_API torch_Code torch_error_code(void); /* its code, TORCH_OK when none is pending */
TORCH_API const char *torch_error_op(void);  /* the op that failed ("mm"), or "" */
TORCH_API void torch_error_clear(void);      /* forget it: except: pass */
TORCH_API int torch_exit_code(void);         /* for main's return: 0, or 1 while an error is pending */

/* Raise an error from user code, as `raise RuntimeError(...)`. The first one of the thread is kept, later ones are
 * dropped; the handler is called once for it. Returns the code of the pending error. Break here in gdb. */
TORCH_API int torch_error_raise(torch_Code code, const char *op, const char *format, ...) TORCH_PRINTF(3, 4);

/* Handlers: a stack per context; the top one hears of each new error. It must return. Pushing beyond 16 is refused. */
typedef void (*torch_ErrorHandler)(torch_Code code, const char *op, const char *message, void *data);
TORCH_API int torch_push_error_handler(torch_ErrorHandler handler, void *data);
TORCH_API void torch_pop_error_handler(void);
/* default: a line to stderr */
TORCH_API void torch_error_print(torch_Code, const char *op, const char *message, void *);
TORCH_API void torch_error_silent(torch_Code, const char *op, const char *message, void *); /* does nothing */
/* prints and aborts: core dumps */
TORCH_API void torch_error_abort(torch_Code, const char *op, const char *message, void *);

/* Warnings: warnings.warn(text, UserWarning). The same text is given once per process, like Python's default filter.
 * The handler is the process's; NULL is silence. The default prints "UserWarning: text" to stderr. */
typedef void (*torch_WarningHandler)(const char *category, const char *message);
TORCH_API torch_WarningHandler torch_set_warning_handler(torch_WarningHandler handler); /* returns the old one */
TORCH_API void torch_warning_print(const char *category, const char *message);
TORCH_API void torch_warn(const char *category, const char *format, ...) TORCH_PRINTF(2, 3);
TORCH_API void torch_reset_warnings(void); /* forget which texts were given */

TORCH_END

#endif
