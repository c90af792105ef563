"""Asks PyTorch for every row of tests/optim/lbfgs.def and writes tests/reference/optim/lbfgs.txt, which tests/optim/test_lbfgs.c reads.

    python3 tests/reference/make_lbfgs.py     (with PyTorch 1.13.1, CPU)

    = <problem>\t<python>             opens a row
    repr <text>
    dtype <float32|float64>
    ! <text>                          if step raises; else after each of the steps:
    step <loss> <func_evals> <n_iter> <x ...>     numbers as hex floats
"""
import os
import re

import torch
from make_optim import start, values
from torch.optim import LBFGS

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 6


def problem(name, dtype):
    if name == 'rosenbrock':
        x = torch.tensor([-1.5, 2.], dtype=dtype, requires_grad=True)
        return [x], lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    x, y = start(21, dtype).view(3, 7).requires_grad_(), start(5, dtype).requires_grad_()
    a = torch.tensor([((i * 29 + 11) % 101 - 50) / 64 for i in range(126)], dtype=dtype).view(6, 21)
    return [x, y], lambda: ((a @ x.view(21) - 1) ** 2).mean() + (x ** 4).sum() / 10


def run(name, python, dtype, lines):
    params, loss = problem(name, dtype)
    o = eval('LBFGS(params, %s)' % python, {**globals(), 'params': params})
    if not lines[-1].startswith('step'):
        lines.append('repr\t' + repr(o).replace('\n', '\\n'))
    lines.append('dtype\t' + str(dtype)[6:])

    def closure():
        o.zero_grad()
        value = loss()
        value.backward()
        return value

    for _ in range(STEPS):
        try:
            value = o.step(closure)
        except RuntimeError as e:
            lines.append('!\t' + str(e))
            return
        s = o.state[params[0]]
        lines.append('step\t%s %s %s\t%s' % (values(value), values(s['func_evals']), values(s['n_iter']), values(params[0])))


def main():
    torch.set_num_threads(1)
    out = ['# Made by tests/reference/make_lbfgs.py with PyTorch ' + torch.__version__]
    text = open(os.path.join(HERE, '..', 'optim', 'lbfgs.def')).read()
    for name, letters, python in re.findall(r'^LBFGS\((\w+), "(\w+)", "([^"]*)", ', text, re.M):
        out.append('= %s\t%s' % (name, python))
        for dtype in [{'f': torch.float32, 'd': torch.float64}[letter] for letter in letters]:
            run(name, python, dtype, out)
    with open(os.path.join(HERE, 'optim', 'lbfgs.txt'), 'w') as f:
        f.write('\n'.join(out) + '\n')


if __name__ == '__main__':
    main()
