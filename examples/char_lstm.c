/* A recurrent network learns to write like the GNU General Public License, character by character:
 * examples/char_lstm.py in C. Usage: char_lstm [text] */
#include <cerilla.h>
#include <stdio.h>

#include "progress.h"

typedef struct { /* class CharLSTM(nn.Module): */
    nn_Module module;
    nn_Embedding *embed;
    nn_LSTM *lstm;
    nn_Linear *fc;
} CharLSTM;

static CharLSTM *CharLSTM_new(int64_t characters, int64_t hidden_size)
{
    CharLSTM *self = nn_new(CharLSTM);
    if (!self) return NULL;
    nn_set(self, embed, nn_Embedding(characters, 32));
    nn_set(self, lstm, nn_LSTM(32, hidden_size, .batch_first = true));
    nn_set(self, fc, nn_Linear(hidden_size, characters));
    return self;
}

static Tensor *CharLSTM_forward(CharLSTM *self, Tensor *x, Tensor *state[2])
{
    Tensor *out = nn_LSTM_forward(self->lstm, nn_forward(self->embed, x), state[0], state[1], &state[0], &state[1]);
    return nn_forward(self->fc, out);
}

/* To stderr: which letter a draw gives hangs on the last bits of the weights. */
static void write_some(CharLSTM *model, Tensor *vocabulary)
{
    torch_scope();
    torch_no_grad();
    Tensor *x = torch_zeros(1, 1, .dtype = torch_int64), *state[2] = {NULL, NULL};
    for (int i = 0; i < 200 && !torch_error(); i++) {
        Tensor *output = CharLSTM_forward(model, x, state);
        x = torch_view(torch_multinomial(torch_softmax(torch_index(output, "0, -1"), 0), 1), 1, 1);
        fputc((int)torch_item(torch_index_select(vocabulary, 0, torch_flatten(x))), stderr);
    }
    fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    torch_scope();
    Tensor *text = torchvision_io_read_file(argc > 1 ? argv[1] : "/usr/share/common-licenses/GPL-3");
    Tensor *data, *vocabulary = torch_unique(text, .inverse = &data);
    if (torch_error()) return torch_exit_code();
    printf("%lld characters, %lld different ones\n", (long long)torch_numel(data), (long long)torch_numel(vocabulary));
    Tensor *windows = torch_unfold(data, 0, 65, 1); /* every stretch of 65 characters */

    torch_manual_seed(0);
    CharLSTM *model = CharLSTM_new(torch_numel(vocabulary), 64);
    optim_Optimizer *optimizer = optim_Adam(nn_parameters(model), .lr = 0.005);
    for (int step = 0; step < 101 && !torch_error(); step++) {
        torch_scope();
        Tensor *batch = torch_index_select(windows, 0, torch_randint(0, torch_size(windows, 0), 32));
        optim_zero_grad(optimizer);
        Tensor *output = CharLSTM_forward(model, torch_index(batch, ":, :-1"), (Tensor *[2]){NULL, NULL});
        Tensor *loss = F_cross_entropy(torch_flatten_dims(output, 0, 1), torch_flatten(torch_index(batch, ":, 1:")));
        torch_backward(loss);
        nn_utils_clip_grad_norm_(nn_parameters(model), 1.0);
        optim_step(optimizer);
        progress(step, 100, torch_item(loss));
        if (step % 10 == 0) printf("Step %d: loss %.6f\n", step, torch_item(loss));
    }
    write_some(model, vocabulary);

    optim_free(optimizer);
    nn_free(model);
    return torch_exit_code();
}
