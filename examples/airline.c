/* An LSTM forecasts airline passengers, twelve months ahead: examples/airline.py in C. Usage: airline [airline.csv] */
#include <cerilla.h>
#include <stdio.h>

#include "progress.h"

enum { WINDOW = 12, YEAR = 12, EPOCHS = 60 };

typedef struct { /* class Forecaster(nn.Module): */
    nn_Module module;
    nn_LSTM *lstm;
    nn_Linear *fc;
} Forecaster;

static int forward(nn_Module *module, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_in, (void)n_out;
    Forecaster *self = (Forecaster *)module;
    Tensor *steps = nn_forward(self->lstm, in[0]);
    out[0] = nn_forward(self->fc, torch_index(steps, ":, -1"));
    return torch_error_code();
}

static const nn_Class Forecaster_class = NN_CLASS(Forecaster, .forward = forward);

static Forecaster *Forecaster_new(int64_t hidden_size)
{
    Forecaster *self = nn_new_class(Forecaster, &Forecaster_class);
    if (!self) return NULL;
    nn_set(self, lstm, nn_LSTM(1, hidden_size, .batch_first = true));
    nn_set(self, fc, nn_Linear(hidden_size, 1));
    return self;
}

static void train(Forecaster *model, torch_utils_data_Dataset *dataset)
{
    nn_MSELoss *criterion = nn_MSELoss();
    optim_Optimizer *optimizer = optim_Adam(nn_parameters(model), .lr = 0.01);
    torch_utils_data_DataLoader *loader = torch_utils_data_DataLoader(dataset, .batch_size = 16, .shuffle = true);
    for (int epoch = 0; epoch < EPOCHS && !torch_error(); epoch++) {
        double total = 0;
        Tensor *batch[2];
        while (torch_utils_data_DataLoader_next(loader, batch)) {
            torch_scope();
            Tensor *x = batch[0], *y = batch[1];
            optim_zero_grad(optimizer);
            Tensor *loss = nn_forward(criterion, nn_forward(model, x), y);
            torch_backward(loss);
            optim_step(optimizer);
            total += torch_item(loss) * (double)torch_size(x, 0);
        }
        double mean = total / (double)torch_utils_data_Dataset_len(dataset);
        progress(epoch + 1, EPOCHS, mean);
        if ((epoch + 1) % 10 == 0) printf("epoch %d: loss %.6f\n", epoch + 1, mean);
    }
    torch_utils_data_DataLoader_free(loader);
    optim_free(optimizer);
    nn_free(criterion);
}

/* Month by month, from its own forecasts. */
static Tensor *forecast_year(Forecaster *model, Tensor *series)
{
    torch_no_grad();
    Tensor *window = torch_view(torch_index(series, "-%d:", WINDOW), 1, WINDOW, 1);
    for (int month = 0; month < YEAR; month++) {
        Tensor *next = nn_forward(model, torch_index(window, ":, -%d:", WINDOW));
        window = torch_cat(torch_tensors(window, torch_unsqueeze(next, 2)), 1);
    }
    return torch_index(window, "0, -%d:, 0", YEAR);
}

int main(int argc, char **argv)
{
    torch_scope();
    pd_DataFrame *df = pd_read_csv(argc > 1 ? argv[1] : "examples/airline.csv");
    Tensor *passengers = torch_float(pd_column(df, "Passengers"));
    Tensor *past = torch_index(passengers, ":-%d", YEAR);
    Tensor *mean = torch_mean(past), *std = torch_std(past);
    Tensor *series = torch_div(torch_sub(past, mean), std);

    Tensor *windows = torch_unfold(series, 0, WINDOW + 1, 1);
    Tensor *x = torch_unsqueeze(torch_index(windows, ":, :%d", WINDOW), 2), *y = torch_index(windows, ":, %d:", WINDOW);
    torch_utils_data_Dataset *dataset = torch_utils_data_TensorDataset(x, y);
    torch_manual_seed(0);
    Forecaster *model = Forecaster_new(32);
    nn_print(model);
    train(model, dataset);

    Tensor *forecast = torch_add(torch_mul(forecast_year(model, series), std), mean);
    Tensor *actual = torch_index(passengers, "-%d:", YEAR);
    for (int month = 0; month < YEAR && !torch_error(); month++)
        printf("1960-%02d: %.0f passengers, forecast %.1f\n", month + 1, torch_item(torch_index(actual, "%d", month)),
               torch_item(torch_index(forecast, "%d", month)));
    printf("mean error %.2f\n", torch_item(torch_mean(torch_abs(torch_sub(forecast, actual)))));

    nn_free(model);
    torch_utils_data_Dataset_free(dataset);
    pd_DataFrame_free(df);
    return torch_error() ? 1 : 0;
}
