"""A small GPT learns to write like the GNU General Public License, character by character. Usage: gpt.py [text]"""
import sys

import torch
from torch import nn, optim
from torch.nn import functional as F

BLOCK, WIDTH, HEADS, LAYERS, BATCH, STEPS = 32, 32, 2, 2, 8, 200


class GPT(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.token = nn.Embedding(vocabulary, WIDTH)
        self.position = nn.Embedding(BLOCK, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.1, 'gelu', batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(WIDTH))
        self.head = nn.Linear(WIDTH, vocabulary, bias=False)

    def forward(self, ids):
        t = ids.size(1)
        x = self.token(ids) + self.position(torch.arange(t))
        return self.head(self.blocks(x, nn.Transformer.generate_square_subsequent_mask(t)))


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else '/usr/share/common-licenses/GPL-3'
    text = open(path, 'rb').read()
    letters = sorted(set(text))
    ids = torch.tensor([letters.index(c) for c in text])
    print(f'{len(text)} characters, {len(letters)} different ones')

    torch.manual_seed(1337)
    model = GPT(len(letters))
    print(sum(p.numel() for p in model.parameters()), 'parameters')
    optimizer = optim.AdamW(model.parameters(), lr=0.003)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for step in range(STEPS):
        start = torch.randint(0, len(text) - BLOCK, (BATCH,))
        x = torch.stack([ids[i:i + BLOCK] for i in start.tolist()])
        y = torch.stack([ids[i + 1:i + BLOCK + 1] for i in start.tolist()])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x).view(-1, len(letters)), y.view(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        if (step + 1) % 20 == 0:
            print(f'step {step + 1}: loss {loss.item():.5f}')

    model.eval()
    written = ids[:BLOCK].view(1, -1)
    with torch.no_grad():
        for _ in range(200):
            logits = model(written[:, -BLOCK:])[:, -1]
            written = torch.cat([written, torch.multinomial(F.softmax(logits, -1), 1)], 1)
    sys.stderr.write(bytes(letters[i] for i in written[0].tolist()).decode() + '\n')


main()
