/* Is it UTF-8? */
#include "io/file.h"

bool cer_utf8(const char *text, size_t n)
{
    const uint8_t *s = (const uint8_t *)text;
    for (size_t i = 0; i < n;) {
        uint8_t c = s[i++];
        int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0x80 ? 1 : 0;
        if (c == 0 || (c >= 0x80 && c < 0xc2) || c > 0xf4 || n - i < (size_t)more) return false;
        uint32_t code = more == 3 ? c & 7u : more == 2 ? c & 15u : more == 1 ? c & 31u : c;
        for (int k = 0; k < more; k++, i++) {
            if ((s[i] & 0xc0) != 0x80) return false;
            code = code << 6 | (s[i] & 0x3fu);
        }
        if ((more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
            (more == 3 && (code < 0x10000 || code > 0x10ffff)))
            return false;
    }
    return true;
}
