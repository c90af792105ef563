/* A small GPT learns to write like the GNU General Public License, character by character: examples/gpt.py in C.
 * Usage: gpt [text] */
#include <cerilla.h>
#include <stdio.h>
#include <stdlib.h>

#include "progress.h"

enum { BLOCK = 32, WIDTH = 32, HEADS = 2, LAYERS = 2, BATCH = 8, STEPS = 200 };

typedef struct { /* class GPT(nn.Module): */
    nn_Module module;
    nn_Embedding *token, *position;
    nn_TransformerEncoder *blocks;
    nn_Linear *head;
} GPT;

static int forward(nn_Module *module, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_in, (void)n_out;
    GPT *self = (GPT *)module;
    int64_t t = torch_size(in[0], 1);
    Tensor *x = torch_add(nn_forward(self->token, in[0]), nn_forward(self->position, torch_arange(t)));
    Tensor *mask = nn_Transformer_generate_square_subsequent_mask(t);
    out[0] = nn_forward(self->head, nn_forward(self->blocks, x, mask));
    return torch_error_code();
}

static const nn_Class GPT_class = NN_CLASS(GPT, .forward = forward);

static GPT *GPT_new(int64_t vocabulary)
{
    GPT *self = nn_new_class(GPT, &GPT_class);
    if (!self) return NULL;
    nn_set(self, token, nn_Embedding(vocabulary, WIDTH));
    nn_set(self, position, nn_Embedding(BLOCK, WIDTH));
    void *layer =
        nn_TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.1, "gelu", .batch_first = true, .norm_first = true);
    nn_set(self, blocks, nn_TransformerEncoder(layer, LAYERS, nn_LayerNorm(TORCH_DIMS(WIDTH))));
    nn_set(self, head, nn_Linear(WIDTH, vocabulary, .bias = false));
    return self;
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

typedef struct Text {
    unsigned char letter[256]; /* of an id */
    int64_t vocabulary, length;
    Tensor *ids; /* int64, (length) */
} Text;

/* The whole file, as ids in the order of the letters' codes. */
static Text read_text(const char *path)
{
    Text text = {.length = 0};
    int64_t id_of[256] = {0}, capacity = 1 << 22;
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = malloc((size_t)capacity);
    if (f && bytes) text.length = (int64_t)fread(bytes, 1, (size_t)capacity, f);
    if (f) fclose(f);
    for (int64_t i = 0; i < text.length; i++) id_of[bytes[i]] = 1;
    for (int c = 0; c < 256; c++) {
        if (!id_of[c]) continue;
        id_of[c] = text.vocabulary;
        text.letter[text.vocabulary++] = (unsigned char)c;
    }
    text.ids = torch_empty(text.length, .dtype = torch_int64);
    int64_t *ids = text.length > 0 ? torch_data_ptr(text.ids) : NULL;
    for (int64_t i = 0; i < text.length && ids; i++) ids[i] = id_of[bytes[i]];
    free(bytes);
    return text;
}

/* BATCH stretches of BLOCK letters, and the same one letter further on. */
static Tensor *stretches(const Text *text, Tensor *start, int64_t shift)
{
    Tensor *rows[BATCH];
    for (int64_t i = 0; i < BATCH; i++) {
        int64_t from = (int64_t)torch_item(torch_index(start, "%lld", (long long)i)) + shift;
        rows[i] = torch_narrow(text->ids, 0, from, BLOCK);
    }
    return torch_stack_n(rows, BATCH, 0);
}

/* ---- training and writing ---------------------------------------------------------------------------------------- */

static void train(GPT *model, const Text *text)
{
    optim_Optimizer *optimizer = optim_AdamW(nn_parameters(model), .lr = 0.003);
    optim_LRScheduler *scheduler = optim_lr_scheduler_CosineAnnealingLR(optimizer, STEPS);
    for (int step = 0; step < STEPS && !torch_error(); step++) {
        torch_scope();
        Tensor *start = torch_randint(0, text->length - BLOCK, BATCH);
        Tensor *x = stretches(text, start, 0), *y = stretches(text, start, 1);
        optim_zero_grad(optimizer);
        Tensor *logits = torch_view(nn_forward(model, x), -1, text->vocabulary);
        Tensor *loss = F_cross_entropy(logits, torch_view(y, -1));
        torch_backward(loss);
        nn_utils_clip_grad_norm_(nn_parameters(model), 1.0);
        optim_step(optimizer);
        optim_lr_scheduler_step(scheduler);
        progress(step + 1, STEPS, torch_item(loss));
        if ((step + 1) % 20 == 0) printf("step %d: loss %.5f\n", step + 1, torch_item(loss));
    }
    optim_lr_scheduler_free(scheduler);
    optim_free(optimizer);
}

/* To stderr: which letter a draw gives hangs on the last bits of the weights. */
static void write_text(GPT *model, const Text *text)
{
    torch_no_grad();
    nn_eval(model);
    Tensor *written = torch_view(torch_index(text->ids, ":%d", BLOCK), 1, -1);
    for (int i = 0; i < 200 && !torch_error(); i++) {
        Tensor *logits = torch_index(nn_forward(model, torch_index(written, ":, -%d:", BLOCK)), ":, -1");
        Tensor *next = torch_multinomial(F_softmax(logits, -1), 1);
        written = torch_cat(torch_tensors(written, next), 1);
    }
    for (int64_t i = 0; i < torch_size(written, 1); i++)
        fputc(text->letter[(int)torch_item(torch_index(written, "0, %lld", (long long)i))], stderr);
    fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    torch_scope();
    const char *path = argc > 1 ? argv[1] : "/usr/share/common-licenses/GPL-3";
    Text text = read_text(path);
    if (text.length <= BLOCK) return fprintf(stderr, "%s is no text of more than %d letters\n", path, BLOCK), 1;
    printf("%lld characters, %lld different ones\n", (long long)text.length, (long long)text.vocabulary);

    torch_manual_seed(1337);
    GPT *model = GPT_new(text.vocabulary);
    torch_ParameterList parameters = nn_parameters(model);
    int64_t n = 0;
    for (int64_t i = 0; i < parameters.length; i++) n += torch_numel(parameters.tensor[i]);
    printf("%lld parameters\n", (long long)n);
    train(model, &text);
    write_text(model, &text);
    nn_free(model);
    return torch_error() ? 1 : 0;
}
