/* A text that grows: for what is printed of modules, optimizers and loading errors. Never installed. */
#ifndef CERILLA_TEXT_H
#define CERILLA_TEXT_H

#include "base.h"

typedef struct cer_Text { /* begins as {0}; ends with cer_text_free */
    char *text;           /* NULL while empty; else ends in a zero byte */
    size_t length, capacity;
    bool failed; /* out of memory: what was added since is lost */
} cer_Text;

void cer_text_add(cer_Text *t, const char *format, ...) TORCH_PRINTF(2, 3);
void cer_text_add_indented(cer_Text *t, const char *lines, int spaces); /* spaces behind every newline in lines */
void cer_text_free(cer_Text *t);

/* The text as a string that the innermost scope owns; t is freed. NULL, and an error, when memory ran out. */
const char *cer_text_borrowed(cer_Text *t);

#endif
