# A recurrent network learns to write like a licence, character by character. Needs PyTorch.
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

path = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/common-licenses/GPL-3"
text = torch.tensor(list(open(path, "rb").read()), dtype=torch.uint8)
vocabulary, data = torch.unique(text, return_inverse=True)
print("%d characters, %d different ones" % (len(data), len(vocabulary)))
windows = data.unfold(0, 65, 1)  # every stretch of 65 characters


class CharLSTM(nn.Module):
    def __init__(self, characters, hidden_size):
        super().__init__()
        self.embed = nn.Embedding(characters, 32)
        self.lstm = nn.LSTM(32, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, characters)

    def forward(self, x, state):
        out, state = self.lstm(self.embed(x), state)
        return self.fc(out), state


torch.manual_seed(0)
model = CharLSTM(len(vocabulary), 64)
optimizer = optim.Adam(model.parameters(), lr=0.005)
for step in range(101):
    batch = windows[torch.randint(0, len(windows), (32,))]
    optimizer.zero_grad()
    output, _ = model(batch[:, :-1], None)
    loss = F.cross_entropy(output.flatten(0, 1), batch[:, 1:].flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 10 == 0:
        print("Step %d: loss %.6f" % (step, loss.item()))

with torch.no_grad():
    x, state = torch.zeros(1, 1, dtype=torch.int64), None
    for i in range(200):
        output, state = model(x, state)
        x = torch.multinomial(torch.softmax(output[0, -1], 0), 1).view(1, 1)
        print(chr(vocabulary[x].item()), end="", file=sys.stderr)
print(file=sys.stderr)
