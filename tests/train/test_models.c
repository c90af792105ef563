/* Five models trained as in Python: the first 100 losses within 1e-4 of PyTorch's, dropout and shuffling included. */
#include <stdio.h>

#include "core/random.h"
#include "data/loader.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/lr_scheduler.h"
#include "tests/support.h"

#include "model_losses.inc"

enum { STEPS = 100, EPOCHS = 25 };

typedef Tensor *Forward(nn_Module *net, Tensor *x);

typedef struct Training {
    Tensor *x, *y;
    nn_Module *net; /* ends with the training, like what follows */
    Forward *forward;
    nn_Loss *criterion;
    optim_Optimizer *optimizer;
    optim_LRScheduler *scheduler; /* or NULL */
    double clip;                  /* 0: not */
} Training;

static void one_step(const Training *t, Tensor *x, Tensor *y, double expected, int step)
{
    torch_scope();
    optim_zero_grad(t->optimizer);
    Tensor *loss = nn_forward(t->criterion, t->forward(t->net, x), y);
    torch_backward(loss);
    if (t->clip > 0) nn_utils_clip_grad_norm_(nn_parameters(t->net), t->clip);
    optim_step(t->optimizer);
    ck_assert_no_error();
    double have = torch_item(loss);
    ck_assert_msg(fabs(have - expected) <= 1e-4 * fabs(expected), "step %d: loss %.9g, expected %.9g", step, have,
                  expected);
}

static void train(Training t, const double *expected)
{
    ck_assert_no_error();
    torch_utils_data_Dataset *set = torch_utils_data_TensorDataset(t.x, t.y);
    torch_utils_data_DataLoader *loader = torch_utils_data_DataLoader(set, 16, true);
    Tensor *batch[2];
    int step = 0;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        torch_scope();
        for (torch_utils_data_DataLoader_iter(loader); torch_utils_data_DataLoader_next(loader, batch); step++)
            one_step(&t, batch[0], batch[1], expected[step], step);
        if (t.scheduler) optim_lr_scheduler_step(t.scheduler);
    }
    ck_assert_int_eq(step, STEPS);
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(set);
    optim_lr_scheduler_free(t.scheduler);
    optim_free(t.optimizer);
    nn_free(t.criterion);
    nn_free(t.net);
}

static Tensor *call(nn_Module *net, Tensor *x)
{
    return nn_forward(net, x);
}

START_TEST(mlp_with_adam)
{
    torch_manual_seed(1);
    Training t = {.forward = call, .x = torch_randn(64, 10)};
    t.y = torch_to(torch_gt(torch_sum(t.x, 1), 0), torch_int64);
    t.net = &nn_Sequential(nn_Linear(10, 32), nn_ReLU(), nn_Dropout(0.2), nn_Linear(32, 2))->module;
    t.criterion = nn_CrossEntropyLoss();
    t.optimizer = optim_Adam(nn_parameters(t.net), .lr = 0.01);
    train(t, mlp_losses);
}
END_TEST

START_TEST(lenet_with_momentum)
{
    torch_manual_seed(1);
    Training t = {.forward = call, .x = torch_randn(64, 1, 12, 12)};
    t.y = torch_randint(0, 10, 64);
    t.net = &nn_Sequential(nn_Conv2d(1, 6, 5, .padding = 2), nn_ReLU(), nn_MaxPool2d(2), nn_Conv2d(6, 16, 5), nn_ReLU(),
                           nn_MaxPool2d(2), nn_Flatten(), nn_Linear(16, 10))
                 ->module;
    t.criterion = nn_CrossEntropyLoss();
    t.optimizer = optim_SGD(nn_parameters(t.net), .lr = 0.01, .momentum = 0.9);
    train(t, lenet_losses);
}
END_TEST

typedef struct Reader {
    nn_Module module;
    nn_Embedding *embed;
    nn_LSTM *lstm;
    nn_Dropout *drop;
    nn_Linear *fc;
} Reader;

static Tensor *read_all(nn_Module *net, Tensor *x)
{
    Reader *self = (Reader *)net;
    Tensor *lengths = torch_add(torch_remainder(torch_select(x, 1, 0), 7), 1);
    nn_PackedSequence p = nn_utils_rnn_pack_padded_sequence(nn_forward(self->embed, x), lengths, true, false);
    p = nn_LSTM_forward_packed(self->lstm, p, NULL, NULL, NULL, NULL);
    Tensor *out = nn_utils_rnn_pad_packed_sequence(p, true);
    Tensor *mean = torch_div(torch_sum(out, 1), torch_unsqueeze(lengths, 1));
    return nn_forward(self->fc, nn_forward(self->drop, mean));
}

START_TEST(lstm_with_rmsprop)
{
    torch_manual_seed(1);
    Training t = {.forward = read_all, .x = torch_randint(0, 11, 64, 7)};
    t.y = torch_remainder(torch_sum(t.x, 1), 3);
    Reader *self = nn_new(Reader);
    nn_set(self, embed, nn_Embedding(11, 8));
    nn_set(self, lstm, nn_LSTM(8, 16, 2, .batch_first = true, .dropout = 0.2, .bidirectional = true));
    nn_set(self, drop, nn_Dropout(0.3));
    nn_set(self, fc, nn_Linear(32, 3));
    t.net = &self->module;
    t.criterion = nn_CrossEntropyLoss();
    t.optimizer = optim_RMSprop(nn_parameters(t.net), .lr = 0.003);
    train(t, reader_losses);
}
END_TEST

typedef struct Writer {
    nn_Module module;
    nn_Embedding *embed;
    nn_TransformerEncoderLayer *block;
    nn_Linear *fc;
} Writer;

static Tensor *write_on(nn_Module *net, Tensor *x)
{
    Writer *self = (Writer *)net;
    Tensor *mask = nn_Transformer_generate_square_subsequent_mask(torch_size(x, 1));
    Tensor *out = nn_forward(self->block, nn_forward(self->embed, x), mask);
    return torch_transpose(nn_forward(self->fc, out), 1, 2);
}

START_TEST(transformer_with_adamw)
{
    torch_manual_seed(1);
    Tensor *text = torch_randint(0, 11, 64, 9);
    Training t = {.forward = write_on, .x = torch_index(text, ":, :-1"), .y = torch_index(text, ":, 1:"), .clip = 0.5};
    Writer *self = nn_new(Writer);
    nn_set(self, embed, nn_Embedding(11, 16));
    nn_set(self, block, nn_TransformerEncoderLayer(16, 2, 32, 0.1, "gelu", .batch_first = true, .norm_first = true));
    nn_set(self, fc, nn_Linear(16, 11));
    t.net = &self->module;
    t.criterion = nn_CrossEntropyLoss();
    t.optimizer = optim_AdamW(nn_parameters(t.net), .lr = 0.003);
    t.scheduler = optim_lr_scheduler_CosineAnnealingLR(t.optimizer, EPOCHS);
    train(t, writer_losses);
}
END_TEST

START_TEST(autoencoder_with_adadelta)
{
    torch_manual_seed(1);
    Training t = {.forward = call, .x = torch_randn(64, 20)};
    t.y = t.x;
    t.net = &nn_Sequential(nn_Linear(20, 8), nn_Tanh(), nn_Linear(8, 20))->module;
    t.criterion = nn_MSELoss();
    t.optimizer = optim_Adadelta(nn_parameters(t.net), .lr = 1.0);
    train(t, autoencoder_losses);
}
END_TEST

static TCase *models(void)
{
    return test_case("models", mlp_with_adam, lenet_with_momentum, lstm_with_rmsprop, transformer_with_adamw,
                     autoencoder_with_adadelta);
}

SUITE_MAIN("models", models)
