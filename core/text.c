/* A text that grows. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "impl.h"
#include "text.h"

enum { FIRST_CAPACITY = 256 };

static bool reserve(cer_Text *t, size_t more)
{
    if (t->failed) return false;
    if (t->length + more + 1 <= t->capacity) return true;
    size_t capacity = t->capacity ? t->capacity * 2 : FIRST_CAPACITY;
    while (capacity < t->length + more + 1) capacity *= 2;
    char *text = cer_grow(t->text, t->capacity, capacity);
    if (!text) {
        t->failed = true;
        return false;
    }
    t->text = text;
    t->capacity = capacity;
    return true;
}

void cer_text_add(cer_Text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !reserve(t, (size_t)n)) return;
    va_start(args, format);
    vsnprintf(t->text + t->length, (size_t)n + 1, format, args);
    va_end(args);
    t->length += (size_t)n;
}

void cer_text_add_indented(cer_Text *t, const char *lines, int spaces)
{
    for (const char *line = lines; line;) {
        const char *end = strchr(line, '\n');
        cer_text_add(t, "%.*s", end ? (int)(end - line) : (int)strlen(line), line);
        if (end) cer_text_add(t, "\n%*s", spaces, "");
        line = end ? end + 1 : NULL;
    }
}

void cer_text_free(cer_Text *t)
{
    cer_free(t->text, t->capacity);
    *t = (cer_Text){0};
}

const char *cer_text_borrowed(cer_Text *t)
{
    char *s = NULL;
    if (t->failed)
        cer_raise_memory("str", (double)t->capacity * 2);
    else if ((s = cer_pool_string(t->length + 1)))
        memcpy(s, t->text ? t->text : "", t->length + 1);
    cer_text_free(t);
    return s;
}
