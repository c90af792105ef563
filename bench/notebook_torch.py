"""The notebook's training step in PyTorch: the twin of bench/notebook.c. One JSON line per workload."""
import json
import statistics
import sys
import time
import warnings

import torch
import torch.nn as nn

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


def peak_mb():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024


def run(body):
    start, warm = time.perf_counter(), 0
    while time.perf_counter() - start < 0.2:
        body()
        warm += 1
    inner = int(0.002 / ((time.perf_counter() - start) / warm)) + 1
    wall, cpu, begin = [], [], time.perf_counter()
    while len(wall) < 9 or time.perf_counter() - begin < 0.5:
        w, c = time.perf_counter(), time.thread_time()
        for _ in range(inner):
            body()
        cpu.append((time.thread_time() - c) / inner)
        wall.append((time.perf_counter() - w) / inner)
    print(json.dumps({"workload": body.__name__, "peer": "pytorch " + torch.__version__, "median_us": 1e6 * statistics.median(wall),
                      "cpu_median_us": 1e6 * statistics.median(cpu), "runs": len(wall), "inner": inner,
                      "rss_mb": peak_mb()}))


for body in (notebook_step, notebook_forward):
    if (sys.argv[1] if len(sys.argv) > 1 else "") in body.__name__:
        run(body)
