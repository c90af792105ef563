/* Handwritten digits, 8 x 8: a small convolutional network on scikit-learn's digits.csv.gz: examples/digits.py in C.
 * Usage: digits [digits.csv.gz] */
#include <cerilla.h>
#include <stdio.h>

#include "progress.h"

int main(int argc, char **argv)
{
    torch_scope();
    const char *path = argc > 1 ? argv[1] : "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz";
    pd_DataFrame *df = pd_read_csv(path, .header = TORCH_NONE);
    Tensor *table = pd_to_tensor(df, torch_float32);
    pd_DataFrame_free(df);
    Tensor *images = torch_view(torch_div(torch_index(table, ":, :64"), 16), -1, 1, 8, 8);
    Tensor *labels = torch_long(torch_index(table, ":, 64"));
    Tensor *test_images = torch_index(images, "1500:"), *test_labels = torch_index(labels, "1500:");

    torch_manual_seed(0);
    torch_utils_data_Dataset *train =
        torch_utils_data_TensorDataset(torch_index(images, ":1500"), torch_index(labels, ":1500"));
    torch_utils_data_DataLoader *loader = torch_utils_data_DataLoader(train, .batch_size = 64, .shuffle = true);
    nn_Sequential *model =
        nn_Sequential(nn_Conv2d(1, 8, 3, .padding = 1), nn_ReLU(), nn_MaxPool2d(2), nn_Conv2d(8, 16, 3, .padding = 1),
                      nn_ReLU(), nn_MaxPool2d(2), nn_Flatten(), nn_Linear(64, 10));
    nn_print(model);
    optim_Optimizer *optimizer = optim_Adam(nn_parameters(model), .lr = 0.01);

    int64_t batches = torch_utils_data_DataLoader_len(loader);
    for (int epoch = 0; epoch < 5 && !torch_error(); epoch++) {
        torch_scope();
        nn_train(model);
        double total = 0;
        int done = 0;
        Tensor *batch[2];
        for (torch_utils_data_DataLoader_iter(loader); torch_utils_data_DataLoader_next(loader, batch);) {
            torch_scope();
            optim_zero_grad(optimizer);
            Tensor *loss = F_cross_entropy(nn_forward(model, batch[0]), batch[1]);
            torch_backward(loss);
            optim_step(optimizer);
            total += torch_item(loss);
            progress(++done, (int)batches, torch_item(loss));
        }
        nn_eval(model);
        torch_no_grad();
        Tensor *output = nn_forward(model, test_images);
        Tensor *test_loss = F_cross_entropy(output, test_labels);
        Tensor *correct = torch_sum(torch_eq(torch_argmax(output, 1), test_labels));
        printf("Epoch %d: loss %.6f, test loss %.6f\n", epoch, total / (double)batches, torch_item(test_loss));
        fprintf(stderr, "%.0f of %lld correct\n", torch_item(correct), (long long)torch_numel(test_labels));
    }

    optim_free(optimizer);
    nn_free(model);
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(train);
    return torch_exit_code();
}
