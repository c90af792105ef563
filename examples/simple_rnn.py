# The notebook that examples/simple_rnn.c carries over, line for line. Needs PyTorch and pandas.
import torch
import torch.nn as nn
import torch.optim as optim
import pandas as pd


class SimpleRNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(SimpleRNN, self).__init__()
        self.hidden_size = hidden_size
        self.rnn = nn.RNN(input_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, output_size)

    def forward(self, x, hidden):
        out, hidden = self.rnn(x, hidden)
        return self.fc(out[:, -1, :]), hidden

    def init_hidden(self, batch_size):
        return torch.zeros(1, batch_size, self.hidden_size)


data = [i for i in range(10)]
df = pd.DataFrame(data, columns=["value"])
print("Datos: ", df.head())

sequence = torch.tensor(data, dtype=torch.float32).view(-1, 1, 1)
print("Secuencia como Tensor: ", sequence)

torch.manual_seed(3604739880)
for i in range(3):  # the notebook's author ran the next cell four times: three models came and went
    SimpleRNN(1, 5, 1)

input_size = 1
hidden_size = 5
output_size = 1
rnn = SimpleRNN(input_size, hidden_size, output_size)
criterion = nn.MSELoss()
optimizer = optim.SGD(rnn.parameters(), lr=0.01)

target = sequence.clone()
print("Objetivo: ", target)

sequence = sequence.view(10, 1, 1)

epochs = 10
for epoch in range(epochs):
    hidden = rnn.init_hidden(10)
    optimizer.zero_grad()
    output, hidden = rnn(sequence, hidden)
    loss = criterion(output, target)
    loss.backward()
    optimizer.step()
    print(f"Epoch {epoch}, Loss: {loss.item()}")

with torch.no_grad():
    hidden = rnn.init_hidden(10)
    predicted, hidden = rnn(sequence.view(10, 1, 1), hidden)
    print(predicted)
print("predicted: ", predicted)
