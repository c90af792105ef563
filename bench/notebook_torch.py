"""The notebook's training step in PyTorch: the twin of bench/notebook.c. One JSON line per workload."""
import sys
import warnings

import torch
import torch.nn as nn

from timing import run

warnings.filterwarnings("ignore")


class SimpleRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 5, batch_first=True)
        self.fc = nn.Linear(5, 1)

    def forward(self, x, hidden):
        out, hidden = self.rnn(x, hidden)
        return self.fc(out[:, -1, :]), hidden


torch.manual_seed(0)
model, criterion = SimpleRNN(), nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(10, 1, 1), torch.randn(10, 1, 1)


def notebook_step():
    hidden = torch.zeros(1, 10, 5)
    optimizer.zero_grad()
    output, hidden = model(x, hidden)
    criterion(output, y).backward()
    optimizer.step()


def notebook_forward():
    with torch.no_grad():
        model(x, torch.zeros(1, 10, 5))


for body in (notebook_step, notebook_forward):
    if (sys.argv[1] if len(sys.argv) > 1 else "") in body.__name__:
        run(body.__name__, body, "pytorch " + torch.__version__)
