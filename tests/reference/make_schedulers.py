"""Asks PyTorch for every row of tests/optim/schedulers.def and writes tests/reference/optim/schedulers.txt, which
tests/optim/test_schedulers.c reads.

    python3 tests/reference/make_schedulers.py     (with PyTorch 1.13.1, CPU)

    = <python>                     opens a row
    ! <Exception>\t<text>          if the constructor or a step raises: the end of the row; else after the constructor and each step
    <rate> ... <momentum>          rates of all groups, and momentum of the first, or the first of its betas: hex floats
"""
import os
import re
import warnings

import torch
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import *  # noqa: the rows name the classes
from torch.optim.swa_utils import SWALR  # noqa
from torch.optim.lr_scheduler import ChainedScheduler, PolynomialLR, SequentialLR  # noqa

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 50


def optimizer(kind):
    p, q = torch.zeros(2, requires_grad=True), torch.zeros(3, requires_grad=True)
    if kind == 'adam':
        return Adam([p], lr=0.01)
    o = SGD([p], lr=0.1, momentum=0.9)
    o.add_param_group({'params': [q], 'lr': 0.02})
    return o


def state(o):
    g = o.param_groups[0]
    numbers = [g['lr'] for g in o.param_groups] + [g['momentum'] if 'momentum' in g else g['betas'][0]]
    return ' '.join(float(v).hex() for v in numbers)


def row(kind, python, metrics):
    lines = ['= ' + python]
    o = optimizer(kind)
    try:
        s = eval(python, {**globals(), 'o': o})
        lines.append(state(o))
        for k in range(STEPS):
            o.step()
            s.step(k * 37 % 20 / 10) if metrics else s.step()
            lines.append(state(o))
    except Exception as e:
        lines.append('! %s\t%s' % (type(e).__name__, e))
    return lines


def main():
    warnings.simplefilter('ignore')
    out = ['# Made by tests/reference/make_schedulers.py with PyTorch ' + torch.__version__]
    for line in open(os.path.join(HERE, '..', 'optim', 'schedulers.def')):
        m = re.match(r'(SCHEDULER|METRICS)\((\w+), "([^"]*)", ', line)
        if m:
            out += row(m[2], m[3], m[1] == 'METRICS')
    with open(os.path.join(HERE, 'optim', 'schedulers.txt'), 'w') as f:
        f.write('\n'.join(out) + '\n')


if __name__ == '__main__':
    main()
