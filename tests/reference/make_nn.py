#!/usr/bin/python3
"""Writes numbers.inc and texts.inc in tests/nn and tests/optim: what PyTorch 1.13.1 computes, prints and complains about.

Run with Debian 12's python3-torch:  /usr/bin/python3 tests/reference/make_nn.py
"""
import os
import warnings
from collections import OrderedDict

import torch
from torch import nn, optim

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
HEADER = "/* Made by tests/reference/make_nn.py with PyTorch %s. */\n" % torch.__version__.split("+")[0]


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


def flat(*tensors):
    return [v for t in tensors for v in t.detach().double().reshape(-1).tolist()]


def array(name, values, kind="double"):
    text = ", ".join(float(v).hex() for v in values) or "0"
    lines, line = [], ""
    for item in text.split(", "):
        if len(line) + len(item) > 110:
            lines.append(line)
            line = ""
        line += item + ", "
    lines.append(line)
    return "static const %s %s[] = {\n    %s};\n" % (kind, name, "\n    ".join(l.rstrip() for l in lines))


def values(n, seed):
    """n numbers in [-2, 2) that float32 holds exactly."""
    g = torch.Generator().manual_seed(seed)
    return ((torch.rand(n, generator=g) - 0.5) * 4).tolist()


# ---- initial weights ------------------------------------------------------------------------------------------------------
LINEAR = ["nn.Linear(2, 3)", "nn.Linear(1, 1)", "nn.Linear(5, 1)", "nn.Linear(7, 40)", "nn.Linear(3, 2, bias=False)",
          "nn.Linear(10, 6, dtype=torch.float64)", "nn.Linear(0, 2)"]


def c_call(python):
    return python.replace("nn.", "nn_", 1).replace("torch.float64", "torch_float64").replace("True", "true").replace("False", "false") \
        .replace("'", '"').replace("bias=", ".bias = ").replace("dtype=", ".dtype = ").replace("batch_first=", ".batch_first = ") \
        .replace("bidirectional=", ".bidirectional = ").replace("nonlinearity=", ".nonlinearity = ").replace("num_layers=", ".num_layers = ")


def linear():
    out = ""
    for i, code in enumerate(LINEAR):
        torch.manual_seed(11 + i)
        m = eval(code)
        out += array("linear_%d" % i, flat(*m.parameters()))
    out += "#define LINEARS(CASE) \\\n"
    out += " \\\n".join("    CASE(%d, %d, %s)" % (i, 11 + i, c_call(code)) for i, code in enumerate(LINEAR)) + "\n"
    return out


# ---- RNN: weights, outputs, gradients -------------------------------------------------------------------------------------
RNN = [  # constructor, shape of x, shape of h_0
    ("nn.RNN(1, 5, batch_first=True)", (10, 1, 1), (1, 10, 5)),
    ("nn.RNN(3, 4)", (6, 2, 3), None),
    ("nn.RNN(3, 4, bias=False)", (6, 2, 3), (1, 2, 4)),
    ("nn.RNN(3, 4, nonlinearity='relu')", (5, 3, 3), (1, 3, 4)),
    ("nn.RNN(2, 3, 2)", (4, 3, 2), (2, 3, 3)),
    ("nn.RNN(2, 3, 3, batch_first=True)", (3, 4, 2), None),
    ("nn.RNN(2, 3, bidirectional=True)", (5, 2, 2), (2, 2, 3)),
    ("nn.RNN(2, 3, 2, bidirectional=True, batch_first=True)", (2, 5, 2), None),
    ("nn.RNN(2, 3, 2, bidirectional=True, nonlinearity='relu', bias=False)", (5, 2, 2), (4, 2, 3)),
    ("nn.RNN(2, 3)", (6, 2), None),
    ("nn.RNN(2, 3, batch_first=True)", (6, 2), (1, 3)),
    ("nn.RNN(2, 3, bidirectional=True)", (23, 1, 2), None),
    ("nn.RNN(2, 3)", (19, 2, 2), (1, 2, 3)),
    ("nn.RNN(2, 3, 2, dtype=torch.float64)", (4, 2, 2), None),
]


def rnn():
    out, rows = "", []
    for i, (code, x_shape, h_shape) in enumerate(RNN):
        torch.manual_seed(100 + i)
        m = eval(code)
        weights = flat(*m.parameters())
        dtype = next(m.parameters()).dtype
        size = lambda s: int(torch.tensor(s).prod()) if s else 0
        x = torch.tensor(values(size(x_shape), 200 + i), dtype=dtype).view(x_shape).requires_grad_()
        h = torch.tensor(values(size(h_shape), 300 + i), dtype=dtype).view(h_shape).requires_grad_() if h_shape else None
        y, hn = m(x, h)
        cy = torch.tensor(values(y.numel(), 400 + i), dtype=dtype).view(y.shape)
        ch = torch.tensor(values(hn.numel(), 500 + i), dtype=dtype).view(hn.shape)
        ((y * cy).sum() + (hn * ch).sum()).backward()
        grads = [x.grad] + ([h.grad] if h is not None else []) + [p.grad for p in m.parameters()]
        for name, data in [("weights", weights), ("x", flat(x)), ("h", flat(h) if h is not None else []), ("y", flat(y)), ("hn", flat(hn)),
                           ("cy", flat(cy)), ("ch", flat(ch)), ("grads", flat(*grads))]:
            out += array("rnn_%d_%s" % (i, name), data)
        shape = lambda s: "SHAPE(%d, %s)" % (len(s), ", ".join(map(str, s))) if s else "SHAPE(0, 0)"
        rows.append("    CASE(%d, %d, %s, %s, %s, \"%s\", \"%s\", %s)" % (
            i, 100 + i, shape(x_shape), shape(h_shape), shape(tuple(y.shape)), type(y.grad_fn).__name__, type(hn.grad_fn).__name__, c_call(code)))
    return out + "#define RNNS(CASE) \\\n" + " \\\n".join(rows) + "\n"


def double_backward():
    torch.manual_seed(77)
    m = nn.RNN(2, 3, 2, dtype=torch.float64)
    x = torch.tensor(values(12, 78), dtype=torch.float64).view(3, 2, 2).requires_grad_()
    y, hn = m(x)
    g, = torch.autograd.grad((y * y).sum() + hn.sum(), x, create_graph=True)
    (g * g).sum().backward()
    return array("double_x", flat(x)) + array("double_first", flat(g)) + array("double_second", flat(x.grad, *[p.grad for p in m.parameters()]))


def dropout():
    """Between the layers, in training mode: PyTorch's draws."""
    torch.manual_seed(9)
    m = nn.RNN(2, 3, 3, dropout=0.5)
    x = torch.tensor(values(40, 10)).view(10, 2, 2)
    trained, _ = m(x)
    m.eval()
    evaluated, _ = m(x)
    torch.manual_seed(5)
    d = nn.Dropout(0.3)(torch.ones(20))
    return array("dropout_x", flat(x)) + array("dropout_train", flat(trained)) + array("dropout_eval", flat(evaluated)) + array("dropout_ones", flat(d))


def mse():
    out = array("mse_input", values(6, 1)) + array("mse_target", values(6, 2))
    for reduction in ("mean", "sum", "none"):
        a = torch.tensor(values(6, 1)).requires_grad_()
        loss = nn.MSELoss(reduction=reduction)(a, torch.tensor(values(6, 2)))
        loss.sum().backward()
        out += array("mse_%s" % reduction, flat(loss)) + array("mse_%s_grad" % reduction, flat(a.grad))
    return out


# ---- texts ------------------------------------------------------------------------------------------------------------------
class SimpleRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)


class Noted(nn.Module):
    def __init__(self, note, child):
        super().__init__()
        self.note = note
        if child:
            self.child = nn.Sequential(nn.ReLU(), nn.Identity())

    def extra_repr(self):
        return self.note


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("scale", nn.Parameter(torch.ones(2)))
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("hidden", torch.zeros(1), persistent=False)
        self.a = nn.Linear(2, 3)
        self.layers = nn.ModuleList([nn.Linear(3, 1, bias=False), nn.RNN(1, 2)])
        self.again = self.a


PRINTS = ["nn.Linear(2, 3)", "nn.Linear(2, 3, bias=False)", "nn.RNN(1, 32, batch_first=True)", "nn.RNN(2, 3, 2, bias=False)",
          "nn.RNN(5, 8, 3, dropout=0.1, bidirectional=True)", "nn.MSELoss()", "nn.ReLU()", "nn.ReLU(True)", "nn.Tanh()", "nn.Sigmoid()", "nn.Identity()",
          "nn.Dropout(0.2)", "nn.Dropout()", "nn.Flatten()", "nn.Flatten(0, -2)", "nn.Sequential()", "nn.ModuleList()",
          "nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 3), nn.Tanh()))",
          "nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])", "nn.Sequential(None)", "SimpleRNN()", "Two()",
          "Noted('a=1', False)", "Noted('a=1', True)", "Noted('a=1\\nb=2', False)", "Noted('', True)"]

r = nn.RNN(1, 5, batch_first=True)
lin = nn.Linear(2, 3)
NN_ERRORS = [
    "nn.Linear()", "nn.Linear(2)", "nn.Linear(-1, 2)", "nn.Linear(2, 2, dtype=torch.int64)", "nn.RNN()", "nn.RNN(1)", "nn.RNN(1, 0)", "nn.RNN(1, -2)",
    "nn.RNN(-1, 2)", "nn.RNN(1, 2, 0)", "nn.RNN(1, 2, -1)", "nn.RNN(1, 2, dropout=2)", "nn.RNN(1, 2, dropout=-0.1)", "nn.RNN(1, 2, nonlinearity='foo')",
    "r(torch.zeros(3))", "r(torch.zeros(()))", "r(torch.zeros(2, 3, 4, 1))", "r(torch.zeros(10, 1, 2))", "r(torch.zeros(10, 1, 1), torch.zeros(1, 10, 4))",
    "r(torch.zeros(10, 1, 1), torch.zeros(1, 9, 5))", "r(torch.zeros(10, 1, 1), torch.zeros(10, 5))", "r(torch.zeros(10, 1), torch.zeros(1, 10, 5))",
    "r(torch.zeros(10, 1), torch.zeros(2, 5))", "r(torch.zeros(10, 0, 1))", "r(torch.zeros(10, 1, 1, dtype=torch.int64))",
    "r(torch.zeros(10, 1, 1), torch.zeros(1, 10, 5, dtype=torch.float64))", "r()", "r(torch.zeros(10, 1, 1), None, None)", "lin()",
    "lin(torch.zeros(2), torch.zeros(2))", "lin(torch.zeros(4, 3))", "lin(None)", "nn.MSELoss()()", "nn.MSELoss()(torch.zeros(2))",
    "nn.MSELoss()(torch.zeros(2), torch.zeros(3))", "nn.MSELoss(reduction='foo')(torch.zeros(2), torch.zeros(2))", "SimpleRNN()(torch.zeros(1))",
    "nn.ModuleList([nn.Linear(1, 1)])[3]", "nn.ModuleList([nn.Linear(1, 1)])[-2]", "nn.Sequential(None)(torch.zeros(1))", "nn.Dropout(-1.)", "nn.Dropout(1.5)",
    "lin.to(torch.int64)", "lin.register_parameter('a.b', None)", "lin.register_parameter('', None)", "lin.register_parameter('w2', torch.zeros(1))",
    "lin.register_buffer('weight', torch.zeros(1))", "nn.Parameter(torch.tensor(3))", "lin.add_module('x.y', None)", "lin.add_module('', None)",
    "lin.add_module('weight', nn.Linear(1, 1))", "lin.get_submodule('foo')", "lin.get_parameter('foo')",
    "lin.load_state_dict({'weight': torch.zeros(3, 3), 'foo': torch.zeros(1), 'foo.bar': torch.zeros(1)})",
    "lin.load_state_dict({'weight': torch.zeros(3), 'foo': torch.zeros(1)}, strict=False)", "lin.load_state_dict({})",
    "Two().load_state_dict({'a.weight': torch.zeros(3, 2), 'a.weight.x': torch.zeros(1), 'a.y': torch.zeros(1), 'layers': torch.zeros(1), "
    "'layers.2.z': torch.zeros(1), 'hidden': torch.zeros(1), 'layers.1.bias_ih_l0': torch.zeros(())})"]
NN_WARNINGS = ["nn.RNN(1, 2, dropout=0.5)", "nn.Linear(0, 2)", "nn.MSELoss()(torch.zeros(10, 1), torch.zeros(10, 1, 1))"]
OPTIM_ERRORS = [
    "optim.SGD(lin.parameters())", "optim.SGD(lin.parameters(), lr=-1.)", "optim.SGD(lin.parameters(), lr=.1, momentum=-.5)",
    "optim.SGD(lin.parameters(), lr=.1, weight_decay=-.5)", "optim.SGD(lin.parameters(), lr=.1, nesterov=True)",
    "optim.SGD(lin.parameters(), lr=.1, nesterov=True, momentum=.9, dampening=.1)", "optim.SGD([], lr=.1)", "optim.SGD([lin.weight * 2], lr=.1)",
    "optim.SGD([None], lr=.1)", "optim.SGD([lin.weight], lr=.1).add_param_group({'params': [lin.weight]})", "optim.SGD([lin.weight], lr=.1).param_groups[0]['x']",
    "optim.SGD([lin.weight], lr=.1).param_groups[3]",
    "optim.SGD([lin.weight], lr=.1).load_state_dict({'state': {}, 'param_groups': []})",
    "optim.SGD([lin.weight], lr=.1).load_state_dict({'state': {}, 'param_groups': [{'params': [0, 1]}]})"]
OPTIM_WARNINGS = ["optim.SGD([lin.weight, lin.weight], lr=.1)"]


def told(code):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            eval(code)
        except Exception as e:
            return type(e).__name__, str(e.args[0]) if isinstance(e, KeyError) and " " in e.args[0] else str(e)
        return "UserWarning", str(heard[0].message)


def texts(errors, prints=()):
    code = {"AttributeError": "TORCH_KEY_ERROR", "RuntimeError": "TORCH_RUNTIME_ERROR", "TypeError": "TORCH_TYPE_ERROR", "ValueError": "TORCH_VALUE_ERROR",
            "IndexError": "TORCH_INDEX_ERROR", "KeyError": "TORCH_KEY_ERROR", "NotImplementedError": "TORCH_NOT_IMPLEMENTED_ERROR", "UserWarning": "TORCH_OK"}
    rows = [(c, code[told(c)[0]], told(c)[1]) for c in errors] + [(c, "TORCH_OK", repr(eval(c))) for c in prints]
    return "static const Said said[] = {\n" + "".join("    {%s, %s,\n     %s},\n" % (quoted(c), k, quoted(t)) for c, k, t in rows) + "};\n"


def names():
    out = ""
    for name, keys in [("parameters", [n for n, _ in Two().named_parameters()]), ("buffers", [n for n, _ in Two().named_buffers()]),
                       ("modules", [n for n, _ in Two().named_modules()]), ("children", [n for n, _ in Two().named_children()]), ("state", list(Two().state_dict()))]:
        out += "static const char *const two_%s[] = {%s, NULL};\n" % (name, ", ".join(map(quoted, keys)))
    return out


# ---- SGD ----------------------------------------------------------------------------------------------------------------------
SGD = ["lr=0.1", "lr=0.01, momentum=0.9", "lr=0.01, momentum=0.9, dampening=0.3", "lr=0.01, weight_decay=0.05", "lr=0.02, momentum=0.8, nesterov=True",
       "lr=0.02, maximize=True", "lr=0.03, momentum=0.7, dampening=0.1, weight_decay=0.02, maximize=True",
       "lr=0.013, momentum=0.95, weight_decay=0.001, nesterov=True", "lr=0.013, momentum=0.95, weight_decay=0.001, nesterov=True, maximize=True"]
STEPS, N = 20, 35


def sgd():
    out = "enum { STEPS = %d, ELEMENTS = %d };\n" % (STEPS, N) + array("sgd_start", values(N, 1)) + array("sgd_grads", values(N * STEPS, 2))
    rows = []
    for i, options in enumerate(SGD):
        for dtype in ("float32", "float64", "float16", "bfloat16"):
            p = torch.tensor(values(N, 1)).to(getattr(torch, dtype)).requires_grad_()
            o = eval("optim.SGD([p], %s)" % options)
            for k in range(STEPS):
                p.grad = torch.tensor(values(N * STEPS, 2)[k * N:(k + 1) * N]).to(p.dtype)
                o.step()
            out += array("sgd_%d_%s" % (i, dtype), flat(p))
            rows.append("    CASE(%d, %s, %s)" % (i, dtype, ", ".join("." + s.strip() for s in options.replace("True", "true").replace("=", " = ").split(","))))
    return out + "#define SGDS(CASE) \\\n" + " \\\n".join(rows) + "\n"


def groups():
    a, b = torch.zeros(2).requires_grad_(), torch.ones(1).requires_grad_()
    o = optim.SGD([a], lr=0.01, momentum=0.9)
    o.add_param_group({"params": [b], "lr": 0.5, "nesterov": True})
    return "static const char groups_print[] =\n    %s;\n" % quoted(repr(o))


def write(name, *parts):
    with open(os.path.join(here, name), "w") as f:
        f.write(HEADER + "".join(parts))


write("nn/numbers.inc", linear(), rnn(), double_backward(), dropout(), mse())
write("nn/texts.inc", names(), texts(NN_ERRORS + NN_WARNINGS, PRINTS))
write("optim/numbers.inc", sgd())
write("optim/texts.inc", groups(), texts(OPTIM_ERRORS + OPTIM_WARNINGS,
                                         ["optim.SGD(lin.parameters(), lr=0.01)",
                                          "optim.SGD(lin.parameters(), lr=0.01, momentum=0.9, maximize=True, weight_decay=1e-5)"]))
