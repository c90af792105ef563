/* What the random ops accept, and what PyTorch says of the rest. */
#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "core/impl.h"
#include "core/repr.h"
#include "ops/random_checks.h"

/* ---- what the dtypes hold ---------------------------------------------------------------------------------------- */

typedef struct TypeInfo {
    double max;       /* floating */
    int digits;       /* bits of an integer below its sign; of the significand */
    bool is_unsigned; /* also bool */
} TypeInfo;

static const TypeInfo types[] = {
    [torch_uint8] = {0, 8, true},
    [torch_int8] = {0, 7, false},
    [torch_int16] = {0, 15, false},
    [torch_int32] = {0, 31, false},
    [torch_int64] = {0, 63, false},
    [torch_float16] = {65504, 11, false},
    [torch_float32] = {FLT_MAX, 24, false},
    [torch_float64] = {DBL_MAX, 53, false},
    [torch_bool] = {0, 1, true},
    [torch_bfloat16] = {0x1.fep127, 8, false},
};

bool cer_not_implemented(const char *op, const char *kernel, const Tensor *t)
{
    return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", kernel, cer_type_name(t->dtype));
}

static bool out_of_bounds(const char *op, const char *what, const Tensor *t)
{
    return cer_raise(TORCH_RUNTIME_ERROR, op, "%s is out of bounds for %s", what, cer_cpp_name(t->dtype));
}

const char *cer_number_as(double value, cer_Number text) /* as C++ streams write it */
{
    cer_number_text(value, 'g', 6, text);
    return text;
}

/* ---- floating distributions -------------------------------------------------------------------------------------- */

bool cer_check_uniform(const char *op, const Tensor *t, double from, double to)
{
    const TypeInfo *type = &types[t->dtype];
    cer_Number a, b;
    if (!torch_dtype_is_floating_point((torch_dtype)t->dtype))
        return cer_not_implemented(op, "check_uniform_bounds", t);
    if (!(from >= -type->max && from <= type->max)) return out_of_bounds(op, "from", t);
    if (!(to >= -type->max && to <= type->max)) return out_of_bounds(op, "to", t);
    if (from > to)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "uniform_ expects to return a [from, to) range, but found from=%s > to=%s",
                         cer_number_as(from, a), cer_number_as(to, b));
    if (to - from > type->max)
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "uniform_ expects to-from <= std::numeric_limits<%s>::max(), but found to=%s and from=%s which "
            "result in to-from to exceed the limit",
            cer_type_name(t->dtype), cer_number_as(to, a), cer_number_as(from, b));
    return true;
}

bool cer_check_normal(const char *op, const Tensor *t, double std)
{
    cer_Number text;
    if (!(std >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, op, "normal expects std >= 0.0, but found std %s",
                         cer_number_as(std, text));
    return torch_dtype_is_floating_point((torch_dtype)t->dtype) || cer_not_implemented(op, "normal_kernel_cpu", t);
}

bool cer_check_bernoulli(const char *op, const Tensor *t, double p)
{
    cer_Number text;
    if (!(p >= 0 && p <= 1))
        return cer_raise(TORCH_RUNTIME_ERROR, op, "bernoulli_ expects p to be in [0, 1], but got p=%s",
                         cer_number_as(p, text));
    return t->dtype != torch_float16 || cer_not_implemented(op, "bernoulli_scalar_cpu_", t);
}

/* ---- integers ---------------------------------------------------------------------------------------------------- */

/* All sums wrap around, as the bounds may be the ends of int64. */
static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t through(const Tensor *t, int64_t value) /* to t's dtype and back */
{
    char element[8];
    cer_convert(element, (torch_dtype)t->dtype, &value, torch_int64, 1);
    cer_convert(&value, torch_int64, element, (torch_dtype)t->dtype, 1);
    return value;
}

static int64_t spacing(const Tensor *t, int64_t value) /* of the dtype's numbers around value */
{
    int bits = 0;
    for (uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value; v > 1; v >>= 1) bits++;
    int shift = bits - types[t->dtype].digits + 1;
    return shift > 0 ? (int64_t)(UINT64_C(1) << shift) : 1;
}

/* Where rounding would carry a bound outwards, the dtype's next number inwards takes its place. */
static int64_t fit_from(const Tensor *t, int64_t from)
{
    int64_t next = plus(from, 1), held = through(t, next);
    return held < from ? plus(held, spacing(t, next)) : from;
}

static int64_t fit_to(const Tensor *t, int64_t to)
{
    int64_t last = plus(to, -1), held = through(t, last);
    return held >= to ? plus(held, -spacing(t, last)) : to;
}

static bool check_bound(const char *op, const char *what, const Tensor *t, int64_t bound)
{
    const TypeInfo *type = &types[t->dtype];
    if (!torch_dtype_is_floating_point((torch_dtype)t->dtype)) {
        int64_t max = (int64_t)((UINT64_C(1) << type->digits) - 1), min = type->is_unsigned ? 0 : -max - 1;
        return (bound >= min && bound <= max) || out_of_bounds(op, what, t);
    }
    int64_t exact = INT64_C(1) << type->digits;
    if (fabs((double)bound) > type->max) return out_of_bounds(op, what, t);
    if (bound < -exact || bound > exact)
        torch_warn(
            "UserWarning",
            "%s is out of bounds [-(2^%d), 2^%d]. Due to precision limitations %s can support discrete "
            "uniform distribution only within this range. This warning will become an error in version 1.7 release, "
            "please fix the code in advance",
            what, type->digits, type->digits, cer_cpp_name(t->dtype));
    return true;
}

static bool bounded(const char *op, const Tensor *t, int64_t *from, int64_t to, int64_t *last)
{
    if (*from >= to)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "random_ expects 'from' to be less than 'to', but got from=%" PRId64 " >= to=%" PRId64, *from,
                         to);
    if (torch_dtype_is_floating_point((torch_dtype)t->dtype)) {
        *from = fit_from(t, *from);
        to = fit_to(t, to);
    }
    if (*from >= to)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but "
                         "got from=%" PRId64 " >= to=%" PRId64,
                         *from, to);
    *last = to - 1;
    return true;
}

static bool unbounded(const char *op, const Tensor *t, int64_t *from, int64_t *last)
{
    uint64_t values = UINT64_C(1) << types[t->dtype].digits;
    *last = (int64_t)(values - 1);
    if (!torch_dtype_is_floating_point((torch_dtype)t->dtype)) return true;
    *last = (int64_t)values; /* a significand of 24 bits holds 2^24 too */
    *from = fit_from(t, *from);
    return *from < *last ||
           cer_raise(TORCH_RUNTIME_ERROR, op,
                     "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to "
                     "dtype, but got from=%" PRId64 " > to_inc=%" PRId64,
                     *from, *last);
}

bool cer_check_integers(const char *op, const Tensor *t, int64_t *from, const int64_t *to, uint64_t *range)
{
    int64_t last = 0;
    if (to ? !bounded(op, t, from, *to, &last) : !unbounded(op, t, from, &last)) return false;
    *range = (uint64_t)last - (uint64_t)*from + 1;
    return check_bound(op, "from", t, *from) && check_bound(op, "to - 1", t, last);
}
