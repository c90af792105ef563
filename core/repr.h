/* Numbers as text, the same in every locale. Never installed. */
#ifndef CERILLA_REPR_H
#define CERILLA_REPR_H

#include <stddef.h>

enum { CER_REPR_BYTES = 40, CER_PRECISION_MAX = 1100, CER_NUMBER_BYTES = CER_PRECISION_MAX + 320 };

/* repr(value) of Python: the shortest digits that read back as the same number. Returns text. */
const char *cer_repr(double value, char text[CER_REPR_BYTES]);

/* value in printf's conversion 'e', 'f' or 'g', as Python writes it: always with a point, "nan" without a sign.
 * precision <= CER_PRECISION_MAX, which is more digits than any double has. Returns the length. */
int cer_number_text(double value, char conversion, int precision, char text[CER_NUMBER_BYTES]);

#endif
