/* The pickle machine: the opcodes that data needs. Every other one is refused by its number. */
#include <string.h>

#include "io/pickle.h"

static bool grow(cer_Pickle *p, cer_Value ***array, size_t *capacity, size_t needed)
{
    if (needed <= *capacity) return true;
    size_t wider = *capacity ? *capacity * 2 : 64;
    if (wider < needed) wider = needed;
    if (wider > CER_PICKLE_MOST / sizeof **array) return cer_pickle_too_large(p);
    cer_Value **moved = cer_grow(*array, *capacity * sizeof **array, wider * sizeof **array);
    if (!moved) return cer_raise_memory(p->op, (double)wider * sizeof *moved);
    memset(moved + *capacity, 0, (wider - *capacity) * sizeof *moved);
    *array = moved;
    *capacity = wider;
    return true;
}

/* ---- the stack: NULL is a mark ----------------------------------------------------------------------------------- */

static bool broken(const cer_Pickle *p, const char *what)
{
    return cer_raise(TORCH_RUNTIME_ERROR, p->op, "pickle: %s", what);
}

static bool push(cer_Pickle *p, cer_Value *v)
{
    if (!v || !grow(p, &p->stack, &p->stack_capacity, p->depth + 1)) return false;
    p->stack[p->depth++] = v;
    return true;
}

static bool mark(cer_Pickle *p)
{
    if (!grow(p, &p->stack, &p->stack_capacity, p->depth + 1)) return false;
    p->stack[p->depth++] = NULL;
    return true;
}

static cer_Value *pop(cer_Pickle *p)
{
    cer_Value *v = p->depth ? p->stack[p->depth - 1] : NULL;
    if (!v) return broken(p, "unexpected MARK or empty stack"), NULL;
    p->depth--;
    return v;
}

static cer_Value *top(cer_Pickle *p)
{
    cer_Value *v = pop(p);
    if (v) p->depth++;
    return v;
}

/* The mark's place; what stands from there on are the items. */
static bool find_mark(cer_Pickle *p, size_t *from)
{
    *from = p->depth;
    while (*from && p->stack[*from - 1]) --*from;
    return *from ? true : broken(p, "could not find MARK");
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const uint8_t *take(cer_Pickle *p, uint64_t n)
{
    if (n > (uint64_t)(p->end - p->at)) return cer_raise(TORCH_RUNTIME_ERROR, p->op, "Ran out of input"), NULL;
    const uint8_t *at = p->at;
    p->at += n;
    return at;
}

static bool count(cer_Pickle *p, int bytes, uint64_t *n)
{
    const uint8_t *at = take(p, (uint64_t)bytes);
    if (at) *n = cer_little(at, bytes);
    return at != NULL;
}

static bool push_int(cer_Pickle *p, cer_ValueKind kind, int64_t i)
{
    cer_Value *v = cer_pickle_new(p, kind);
    if (v) v->as.i = i;
    return push(p, v);
}

static bool read_int(cer_Pickle *p, int bytes) /* BININT is signed, the shorter ones are not */
{
    uint64_t n;
    if (!count(p, bytes, &n)) return false;
    return push_int(p, CER_VALUE_INT, bytes == 4 ? (int64_t)(int32_t)(uint32_t)n : (int64_t)n);
}

static bool read_long(cer_Pickle *p)
{
    uint64_t n;
    const uint8_t *at = count(p, 1, &n) ? take(p, n) : NULL;
    if (!at) return false;
    if (n > 8) return broken(p, "an integer does not fit into 64 bits");
    uint64_t v = cer_little(at, (int)n);
    if (n && n < 8 && at[n - 1] & 0x80) v |= ~(uint64_t)0 << (8 * n);
    return push_int(p, CER_VALUE_INT, (int64_t)v);
}

static bool read_float(cer_Pickle *p) /* big-endian */
{
    const uint8_t *at = take(p, 8);
    cer_Value *v = at ? cer_pickle_new(p, CER_VALUE_FLOAT) : NULL;
    if (!v) return false;
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | at[i];
    memcpy(&v->as.d, &bits, sizeof bits);
    return push(p, v);
}

static bool read_text(cer_Pickle *p, int bytes, bool unicode)
{
    uint64_t n;
    const char *at = count(p, bytes, &n) ? (const char *)take(p, n) : NULL;
    cer_Value *v = at ? cer_pickle_new(p, CER_VALUE_TEXT) : NULL;
    if (!v) return false;
    if (unicode && !cer_utf8(at, (size_t)n)) return broken(p, "'utf-8' codec can't decode a string");
    v->as.text.at = at;
    v->as.text.n = (size_t)n;
    return push(p, v);
}

static bool read_line(cer_Pickle *p, const char **line, size_t *n)
{
    const uint8_t *end = memchr(p->at, '\n', (size_t)(p->end - p->at));
    if (!end) return cer_raise(TORCH_RUNTIME_ERROR, p->op, "Ran out of input");
    *line = (const char *)p->at;
    *n = (size_t)(end - p->at);
    p->at = end + 1;
    return true;
}

static bool read_global(cer_Pickle *p)
{
    const char *module, *name;
    size_t n, n_name;
    return read_line(p, &module, &n) && read_line(p, &name, &n_name) &&
           push(p, cer_rebuild_global(p, module, n, name, n_name));
}

static bool stack_global(cer_Pickle *p)
{
    const cer_Value *name = pop(p), *module = name ? pop(p) : NULL;
    if (!module) return false;
    if (name->kind != CER_VALUE_TEXT || module->kind != CER_VALUE_TEXT) return broken(p, "STACK_GLOBAL requires str");
    return push(p, cer_rebuild_global(p, module->as.text.at, module->as.text.n, name->as.text.at, name->as.text.n));
}

/* ---- containers -------------------------------------------------------------------------------------------------- */

static bool make_tuple(cer_Pickle *p, size_t from, size_t drop)
{
    cer_Value *tuple = cer_pickle_new(p, CER_VALUE_TUPLE);
    for (size_t i = from; tuple && i < p->depth; i++)
        if (!p->stack[i] || !cer_value_add(p, tuple, p->stack[i]))
            return cer_error_pending() ? false : broken(p, "unexpected MARK");
    p->depth = from - drop;
    return push(p, tuple);
}

static bool short_tuple(cer_Pickle *p, size_t n)
{
    return p->depth >= n ? make_tuple(p, p->depth - n, 0) : broken(p, "unexpected MARK or empty stack");
}

static bool marked_tuple(cer_Pickle *p)
{
    size_t from;
    return find_mark(p, &from) && make_tuple(p, from, 1);
}

/* Items from that place of the stack on go into the list or dict before it. */
static bool extend(cer_Pickle *p, size_t from, size_t drop, cer_ValueKind kind)
{
    size_t n = p->depth - from;
    if (from < drop + 1 || !p->stack[from - drop - 1] || p->stack[from - drop - 1]->kind != kind)
        return broken(p, kind == CER_VALUE_DICT ? "Can only set items of dicts" : "Can only append to lists");
    if (kind == CER_VALUE_DICT && n % 2) return broken(p, "odd number of items for SETITEMS");
    cer_Value *into = p->stack[from - drop - 1];
    for (size_t i = from; i < p->depth; i++)
        if (!p->stack[i] || !cer_value_add(p, into, p->stack[i]))
            return cer_error_pending() ? false : broken(p, "unexpected MARK");
    p->depth = from - drop;
    return true;
}

static bool extend_some(cer_Pickle *p, size_t n, cer_ValueKind kind)
{
    return p->depth > n ? extend(p, p->depth - n, 0, kind) : broken(p, "unexpected MARK or empty stack");
}

static bool extend_marked(cer_Pickle *p, cer_ValueKind kind)
{
    size_t from;
    return find_mark(p, &from) && extend(p, from, 1, kind);
}

/* ---- memo, calls ------------------------------------------------------------------------------------------------- */

static bool put(cer_Pickle *p, uint64_t i)
{
    cer_Value *v = top(p);
    if (!v) return false;
    if (i > p->puts++ + (1 << 16)) return broken(p, "memo index out of range"); /* they count up, but for gaps */
    if (!grow(p, &p->memo, &p->memo_capacity, (size_t)i + 1)) return false;
    p->memo[i] = v;
    if (i >= p->memo_length) p->memo_length = (size_t)i + 1;
    return true;
}

static bool read_put(cer_Pickle *p, int bytes)
{
    uint64_t i;
    return count(p, bytes, &i) && put(p, i);
}

static bool read_get(cer_Pickle *p, int bytes)
{
    uint64_t i;
    if (!count(p, bytes, &i)) return false;
    if (i < p->memo_length && p->memo[i]) return push(p, p->memo[i]);
    return cer_raise(TORCH_RUNTIME_ERROR, p->op, "Memo value not found at index %llu", (unsigned long long)i);
}

static bool call(cer_Pickle *p)
{
    const cer_Value *arguments = pop(p), *function = arguments ? pop(p) : NULL;
    if (!function) return false;
    if (arguments->kind != CER_VALUE_TUPLE) return broken(p, "the arguments of REDUCE are not a tuple");
    return push(p, cer_rebuild_call(p, function, arguments));
}

/* Attributes of an OrderedDict, such as _metadata: nothing that a dictionary of tensors keeps. */
static bool build(cer_Pickle *p)
{
    const cer_Value *state = pop(p), *of = state ? top(p) : NULL;
    if (!of) return false;
    return of->kind == CER_VALUE_DICT || broken(p, "Can only build Tensor, parameter or dict objects");
}

static bool persistent(cer_Pickle *p)
{
    const cer_Value *id = pop(p);
    return id && push(p, cer_rebuild_storage(p, id));
}

static bool step(cer_Pickle *p, uint8_t opcode)
{
    uint64_t n;
    switch (opcode) {
    case 0x80: return take(p, 1) != NULL;                        /* PROTO */
    case 0x95: return count(p, 8, &n);                           /* FRAME */
    case 'c': return read_global(p);                             /* GLOBAL */
    case 0x93: return stack_global(p);                           /* STACK_GLOBAL */
    case 'R': return call(p);                                    /* REDUCE */
    case 0x81: return call(p);                                   /* NEWOBJ */
    case 'b': return build(p);                                   /* BUILD */
    case 'Q': return persistent(p);                              /* BINPERSID */
    case '(': return mark(p);                                    /* MARK */
    case ')': return short_tuple(p, 0);                          /* EMPTY_TUPLE */
    case 0x85: return short_tuple(p, 1);                         /* TUPLE1 */
    case 0x86: return short_tuple(p, 2);                         /* TUPLE2 */
    case 0x87: return short_tuple(p, 3);                         /* TUPLE3 */
    case 't': return marked_tuple(p);                            /* TUPLE */
    case '}': return push(p, cer_pickle_new(p, CER_VALUE_DICT)); /* EMPTY_DICT */
    case ']': return push(p, cer_pickle_new(p, CER_VALUE_LIST)); /* EMPTY_LIST */
    case 's': return extend_some(p, 2, CER_VALUE_DICT);          /* SETITEM */
    case 'u': return extend_marked(p, CER_VALUE_DICT);           /* SETITEMS */
    case 'a': return extend_some(p, 1, CER_VALUE_LIST);          /* APPEND */
    case 'e': return extend_marked(p, CER_VALUE_LIST);           /* APPENDS */
    case 'N': return push(p, cer_pickle_new(p, CER_VALUE_NONE)); /* NONE */
    case 0x88: return push_int(p, CER_VALUE_BOOL, 1);            /* NEWTRUE */
    case 0x89: return push_int(p, CER_VALUE_BOOL, 0);            /* NEWFALSE */
    case 'K': return read_int(p, 1);                             /* BININT1 */
    case 'M': return read_int(p, 2);                             /* BININT2 */
    case 'J': return read_int(p, 4);                             /* BININT */
    case 0x8a: return read_long(p);                              /* LONG1 */
    case 'G': return read_float(p);                              /* BINFLOAT */
    case 'X': return read_text(p, 4, true);                      /* BINUNICODE */
    case 0x8c: return read_text(p, 1, true);                     /* SHORT_BINUNICODE */
    case 0x8d: return read_text(p, 8, true);                     /* BINUNICODE8 */
    case 'U': return read_text(p, 1, false);                     /* SHORT_BINSTRING */
    case 'T': return read_text(p, 4, false);                     /* BINSTRING */
    case 'q': return read_put(p, 1);                             /* BINPUT */
    case 'r': return read_put(p, 4);                             /* LONG_BINPUT */
    case 0x94: return put(p, p->memo_length);                    /* MEMOIZE */
    case 'h': return read_get(p, 1);                             /* BINGET */
    case 'j': return read_get(p, 4);                             /* LONG_BINGET */
    default: return cer_raise(TORCH_RUNTIME_ERROR, p->op, "Unsupported operand %d", opcode);
    }
}

cer_Value *cer_pickle_run(cer_Pickle *p)
{
    const uint8_t *opcode;
    p->depth = p->memo_length = p->puts = 0;
    if (p->memo) memset(p->memo, 0, p->memo_capacity * sizeof *p->memo);
    while ((opcode = take(p, 1)) && *opcode != '.')
        if (!step(p, *opcode)) return NULL;
    return opcode ? pop(p) : NULL;
}
