/* A variational autoencoder on scikit-learn's digits.csv.gz that draws digits of its own: examples/vae.py in C. Two
 * threads load its batches. Usage: vae [digits.csv.gz] */
#include <cerilla.h>
#include <stdio.h>

#include "progress.h"

typedef struct { /* class VAE(nn.Module): */
    nn_Module module;
    nn_Linear *encoder, *mu, *logvar;
    nn_Sequential *decoder;
} VAE;

static VAE *VAE_new(int64_t hidden_size, int64_t latent_size)
{
    VAE *self = nn_new(VAE);
    if (!self) return NULL;
    nn_set(self, encoder, nn_Linear(64, hidden_size));
    nn_set(self, mu, nn_Linear(hidden_size, latent_size));
    nn_set(self, logvar, nn_Linear(hidden_size, latent_size));
    nn_set(self, decoder, nn_Sequential(nn_Linear(latent_size, hidden_size), nn_ReLU(), nn_Linear(hidden_size, 64)));
    return self;
}

static Tensor *VAE_forward(VAE *self, Tensor *x, Tensor **mu, Tensor **logvar)
{
    Tensor *h = torch_relu(nn_forward(self->encoder, x));
    *mu = nn_forward(self->mu, h);
    *logvar = nn_forward(self->logvar, h);
    Tensor *z = torch_add(*mu, torch_mul(torch_exp(torch_mul(0.5, *logvar)), torch_randn_like(*mu)));
    return nn_forward(self->decoder, z);
}

/* To stderr: how dark a spot is hangs on the last bits of the weights. */
static void draw(VAE *model)
{
    torch_scope();
    torch_no_grad();
    Tensor *drawn = torch_view(torch_sigmoid(nn_forward(model->decoder, torch_randn(4, 8))), 4, 8, 8);
    for (int row = 0; row < 8; row++) {
        for (int k = 0; k < 4; k++, fputs(k < 4 ? "  " : "\n", stderr))
            for (int column = 0; column < 8; column++)
                fputc(" .:*#@"[(int)(5.99 * torch_item(torch_index(drawn, "%d, %d, %d", k, row, column)))], stderr);
    }
}

int main(int argc, char **argv)
{
    torch_scope();
    const char *path = argc > 1 ? argv[1] : "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz";
    pd_DataFrame *df = pd_read_csv(path, .header = TORCH_NONE);
    Tensor *images = torch_div(torch_index(pd_to_tensor(df, torch_float32), ":, :64"), 16);
    pd_DataFrame_free(df);

    torch_manual_seed(0);
    torch_utils_data_Dataset *set = torch_utils_data_TensorDataset(images);
    torch_utils_data_DataLoader *loader =
        torch_utils_data_DataLoader(set, .batch_size = 128, .shuffle = true, .num_workers = 2);
    VAE *model = VAE_new(128, 8);
    optim_Optimizer *optimizer = optim_Adam(nn_parameters(model), .lr = 0.002);
    int64_t batches = torch_utils_data_DataLoader_len(loader);
    int done = 0;
    for (int epoch = 0; epoch < 6 && !torch_error(); epoch++) {
        torch_scope();
        double total = 0;
        Tensor *x, *mu, *logvar;
        for (torch_utils_data_DataLoader_iter(loader); torch_utils_data_DataLoader_next(loader, &x);) {
            torch_scope();
            optim_zero_grad(optimizer);
            Tensor *output = VAE_forward(model, x, &mu, &logvar);
            Tensor *reconstruction = F_binary_cross_entropy_with_logits(output, x, .reduction = "sum");
            Tensor *terms = torch_sub(torch_sub(torch_add(1, logvar), torch_pow(mu, 2)), torch_exp(logvar));
            Tensor *divergence = torch_mul(-0.5, torch_sum(terms));
            Tensor *loss = torch_div(torch_add(reconstruction, divergence), torch_size(x, 0));
            torch_backward(loss);
            optim_step(optimizer);
            total += torch_item(loss);
            progress(++done, 6 * (int)batches, torch_item(loss));
        }
        printf("Epoch %d: loss %.6f\n", epoch, total / (double)batches);
    }
    if (!torch_error()) draw(model);

    optim_free(optimizer);
    nn_free(model);
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(set);
    return torch_exit_code();
}
