#!/usr/bin/python3
"""Takes every sample that PyTorch 1.13 keeps of its own ops (its op_db), calls Cerilla with it, and compares results and
gradients, in float32 and float64.

    /usr/bin/python3 tests/op_db/run.py BUILD_DIR [OP ...]        (needs python3-torch; ./dev op_db calls it)

calls.py writes each sample's call as a line of C; all lines are compiled into one library, and the tensors of a sample are
handed over without a copy (torch_from_blob). Prints a line per op, and ends with exit code 1 if something differs that
calls.py does not name as a difference."""
import ctypes
import math
import os
import subprocess
import sys
import tempfile
import types
import warnings

sys.modules.setdefault("expecttest", types.SimpleNamespace(TestCase=type("TestCase", (__import__("unittest").TestCase,), {}),
                                                           ACCEPT=False))
import torch  # noqa: E402
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

import calls  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DTYPES = {torch.uint8: 1, torch.int8: 2, torch.int16: 3, torch.int32: 4, torch.int64: 5, torch.float16: 6,
          torch.float32: 7, torch.float64: 8, torch.bool: 9, torch.bfloat16: 10}
TORCH = {number: dtype for dtype, number in DTYPES.items()}
MOST = 64  # outputs of a call
TOLERANCE = {torch.float32: 2e-5, torch.float64: 1e-9, torch.float16: 2e-3, torch.bfloat16: 1e-2}

# What Python says of arguments that a C compiler does not let pass, or of what does not exist here.
SIGNATURE = ("invalid combination of arguments", "descriptor '", "object has no attribute", "Caffe2", "dispatch", "unexpected keyword",
             "complex", "meta", "out=", "sparse", "quantized", "must be int, not float")

BRIDGE = r"""
#include <cerilla.h>
#include <math.h>
#include <string.h>
#define OUT %d
int op_db_grads(Tensor **out, Tensor **g, int64_t n, Tensor **in, int64_t m, Tensor **result)
{
    torch_GradArgs a = torch_GradArgs_defaults();
    a.outputs = out, a.n_outputs = n, a.grad_outputs = g, a.inputs = in, a.n_inputs = m, a.allow_unused = true;
    return torch_autograd_grad_args(result, &a);
}
"""


class Size(ctypes.Structure):
    _fields_ = [("ndim", ctypes.c_int64), ("dim", ctypes.c_int64 * 8)]


# ---- samples, as C ---------------------------------------------------------------------------------------------------

def is_ours(x):
    return isinstance(x, torch.Tensor) and x.dtype in DTYPES and x.dim() <= 8 and x.layout == torch.strided


class Call:
    """One sample: its tensors, and the C text that uses them as in[0], in[1], ..."""

    def __init__(self, op, sample, refused=False):
        self.op, self.sample, self.refused, self.tensors, self.text = op, sample, refused, [], None

    def __call__(self, value):
        """A Python argument as C."""
        if isinstance(value, torch.Tensor):
            if not is_ours(value):
                raise calls.Unsupported("a tensor that does not exist here: %s" % value.dtype)
            for k, t in enumerate(self.tensors):
                if t is value:
                    return "in[%d]" % k
            self.tensors.append(value)
            return "in[%d]" % (len(self.tensors) - 1)
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "(bool)%d" % value
        if isinstance(value, int):
            return "INT64_MIN" if value == -2 ** 63 else "INT64_C(%d)" % value
        if isinstance(value, float):
            return "(double)NAN" if math.isnan(value) else ("-" if value < 0 else "") + "(double)INFINITY" if math.isinf(value) \
                else repr(value)
        if isinstance(value, str):
            return '"%s"' % value
        if isinstance(value, torch.dtype):
            if value not in DTYPES:
                raise calls.Unsupported("dtype %s" % value)
            return "torch_" + str(value)[6:]
        if isinstance(value, complex):
            raise calls.Unsupported("a complex number")
        raise calls.Unsupported("argument %r" % (value,))


def collect(wanted):
    found, covered = [], {}
    for op in op_db:
        name = op.name.replace("nn.functional.", "F.")
        if (wanted and name not in wanted) or op.variant_test_name in calls.VARIANTS_LEFT_OUT.get(name, ()):
            continue
        write = calls.call_of(name)
        if not write:
            continue
        for dtype in (torch.float32, torch.float64):
            if dtype not in op.supported_dtypes("cpu"):
                dtype = torch.int64 if torch.int64 in op.supported_dtypes("cpu") and dtype == torch.float64 else dtype
                if dtype not in op.supported_dtypes("cpu"):
                    continue
            torch.manual_seed(0)
            grad = op.supports_autograd and dtype.is_floating_point
            samples = [Call(op, s) for s in op.sample_inputs("cpu", dtype, requires_grad=grad)]
            if op.error_inputs_func and dtype == torch.float32:
                samples += [Call(op, e.sample_input, refused=True) for e in op.error_inputs("cpu")]
            for call in samples:
                sample = call.sample
                try:
                    call.text = write(call, sample.input, *sample.args, **sample.kwargs)
                    calls.check_names(call.text)
                except Exception as e:
                    covered.setdefault(name, []).append(str(e))
                    continue
                found.append((name, dtype, call))
    return found, covered


def compile_calls(found, build):
    folder = tempfile.mkdtemp()
    source, library = os.path.join(folder, "calls.c"), os.path.join(folder, "calls.so")
    with open(source, "w") as f:
        f.write(BRIDGE % MOST)
        for k, (_, _, call) in enumerate(found):
            text = call.text if "out[" in call.text else "out[0] = " + call.text
            f.write("void op_db_%d(Tensor **in, Tensor **out) { (void)in; %s; }\n" % (k, text))
    command = ["cc", "-std=c11", "-O0", "-w", "-Werror=implicit-function-declaration", "-fmax-errors=0", "-shared", "-fPIC", "-I" + ROOT, source, "-o", library,
               os.path.join(build, "libcerilla.so"), "-Wl,-rpath," + os.path.abspath(build)]
    if subprocess.run(command).returncode:
        sys.exit("the calls do not compile: " + source)
    return ctypes.CDLL(library), ctypes.CDLL(os.path.join(build, "libcerilla.so"))


# ---- the other side of the border ----------------------------------------------------------------------------------------

class Cerilla:
    def __init__(self, calls_library, library):
        self.calls, self.lib = calls_library, library
        for name, result in (("torch_from_blob_n", ctypes.c_void_p), ("torch_requires_grad_", ctypes.c_void_p),
                             ("torch_error", ctypes.c_char_p), ("torch_shape", Size), ("torch_scope_push", ctypes.c_int64),
                             ("torch_requires_grad", ctypes.c_bool), ("torch_live_tensors", ctypes.c_int64)):
            getattr(library, name).restype = result
        library.torch_push_error_handler(library.torch_error_silent, None)
        library.torch_set_warning_handler(None)

    def tensor(self, t, grad=False):
        sizes, strides = (ctypes.c_int64 * 8)(*t.shape), (ctypes.c_int64 * 8)(*t.stride())
        x = self.lib.torch_from_blob_n(ctypes.c_void_p(t.data_ptr()), ctypes.c_int64(t.dim()), sizes, strides,
                                       DTYPES[t.dtype], None, None)
        if grad:
            self.lib.torch_requires_grad_(ctypes.c_void_p(x), ctypes.c_bool(True))
        return x

    def back(self, x):
        size = self.lib.torch_shape(ctypes.c_void_p(x))
        dtype = TORCH[self.lib.torch_dtype_of(ctypes.c_void_p(x))]
        t = torch.empty([size.dim[d] for d in range(size.ndim)], dtype=dtype)
        self.lib.torch_tolist_n(ctypes.c_void_p(x), ctypes.c_void_p(t.data_ptr()), DTYPES[dtype], ctypes.c_int64(t.numel()))
        return t

    def error(self):
        text = self.lib.torch_error()
        self.lib.torch_error_clear()
        return text.decode(errors="replace") if text else None

    def requires_grad(self, x):
        return self.lib.torch_requires_grad(ctypes.c_void_p(x))


def flat(result):
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, (list, tuple)):
        return [t for r in result for t in flat(r)]
    return []


def close(ours, theirs, factor):
    if ours.shape != theirs.shape:
        return "shape %s, PyTorch's is %s" % (list(ours.shape), list(theirs.shape))
    if ours.dtype != theirs.dtype:
        return "dtype %s, PyTorch's is %s" % (ours.dtype, theirs.dtype)
    if not theirs.dtype.is_floating_point:
        return None if torch.equal(ours, theirs) else "differs: %s, PyTorch has %s" % (ours.flatten()[:6].tolist(), theirs.flatten()[:6].tolist())
    tolerance = TOLERANCE[theirs.dtype] * factor
    finite = theirs[torch.isfinite(theirs)].abs()
    scale = float(finite.max()) if finite.numel() else 0.0
    if torch.allclose(ours, theirs, rtol=tolerance, atol=tolerance * min(max(scale, 1), 1e3), equal_nan=True):
        return None
    wrong = ~torch.isclose(ours, theirs, rtol=tolerance, atol=tolerance, equal_nan=True)
    return "%d of %d differ: %s, PyTorch has %s" % (int(wrong.sum()), wrong.numel(), ours[wrong][:4].tolist(), theirs[wrong][:4].tolist())


def theirs_of(name, call):
    """PyTorch's outputs and, for those that have one, the gradients of the tensors of the call."""
    sample = call.sample
    torch.manual_seed(42)  # as some of op_db's own wrappers do
    outputs = flat(call.op.op(sample.input, *sample.args, **sample.kwargs))
    return outputs[:1] if name in calls.ONLY_FIRST else outputs


def compare(c, k, name, call):
    if call.refused:
        return compare_refusal(c, k, name, call)
    outputs = theirs_of(name, call)
    if not all(is_ours(t) for t in outputs):
        raise calls.Unsupported("a result that does not exist here")
    leaves = [t for t in call.tensors]
    ins = (ctypes.c_void_p * max(len(leaves), 1))(*[c.tensor(t, t.requires_grad) for t in leaves])
    outs = (ctypes.c_void_p * MOST)()
    c.lib.torch_manual_seed(ctypes.c_int64(42))
    getattr(c.calls, "op_db_%d" % k)(ins, outs)
    error = c.error()
    if error:
        return "error: " + error
    n = sum(1 for x in outs if x)
    if n != len(outputs):
        return "%d outputs, PyTorch has %d" % (n, len(outputs))
    for i, t in enumerate(outputs):
        if i in calls.OUTPUTS_FREE.get(name, ()):
            continue
        different = close(c.back(outs[i]), t.detach(), calls.FACTOR.get(name, 1))
        if different:
            return "output %d: %s" % (i, different)
    return None if name in calls.NO_GRADIENT else compare_gradients(c, name, call, outputs, outs, ins)


def compare_refusal(c, k, name, call):
    try:
        theirs_of(name, call)
        return None
    except Exception as e:
        text = str(e)
    if any(words in text for words in SIGNATURE) or not all(map(is_ours, call.tensors)):
        return None
    ins = (ctypes.c_void_p * max(len(call.tensors), 1))(*[c.tensor(t, t.requires_grad) for t in call.tensors])
    outs = (ctypes.c_void_p * MOST)()
    getattr(c.calls, "op_db_%d" % k)(ins, outs)
    error = c.error()
    if error is None:
        return "no error; PyTorch says: " + text
    return None if error == text or name in calls.TEXT_FREE else "says: %s\n      PyTorch:  %s" % (error, text)


def compare_gradients(c, name, call, outputs, outs, ins):
    which = [i for i, t in enumerate(outputs) if t.requires_grad]
    wanted = [k for k, t in enumerate(call.tensors) if t.requires_grad]
    if not which or not wanted:
        return None
    for i in which:
        if not c.requires_grad(outs[i]):
            return "output %d has no history" % i
    torch.manual_seed(2)
    g = [torch.randn_like(outputs[i]) for i in which]
    theirs = torch.autograd.grad([outputs[i] for i in which], [call.tensors[k] for k in wanted], g, allow_unused=True)
    roots = (ctypes.c_void_p * len(which))(*[outs[i] for i in which])
    grads = (ctypes.c_void_p * len(which))(*[c.tensor(t) for t in g])
    inputs = (ctypes.c_void_p * len(wanted))(*[ins[k] for k in wanted])
    found = (ctypes.c_void_p * len(wanted))()
    c.calls.op_db_grads(roots, grads, ctypes.c_int64(len(which)), inputs, ctypes.c_int64(len(wanted)), found)
    error = c.error()
    if error:
        return "backward: " + error
    for k, (x, t) in enumerate(zip(found, theirs)):
        if x is None or t is None:
            present = t if t is not None else (c.back(x) if x is not None else None)
            if present is not None and bool(present.abs().sum() != 0):
                return "gradient %d: one of them is None" % k
            continue
        different = close(c.back(x), t, 10 * calls.FACTOR.get(name, 1))
        if different:
            return "gradient %d: %s" % (k, different)
    return None


# ---- the walk ------------------------------------------------------------------------------------------------------------

def main():
    build, wanted = sys.argv[1], sys.argv[2:]
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    nm = subprocess.run(["nm", "-D", "--defined-only", os.path.join(build, "libcerilla.so")], stdout=subprocess.PIPE, text=True)
    calls.EXPORTED |= {line.split()[-1] for line in nm.stdout.splitlines()}
    found, left_out = collect(wanted)
    c = Cerilla(*compile_calls(found, build))
    live, counts, failures = c.lib.torch_live_tensors(), {}, {}
    for k, (name, dtype, call) in enumerate(found):
        if os.environ.get("OP_DB_TRACE"):
            print(name, call.text, file=sys.stderr, flush=True)
        scope = c.lib.torch_scope_push()
        try:
            different = compare(c, k, name, call)
        except calls.Unsupported as e:
            left_out.setdefault(name, []).append(str(e))
            different = None
        except Exception as e:  # PyTorch itself refuses its sample
            left_out.setdefault(name, []).append("PyTorch: %s" % str(e).splitlines()[0])
            different = None
        c.lib.torch_scope_pop(ctypes.c_int64(scope))
        total, bad = counts.get(name, (0, 0))
        counts[name] = (total + 1, bad + bool(different))
        if different and name not in failures:
            failures[name] = "%s\n      %s" % (call.text, different)
    bad = 0
    for name in sorted(counts):
        total, wrong = counts[name]
        known = calls.DIFFERENCES.get(name)
        mark = "ok" if not wrong else "differs, known: " + known if known else "FAILS"
        bad += bool(wrong and not known)
        skipped = ", %d left out (%s)" % (len(left_out[name]), left_out[name][0]) if name in left_out else ""
        print("%-44s %5d samples, %4d differ  %s%s" % (name, total, wrong, mark, skipped))
        if wrong:
            print("      " + failures[name])
    if c.lib.torch_live_tensors() != live:
        print("%d tensors are left" % (c.lib.torch_live_tensors() - live))
        bad += 1
    print("%d ops, %d samples: %d passed, %d failed" % (len(counts), sum(t for t, _ in counts.values()), len(counts) - bad, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
