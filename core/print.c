/* Tensors as text, byte for byte as PyTorch writes them (torch/_tensor_str.py). Only elements that are shown are read. */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "impl.h"
#include "repr.h"
#include "text.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

enum { AUTOMATIC = 2 }; /* sci_mode */

static const torch_PrintOptions defaults = {sizeof defaults, 4, 1000, 3, 80, NULL, AUTOMATIC};
static torch_PrintOptions options = {sizeof options, 4, 1000, 3, 80, NULL, AUTOMATIC};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

torch_PrintOptions torch_PrintOptions_defaults(void)
{
    return (torch_PrintOptions){sizeof(torch_PrintOptions), -1, -1, -1, -1, NULL, -1};
}

static torch_PrintOptions current_options(void)
{
    pthread_mutex_lock(&lock);
    torch_PrintOptions o = options;
    pthread_mutex_unlock(&lock);
    return o;
}

/* A profile that is not known changes nothing, and sci_mode is set anew by every call: so it is in PyTorch. */
int torch_set_printoptions_args(const torch_PrintOptions *given)
{
    if (cer_error_pending()) return torch_error_code();
    if (!given)
        return torch_error_raise(TORCH_TYPE_ERROR, "set_printoptions", "set_printoptions(): the arguments are NULL");
    if (given->precision > CER_PRECISION_MAX)
        return torch_error_raise(TORCH_VALUE_ERROR, "set_printoptions", "precision too big");
    const char *profile = given->profile ? given->profile : "";
    bool full = strcmp(profile, "full") == 0, brief = strcmp(profile, "short") == 0;
    pthread_mutex_lock(&lock);
    if (full || brief || strcmp(profile, "default") == 0) options = defaults;
    if (full) options.threshold = INT64_MAX;
    if (brief) options.precision = options.edgeitems = 2;
    if (given->precision >= 0) options.precision = given->precision;
    if (given->threshold >= 0) options.threshold = given->threshold;
    if (given->edgeitems >= 0) options.edgeitems = given->edgeitems;
    if (given->linewidth >= 0) options.linewidth = given->linewidth;
    options.sci_mode = given->sci_mode == 0 || given->sci_mode == 1 ? given->sci_mode : AUTOMATIC;
    pthread_mutex_unlock(&lock);
    return TORCH_OK;
}

/* ---- which elements are shown ------------------------------------------------------------------------------------ */

typedef struct Printer {
    const Tensor *x;
    torch_PrintOptions o;
    bool summarize, floating;
    bool any, integral,
        scientific;           /* floating: is any number not zero and finite; are all of those whole; 1.0000e+00 */
    double smallest, largest; /* of those, without sign */
    int64_t width;
    cer_Text text;
} Printer;

static bool is_cut(const Printer *p, int64_t size)
{
    return p->summarize && (size - 1) / 2 >= p->o.edgeitems;
}

/* Where the second half of a cut dimension begins. With no edge items Python's x[-0:] is all of x. */
static int64_t tail_of(const Printer *p, int64_t size)
{
    return p->o.edgeitems ? size - p->o.edgeitems : 0;
}

typedef void (*Visit)(Printer *p, const char *element);

static void visit_shown(Printer *p, int64_t dim, const char *at, Visit visit)
{
    const Tensor *x = p->x;
    if (dim == x->ndim) {
        visit(p, at);
        return;
    }
    int64_t size = x->shape[dim], step = x->stride[dim] * (int64_t)torch_dtype_size((torch_dtype)x->dtype);
    bool cut = is_cut(p, size);
    for (int64_t i = 0; i < (cut ? p->o.edgeitems : size); i++) visit_shown(p, dim + 1, at + i * step, visit);
    for (int64_t i = cut ? tail_of(p, size) : size; i < size; i++) visit_shown(p, dim + 1, at + i * step, visit);
}

/* ---- one element ------------------------------------------------------------------------------------------------- */

static double as_double(const Printer *p, const char *element)
{
    double value;
    cer_convert(&value, torch_float64, element, (torch_dtype)p->x->dtype, 1);
    return value;
}

static int float_text(const Printer *p, double value, char *text)
{
    int precision = (int)p->o.precision;
    if (p->scientific) return cer_number_text(value, 'e', precision, text);
    int length = cer_number_text(value, 'f', p->integral ? 0 : precision, text);
    if (p->integral && isfinite(value)) memcpy(text + length++, ".", 2);
    return length;
}

static int element_text(const Printer *p, const char *element, char text[CER_NUMBER_BYTES])
{
    int64_t value;
    if (p->floating) return float_text(p, as_double(p, element), text);
    cer_convert(&value, torch_int64, element, (torch_dtype)p->x->dtype, 1);
    if (p->x->dtype == torch_bool) return snprintf(text, CER_NUMBER_BYTES, "%s", value ? "True" : "False");
    return snprintf(text, CER_NUMBER_BYTES, "%" PRId64, value);
}

static void measure(Printer *p, const char *element)
{
    double value = fabs(as_double(p, element));
    if (value == 0 || !isfinite(value)) return;
    if (value != ceil(value)) p->integral = false;
    if (!p->any || value < p->smallest) p->smallest = value;
    if (!p->any || value > p->largest) p->largest = value;
    p->any = true;
}

static void widen(Printer *p, const char *element)
{
    char text[CER_NUMBER_BYTES];
    if (p->floating) {
        double value = as_double(p, element);
        if (value == 0 || !isfinite(value)) return; /* these may be wider than the column */
    }
    int length = element_text(p, element, text);
    if (length > p->width) p->width = length;
}

/* How all elements will look. A forced sci_mode changes the text, not the width that was found without it. */
static void choose_format(Printer *p)
{
    p->integral = true;
    p->width = 1;
    if (p->floating) visit_shown(p, 0, p->x->data, measure);
    if (p->any)
        p->scientific =
            p->largest / p->smallest > 1000.0 || p->largest > 1.0e8 || (!p->integral && p->smallest < 1.0e-4);
    visit_shown(p, 0, p->x->data, widen);
    if (p->any && p->o.sci_mode != AUTOMATIC) p->scientific = p->o.sci_mode == 1;
}

/* ---- brackets and lines ------------------------------------------------------------------------------------------ */

static void spaces(Printer *p, int64_t n)
{
    cer_text_add(&p->text, "%*s", (int)n, "");
}

static void put_element(Printer *p, const char *element)
{
    char text[CER_NUMBER_BYTES];
    element_text(p, element, text);
    cer_text_add(&p->text, "%*s", (int)p->width, text);
}

/* What stands before item k of a row: nothing, ", ", or a new line when the row is full. */
static void separate(Printer *p, int64_t k, int64_t per_line, int64_t indent)
{
    if (k == 0) return;
    cer_text_add(&p->text, k % per_line ? ", " : ",\n");
    if (k % per_line == 0) spaces(p, indent + 1);
}

static void put_row(Printer *p, int64_t size, const char *at, int64_t step, int64_t indent)
{
    int64_t fit = (p->o.linewidth - indent) / (p->width + 2), per_line = fit < 1 ? 1 : fit, k = 0;
    bool cut = is_cut(p, size);
    for (int64_t i = 0; i < (cut ? p->o.edgeitems : size) && !p->text.failed; i++) {
        separate(p, k++, per_line, indent);
        put_element(p, at + i * step);
    }
    if (!cut) return;
    separate(p, k++, per_line, indent);
    cer_text_add(&p->text, " ...");
    for (int64_t i = tail_of(p, size); i < size && !p->text.failed; i++) {
        separate(p, k++, per_line, indent);
        put_element(p, at + i * step);
    }
}

static void put_dims(Printer *p, int64_t dim, const char *at, int64_t indent)
{
    const Tensor *x = p->x;
    if (x->ndim == 0) {
        put_element(p, at);
        return;
    }
    int64_t size = x->shape[dim], step = x->stride[dim] * (int64_t)torch_dtype_size((torch_dtype)x->dtype);
    bool cut = is_cut(p, size);
    cer_text_add(&p->text, "[");
    if (dim == x->ndim - 1)
        put_row(p, size, at, step, indent);
    else
        for (int64_t i = 0; i < size && !p->text.failed; i++) {
            if (i > 0)
                cer_text_add(&p->text, ",%.*s%*s", (int)(x->ndim - dim - 1), "\n\n\n\n\n\n\n\n", (int)indent + 1, "");
            if (cut && i == p->o.edgeitems) {
                cer_text_add(&p->text, "...");
                i = size - p->o.edgeitems - 1;
                continue;
            }
            put_dims(p, dim + 1, at + i * step, indent + 1);
        }
    cer_text_add(&p->text, "]");
}

/* ---- what stands behind: size, dtype, grad_fn -------------------------------------------------------------------- */

enum { INDENT = 7 }; /* of "tensor(" */

/* On the same line where it fits. *column counts as PyTorch does: two more than there are. */
static void add_suffix(Printer *p, const char *suffix, int64_t *column)
{
    int64_t length = (int64_t)strlen(suffix);
    bool fits = *column + length + 2 <= p->o.linewidth;
    *column = fits ? *column + length + 2 : INDENT + length;
    cer_text_add(&p->text, fits ? ", %s" : ",\n       %s", suffix);
}

static void add_suffixes(Printer *p, size_t begin)
{
    const Tensor *x = p->x;
    char suffix[256];
    if (p->text.failed) return;
    const char *newline = strrchr(p->text.text + begin, '\n'), *line = newline ? newline + 1 : p->text.text + begin;
    int64_t column = (int64_t)strlen(line) + 2;
    torch_dtype dtype = (torch_dtype)x->dtype;
    if (x->numel == 0 && x->ndim != 1) {
        char shape[224];
        cer_shape_text(x->ndim, x->shape, shape, sizeof shape);
        snprintf(suffix, sizeof suffix, "size=(%.*s)", (int)strlen(shape) - 2, shape + 1);
        add_suffix(p, suffix, &column);
    }
    if (dtype != torch_get_default_dtype() && (x->numel == 0 || (dtype != torch_int64 && dtype != torch_bool))) {
        snprintf(suffix, sizeof suffix, "dtype=%s", torch_dtype_str(dtype));
        add_suffix(p, suffix, &column);
    }
    const char *maker = torch_grad_fn(x);
    if (maker) {
        snprintf(suffix, sizeof suffix, "grad_fn=<%s>", strrchr(maker, ':') ? strrchr(maker, ':') + 1 : maker);
        add_suffix(p, suffix, &column);
    } else if (x->flags & CER_REQUIRES_GRAD) {
        add_suffix(p, "requires_grad=True", &column);
    }
}

/* ---- print(x) ---------------------------------------------------------------------------------------------------- */

static bool put_tensor(Printer *p)
{
    const Tensor *x = p->x;
    p->summarize = x->numel > p->o.threshold;
    p->floating = torch_dtype_is_floating_point((torch_dtype)x->dtype);
    if (p->summarize && p->o.edgeitems == 0 && x->ndim > 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "str", "stack expects a non-empty TensorList");
    if (x->flags & CER_PARAMETER) cer_text_add(&p->text, "Parameter containing:\n");
    size_t begin = p->text.length;
    cer_text_add(&p->text, "tensor(");
    if (x->numel) {
        choose_format(p);
        put_dims(p, 0, x->data, INDENT);
    } else {
        cer_text_add(&p->text, "[]");
    }
    add_suffixes(p, begin);
    cer_text_add(&p->text, ")");
    return true;
}

const char *torch_str(const Tensor *x)
{
    if (cer_error_pending()) return "";
    if (!x) return "None";
    if (!cer_usable(x, "str", 1)) return "";
    Printer p = {.x = x, .o = current_options()};
    const char *text = put_tensor(&p) ? cer_text_borrowed(&p.text) : NULL;
    return text ? text : "";
}

/* Nothing at all while an error is pending, or when it fails. */
void torch_print(const Tensor *x)
{
    torch_Context *c = cer_context();
    int64_t mark = c->pool.length;
    const char *text = torch_str(x);
    if (!c->code) puts(text);
    cer_pool_unwind(c, mark);
}

const char *torch_size_str(torch_Size size)
{
    char shape[256];
    if (cer_error_pending()) return "";
    if (size.ndim < 0 || size.ndim > TORCH_MAX_DIM) {
        torch_error_raise(TORCH_VALUE_ERROR, "size_str", "%" PRId64 " is no number of dimensions", size.ndim);
        return "";
    }
    cer_Text text = {0};
    cer_text_add(&text, "torch.Size(%s)", cer_shape_text(size.ndim, size.dim, shape, sizeof shape));
    const char *s = cer_text_borrowed(&text);
    return s ? s : "";
}
