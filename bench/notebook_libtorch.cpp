// The notebook's training step in libtorch: the twin of bench/notebook.c. One JSON line per workload.
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

namespace nn = torch::nn;

struct Silence : c10::WarningHandler {
    void process(const c10::SourceLocation &, const std::string &, const bool) override {}
};

struct SimpleRNNImpl : nn::Module {
    nn::RNN rnn{nullptr};
    nn::Linear fc{nullptr};
    SimpleRNNImpl()
    {
        rnn = register_module("rnn", nn::RNN(nn::RNNOptions(1, 5).batch_first(true)));
        fc = register_module("fc", nn::Linear(5, 1));
    }
    torch::Tensor forward(torch::Tensor x, torch::Tensor hidden)
    {
        using namespace torch::indexing;
        auto [out, next] = rnn->forward(x, hidden);
        return fc->forward(out.index({Slice(), -1, Slice()}));
    }
};
TORCH_MODULE(SimpleRNN);

static double seconds(clockid_t clock)
{
    timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double peak_mb()
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == "VmHWM:") return status >> word, std::stol(word) / 1024.0;
    return 0;
}

template <typename Body> static void run(const char *name, Body body)
{
    double start = seconds(CLOCK_MONOTONIC);
    long warm = 0;
    while (seconds(CLOCK_MONOTONIC) - start < 0.2) body(), warm++;
    long inner = long(0.002 / ((seconds(CLOCK_MONOTONIC) - start) / warm)) + 1;
    std::vector<double> wall, cpu;
    double begin = seconds(CLOCK_MONOTONIC);
    while (wall.size() < 9 || seconds(CLOCK_MONOTONIC) - begin < 0.5) {
        double w = seconds(CLOCK_MONOTONIC), c = seconds(CLOCK_THREAD_CPUTIME_ID);
        for (long i = 0; i < inner; i++) body();
        cpu.push_back((seconds(CLOCK_THREAD_CPUTIME_ID) - c) / inner);
        wall.push_back((seconds(CLOCK_MONOTONIC) - w) / inner);
    }
    std::sort(wall.begin(), wall.end());
    std::sort(cpu.begin(), cpu.end());
    printf("{\"workload\": \"%s\", \"peer\": \"libtorch\", \"median_us\": %.4f, \"cpu_median_us\": %.4f, \"runs\": %zu, \"inner\": %ld, "
           "\"rss_mb\": %.1f}\n", name, 1e6 * wall[wall.size() / 2], 1e6 * cpu[cpu.size() / 2], wall.size(), inner, peak_mb());
}

int main(int argc, char **argv)
{
    static Silence silence;
    c10::Warning::set_warning_handler(&silence);
    std::string pattern = argc > 1 ? argv[1] : "";
    torch::manual_seed(0);
    SimpleRNN model;
    torch::optim::SGD optimizer(model->parameters(), 0.01);
    auto x = torch::randn({10, 1, 1}), y = torch::randn({10, 1, 1});
    if (std::string("notebook_step").find(pattern) != std::string::npos)
        run("notebook_step", [&] {
            auto hidden = torch::zeros({1, 10, 5});
            optimizer.zero_grad();
            torch::mse_loss(model->forward(x, hidden), y).backward();
            optimizer.step();
        });
    if (std::string("notebook_forward").find(pattern) != std::string::npos)
        run("notebook_forward", [&] {
            torch::NoGradGuard guard;
            model->forward(x, torch::zeros({1, 10, 5}));
        });
}
