/* A recurrent network learns to count: examples/simple_rnn.py, carried over line for line. */
#include <cerilla.h>
#include <stdio.h>

typedef struct { /* class SimpleRNN(nn.Module): */
    nn_Module module;
    int64_t hidden_size;
    nn_RNN *rnn;
    nn_Linear *fc;
} SimpleRNN;

static SimpleRNN *SimpleRNN_new(int64_t input_size, int64_t hidden_size, int64_t output_size)
{
    SimpleRNN *self = nn_new(SimpleRNN);
    if (!self) return NULL;
    self->hidden_size = hidden_size;
    nn_set(self, rnn, nn_RNN(input_size, hidden_size, .batch_first = true));
    nn_set(self, fc, nn_Linear(hidden_size, output_size));
    return self;
}

static Tensor *SimpleRNN_forward(SimpleRNN *self, Tensor *x, Tensor **hidden)
{
    Tensor *out = nn_RNN_forward(self->rnn, x, *hidden, hidden);
    return nn_forward(self->fc, torch_index(out, ":, -1, :"));
}

static Tensor *SimpleRNN_init_hidden(SimpleRNN *self, int64_t batch_size)
{
    return torch_zeros(1, batch_size, self->hidden_size);
}

int main(void)
{
    torch_scope();
    int data[10];
    for (int i = 0; i < 10; i++) data[i] = i;
    pd_DataFrame *df = pd_DataFrame(data, .columns = pd_columns("value"));
    printf("Datos:  %s\n", pd_str(pd_head(df)));

    Tensor *sequence = torch_view(torch_tensor(data, .dtype = torch_float32), -1, 1, 1);
    printf("Secuencia como Tensor:  %s\n", torch_str(sequence));

    torch_manual_seed(3604739880);
    for (int i = 0; i < 3; i++) /* the notebook's author ran the next cell four times: three models came and went */
        nn_free(SimpleRNN_new(1, 5, 1));

    int64_t input_size = 1;
    int64_t hidden_size = 5;
    int64_t output_size = 1;
    SimpleRNN *rnn = SimpleRNN_new(input_size, hidden_size, output_size);
    nn_MSELoss *criterion = nn_MSELoss();
    optim_Optimizer *optimizer = optim_SGD(nn_parameters(rnn), .lr = 0.01);

    Tensor *target = torch_clone(sequence);
    printf("Objetivo:  %s\n", torch_str(target));

    sequence = torch_view(sequence, 10, 1, 1);

    int epochs = 10;
    for (int epoch = 0; epoch < epochs; epoch++) {
        torch_scope();
        Tensor *hidden = SimpleRNN_init_hidden(rnn, 10);
        optim_zero_grad(optimizer);
        Tensor *output = SimpleRNN_forward(rnn, sequence, &hidden);
        Tensor *loss = nn_forward(criterion, output, target);
        torch_backward(loss);
        optim_step(optimizer);
        printf("Epoch %d, Loss: %s\n", epoch, torch_repr(torch_item(loss)));
    }

    Tensor *predicted;
    {
        torch_no_grad();
        Tensor *hidden = SimpleRNN_init_hidden(rnn, 10);
        predicted = SimpleRNN_forward(rnn, torch_view(sequence, 10, 1, 1), &hidden);
        torch_print(predicted);
    }
    printf("predicted:  %s\n", torch_str(predicted));

    optim_free(optimizer);
    nn_free(criterion);
    nn_free(rnn);
    pd_DataFrame_free(df);
    return torch_exit_code();
}
