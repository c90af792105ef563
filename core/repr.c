/* repr(float), and printf's numbers without the locale. */
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "impl.h"
#include "repr.h"

enum { DIGITS = 17 }; /* of a double, at most */

static const char *not_finite(double value)
{
    return isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
}

/* printf writes the locale's point, which may be a comma, or several bytes. */
static void plain_point(char *text)
{
    const char *point = localeconv()->decimal_point;
    char *at = *point ? strstr(text, point) : NULL;
    size_t length = strlen(point);
    if (!at || (length == 1 && *point == '.')) return;
    *at = '.';
    memmove(at + 1, at + length, strlen(at + length) + 1);
}

int cer_number_text(double value, char conversion, int precision, char text[CER_NUMBER_BYTES])
{
    const char format[] = {'%', '.', '*', conversion, 0};
    if (isfinite(value))
        snprintf(text, CER_NUMBER_BYTES, format, precision, value);
    else
        strcpy(text, not_finite(value));
    plain_point(text);
    return (int)strlen(text);
}

/* The first n significant digits of value > 0, and the power of ten of the first. */
static void digits_of(double value, int n, char *digit, int *exponent)
{
    char text[DIGITS + 16];
    snprintf(text, sizeof text, "%.*e", n - 1, value);
    int k = 0;
    for (const char *c = text; *c && *c != 'e'; c++)
        if (isdigit((unsigned char)*c)) digit[k++] = *c;
    digit[k] = 0;
    *exponent = atoi(strchr(text, 'e') + 1);
}

/* Read back as an integer times a power of ten: no point, so that no locale matters. */
static bool reads_as(double value, const char *digit, int exponent)
{
    char text[DIGITS + 16];
    snprintf(text, sizeof text, "%se%d", digit, exponent + 1 - (int)strlen(digit));
    return strtod(text, NULL) == value;
}

/* The next number of so many digits. 999 becomes 100, one power of ten above. */
static void count_up(char *digit, int *exponent)
{
    size_t i = strlen(digit);
    while (i > 0 && digit[i - 1] == '9') digit[--i] = '0';
    if (i > 0) {
        digit[i - 1]++;
        return;
    }
    digit[0] = '1';
    ++*exponent;
}

/* Below a power of two the doubles lie closer than above it; so the nearest short decimal may miss where the next one
 * upwards, though farther away, reads back. */
static void shortest(double value, char *digit, int *exponent)
{
    for (int n = 1; n <= DIGITS; n++) {
        digits_of(value, n, digit, exponent);
        if (reads_as(value, digit, *exponent)) break;
        count_up(digit, exponent);
        if (reads_as(value, digit, *exponent)) break;
    }
    size_t end = strlen(digit);
    while (end > 1 && digit[end - 1] == '0') digit[--end] = 0;
}

const char *cer_repr(double value, char text[CER_REPR_BYTES])
{
    char digit[DIGITS + 2];
    int exponent;
    if (!isfinite(value)) return strcpy(text, not_finite(value));
    const char *sign = signbit(value) ? "-" : "";
    if (value == 0) {
        snprintf(text, CER_REPR_BYTES, "%s0.0", sign);
        return text;
    }
    shortest(fabs(value), digit, &exponent);
    int n = (int)strlen(digit);
    if (exponent < -4 || exponent >= 16)
        snprintf(text, CER_REPR_BYTES, "%s%c%s%se%+03d", sign, digit[0], n > 1 ? "." : "", digit + 1, exponent);
    else if (exponent < 0)
        snprintf(text, CER_REPR_BYTES, "%s0.%.*s%s", sign, -exponent - 1, "000", digit);
    else if (n <= exponent + 1)
        snprintf(text, CER_REPR_BYTES, "%s%s%.*s.0", sign, digit, exponent + 1 - n, "0000000000000000");
    else
        snprintf(text, CER_REPR_BYTES, "%s%.*s.%s", sign, exponent + 1, digit, digit + exponent + 1);
    return text;
}

/* What fails is not a number, like torch_item(). */
const char *torch_repr(double value)
{
    if (cer_error_pending()) return "nan";
    char *text = cer_pool_string(CER_REPR_BYTES);
    return text ? cer_repr(value, text) : "nan";
}
