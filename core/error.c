/* The error record, its handlers, and warnings. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "impl.h"

const char *cer_code_name(torch_Code code)
{
    static const char *const names[] = {"OK",       "RuntimeError",        "TypeError",   "ValueError", "IndexError",
                                        "KeyError", "NotImplementedError", "MemoryError", "OSError"};
    return (size_t)code < sizeof names / sizeof *names ? names[code] : "Error";
}

int torch_error_raise(torch_Code code, const char *op, const char *format, ...)
{
    torch_Context *c = cer_context();
    if (c->code) return c->code; /* the first one tells what happened */
    va_list args;
    va_start(args, format);
    vsnprintf(c->message, sizeof c->message, format, args);
    va_end(args);
    if (!code) code = TORCH_RUNTIME_ERROR;
    c->code = code;
    c->op = op ? op : "";
    int top = c->n_handlers - 1;
    if (top >= 0 && c->handler[top]) c->handler[top](c->code, c->op, c->message, c->handler_data[top]);
    return code;
}

bool cer_raise_memory(const char *op, double bytes)
{
    return cer_raise(TORCH_MEMORY_ERROR, op,
                     "DefaultCPUAllocator: can't allocate memory: you tried to allocate %.0f "
                     "bytes. Error code 12 (Cannot allocate memory)",
                     bytes);
}

bool cer_error_pending(void)
{
    return cer_context()->code != TORCH_OK;
}

const char *torch_error(void)
{
    const torch_Context *c = cer_context();
    return c->code ? c->message : NULL;
}

torch_Code torch_error_code(void)
{
    return cer_context()->code;
}

const char *torch_error_op(void)
{
    const torch_Context *c = cer_context();
    return c->code ? c->op : "";
}

void torch_error_clear(void)
{
    cer_context()->code = TORCH_OK;
}

int torch_exit_code(void)
{
    return cer_context()->code ? EXIT_FAILURE : EXIT_SUCCESS;
}

int torch_push_error_handler(torch_ErrorHandler handler, void *data)
{
    torch_Context *c = cer_context();
    if (c->n_handlers == CER_HANDLERS)
        return torch_error_raise(TORCH_RUNTIME_ERROR, "push_error_handler", "more than %d error handlers",
                                 CER_HANDLERS);
    c->handler[c->n_handlers] = handler;
    c->handler_data[c->n_handlers++] = data;
    return TORCH_OK;
}

void torch_pop_error_handler(void)
{
    torch_Context *c = cer_context();
    if (c->n_handlers > 1) c->n_handlers--; /* the default one stays */
}

void torch_error_print(torch_Code code, const char *op, const char *message, void *data)
{
    (void)data;
    fprintf(stderr, "%s%s%s: %s\n", op && *op ? op : "", op && *op ? ": " : "", cer_code_name(code), message);
}

void torch_error_silent(torch_Code code, const char *op, const char *message, void *data)
{
    (void)code, (void)op, (void)message, (void)data;
}

void torch_error_abort(torch_Code code, const char *op, const char *message, void *data)
{
    torch_error_print(code, op, message, data);
    abort();
}

/* ---- warnings ---------------------------------------------------------------------------------------------------- */

typedef struct Given { /* a text that was given already */
    struct Given *next;
    char text[];
} Given;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Given *given;
static torch_WarningHandler warning_handler = torch_warning_print;
static _Atomic uint32_t epoch; /* changes when texts may be given again, or to somebody else */

uint32_t cer_warnings_epoch(void)
{
    return atomic_load_explicit(&epoch, memory_order_relaxed);
}

torch_WarningHandler torch_set_warning_handler(torch_WarningHandler handler)
{
    pthread_mutex_lock(&lock);
    torch_WarningHandler old = warning_handler;
    warning_handler = handler;
    atomic_fetch_add_explicit(&epoch, 1, memory_order_relaxed);
    pthread_mutex_unlock(&lock);
    return old;
}

void torch_warning_print(const char *category, const char *message)
{
    fprintf(stderr, "%s: %s\n", category, message);
}

void torch_reset_warnings(void)
{
    pthread_mutex_lock(&lock);
    atomic_fetch_add_explicit(&epoch, 1, memory_order_relaxed);
    while (given) {
        Given *next = given->next;
        free(given);
        given = next;
    }
    pthread_mutex_unlock(&lock);
}

static bool first_time(const char *text) /* under the lock */
{
    for (const Given *g = given; g; g = g->next)
        if (strcmp(g->text, text) == 0) return false;
    if (!given) atexit(torch_reset_warnings);
    Given *g = malloc(sizeof *g + strlen(text) + 1);
    if (g) {
        strcpy(g->text, text);
        g->next = given;
        given = g;
    }
    return true;
}

void torch_warn(const char *category, const char *format, ...)
{
    char text[CER_MESSAGE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pthread_mutex_lock(&lock);
    torch_WarningHandler handler = warning_handler && first_time(text) ? warning_handler : NULL;
    pthread_mutex_unlock(&lock);
    if (handler) handler(category, text);
}
