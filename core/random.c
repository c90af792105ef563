/* The generator: MT19937, its seeds and its state; the functions of random.h. */
#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "generator.h"
#include "impl.h"

enum { N = CER_MT_WORDS, M = 397 };
static const uint64_t first_seed = 67280421310721; /* of a new torch.Generator() */

/* ---- the engine (Matsumoto and Nishimura, 1998) ------------------------------------------------------------------ */

static void seed_engine(torch_Generator *g, uint64_t seed)
{
    g->seed = seed;
    g->word[0] = (uint32_t)seed;
    for (uint32_t j = 1; j < N; j++) g->word[j] = 1812433253u * (g->word[j - 1] ^ g->word[j - 1] >> 30) + j;
    g->left = 1;
    g->at = 0;
    g->has_normal = g->has_float = false;
}

static inline uint32_t twist(uint32_t high, uint32_t low)
{
    return ((high & 0x80000000u) | (low & 0x7fffffffu)) >> 1 ^ ((0u - (low & 1)) & 0x9908b0dfu);
}

static void next_block(torch_Generator *g)
{
    uint32_t *w = g->word;
    for (int i = 0; i < N - M; i++) w[i] = w[i + M] ^ twist(w[i], w[i + 1]);
    for (int i = N - M; i < N - 1; i++) w[i] = w[i + M - N] ^ twist(w[i], w[i + 1]);
    w[N - 1] = w[M - 1] ^ twist(w[N - 1], w[0]);
    g->left = N + 1; /* one more than the words, since 1 is the mark of an empty block */
    g->at = 0;
}

static inline uint32_t temper(uint32_t y)
{
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

/* A state of the caller may say that more words are left than there are: then the block ends first. */
static inline int64_t words_left(torch_Generator *g)
{
    if (g->left <= 1 || g->at >= N) next_block(g);
    int64_t in_block = N - (int64_t)g->at;
    return g->left - 1 < in_block ? g->left - 1 : in_block;
}

uint32_t cer_random32(torch_Generator *g)
{
    words_left(g);
    g->left--;
    return temper(g->word[g->at++]);
}

uint64_t cer_random64(torch_Generator *g)
{
    uint64_t high = cer_random32(g);
    return high << 32 | cer_random32(g);
}

void cer_random32_fill(torch_Generator *g, uint32_t *out, int64_t n)
{
    while (n > 0) {
        int64_t k = words_left(g);
        if (k > n) k = n;
        const uint32_t *from = g->word + g->at;
        for (int64_t i = 0; i < k; i++) out[i] = temper(from[i]);
        g->at += (uint32_t)k;
        g->left -= (int32_t)k;
        out += k;
        n -= k;
    }
}

double cer_uniform_double(torch_Generator *g)
{
    return (double)(cer_random64(g) & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
}

double cer_normal_double(torch_Generator *g)
{
    if (g->has_normal) {
        g->has_normal = false;
        return g->normal;
    }
    double u1 = cer_uniform_double(g), u2 = cer_uniform_double(g);
    double radius = sqrt(-2.0 * log(1.0 - u2)), angle = 2.0 * 3.14159265358979323846 * u1;
    g->normal = radius * sin(angle);
    g->has_normal = true;
    return radius * cos(angle);
}

/* ---- all generators, for fork() -------------------------------------------------------------------------------------
 * A child has only the thread that called fork(): a lock held by another one would stay locked for good. So fork() waits
 * until no one draws, and both sides let go afterwards. */
static torch_Generator process_generator = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER; /* taken before any generator's own */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_mutex_lock(&list_lock);
    for (torch_Generator *g = &process_generator; g; g = g->next) pthread_mutex_lock(&g->lock);
}

static void after_fork(void)
{
    for (torch_Generator *g = &process_generator; g; g = g->next) pthread_mutex_unlock(&g->lock);
    pthread_mutex_unlock(&list_lock);
}

static uint64_t system_seed(void)
{
    uint64_t seed;
    if (getentropy(&seed, sizeof seed) == 0) return seed;
    struct timespec now = {0, 0}; /* a system without it: better than the same numbers every time */
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec << 20 ^ (uint64_t)getpid();
}

static void start(void)
{
    seed_engine(&process_generator, system_seed());
    pthread_atfork(before_fork, after_fork, after_fork);
}

static torch_Generator *of_process(void)
{
    pthread_once(&once, start);
    return &process_generator;
}

static _Thread_local torch_Generator *of_thread; /* stands in for the process's; NULL: none does */

void cer_generator_of_thread(torch_Generator *g)
{
    of_thread = g;
}

torch_Generator *torch_default_generator(void)
{
    return of_thread ? of_thread : of_process();
}

torch_Generator *cer_generator_lock(torch_Generator *g)
{
    torch_Generator *usual = torch_default_generator();
    if (!g) g = usual;
    pthread_mutex_lock(&g->lock);
    return g;
}

void cer_generator_unlock(torch_Generator *g)
{
    pthread_mutex_unlock(&g->lock);
}

torch_Generator *torch_Generator_new(void)
{
    if (cer_error_pending()) return NULL;
    torch_Generator *g = cer_alloc(sizeof *g), *first = of_process();
    if (!g) {
        cer_raise_memory("Generator", sizeof *g);
        return NULL;
    }
    *g = (torch_Generator){.previous = first};
    pthread_mutex_init(&g->lock, NULL);
    seed_engine(g, first_seed);
    pthread_mutex_lock(&list_lock);
    g->next = first->next;
    if (g->next) g->next->previous = g;
    first->next = g;
    pthread_mutex_unlock(&list_lock);
    return g;
}

void torch_Generator_free(torch_Generator *g)
{
    if (!g || g == &process_generator) return;
    pthread_mutex_lock(&list_lock);
    g->previous->next = g->next;
    if (g->next) g->next->previous = g->previous;
    pthread_mutex_unlock(&list_lock);
    pthread_mutex_destroy(&g->lock);
    cer_free(g, sizeof *g);
}

/* ---- seeds ------------------------------------------------------------------------------------------------------- */

static bool given(const torch_Generator *g, const char *op)
{
    if (cer_error_pending()) return false;
    return g ||
           cer_raise(TORCH_TYPE_ERROR, op, "%s(): argument (position 1) must be torch.Generator, not NoneType", op);
}

static void reseed(torch_Generator *g, uint64_t seed)
{
    cer_generator_lock(g);
    seed_engine(g, seed);
    cer_generator_unlock(g);
}

torch_Generator *torch_Generator_manual_seed(torch_Generator *g, int64_t seed)
{
    if (!given(g, "manual_seed")) return NULL;
    reseed(g, (uint64_t)seed);
    return g;
}

uint64_t torch_Generator_seed(torch_Generator *g)
{
    if (!given(g, "seed")) return 0;
    uint64_t seed = system_seed();
    reseed(g, seed);
    return seed;
}

uint64_t torch_Generator_initial_seed(const torch_Generator *g)
{
    if (!given(g, "initial_seed")) return 0;
    torch_Generator *own =
        cer_generator_lock((torch_Generator *)(uintptr_t)g); /* const for the caller: only the lock moves */
    uint64_t seed = own->seed;
    cer_generator_unlock(own);
    return seed;
}

torch_Generator *torch_manual_seed(int64_t seed)
{
    return torch_Generator_manual_seed(torch_default_generator(), seed);
}

uint64_t torch_initial_seed(void)
{
    return torch_Generator_initial_seed(torch_default_generator());
}

uint64_t torch_seed(void)
{
    return torch_Generator_seed(torch_default_generator());
}

/* ---- the state as bytes: PyTorch's layout ------------------------------------------------------------------------ */

typedef struct State {
    uint64_t seed;
    int32_t left, seeded;
    uint64_t at, word[N];
    double uniform, normal, radius; /* the first and the last: only in states of before PyTorch 1.6, which end... */
    int32_t has_normal, padding;    /* ... here. They hold what the normal is made of, rather than the normal */
    float normal_float;
    uint8_t has_float, tail[3];
} State;
enum { LEGACY_BYTES = TORCH_RNG_STATE_BYTES - 8 };
_Static_assert(sizeof(State) == TORCH_RNG_STATE_BYTES, "the layout of PyTorch's state");

static void write_state(torch_Generator *g, State *s)
{
    memset(s, 0, sizeof *s);
    g = cer_generator_lock(g);
    s->seed = g->seed;
    s->left = g->left;
    s->seeded = 1;
    s->at = g->at;
    for (int i = 0; i < N; i++) s->word[i] = g->word[i];
    s->has_normal = g->has_normal;
    s->normal = g->has_normal ? g->normal : 0;
    s->has_float = g->has_float;
    s->normal_float = g->has_float ? g->normal_float : 0;
    cer_generator_unlock(g);
}

static bool read_state(torch_Generator *g, const State *s, bool legacy)
{
    if (!s->seeded || s->left <= 0 || s->left > N || s->at > N)
        return cer_raise(TORCH_RUNTIME_ERROR, "set_state", "Invalid mt19937 state");
    g = cer_generator_lock(g);
    g->seed = s->seed;
    g->left = s->left;
    g->at = (uint32_t)s->at;
    for (int i = 0; i < N; i++) g->word[i] = (uint32_t)s->word[i];
    g->has_normal = s->has_normal != 0;
    g->normal = legacy ? s->radius * sin(2.0 * 3.14159265358979323846 * s->uniform) : s->normal;
    g->has_float = s->has_float != 0;
    g->normal_float = s->normal_float;
    cer_generator_unlock(g);
    return true;
}

Tensor *torch_Generator_get_state(torch_Generator *g)
{
    const int64_t size[1] = {TORCH_RNG_STATE_BYTES};
    if (!given(g, "get_state")) return NULL;
    Tensor *t = cer_empty(torch_uint8, 1, size);
    if (t) write_state(g, (State *)(void *)t->data);
    return t;
}

static bool check_state(const Tensor *t)
{
    if (!t) return cer_raise(TORCH_TYPE_ERROR, "set_state", "expected a torch.ByteTensor, but got NoneType");
    if (!cer_usable(t, "set_state", 1)) return false;
    if (t->dtype != torch_uint8)
        return cer_raise(TORCH_TYPE_ERROR, "set_state", "RNG state must be a torch.ByteTensor");
    if (!t->contiguous) return cer_raise(TORCH_RUNTIME_ERROR, "set_state", "RNG state must be contiguous");
    if (t->numel != TORCH_RNG_STATE_BYTES && t->numel != LEGACY_BYTES)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "set_state",
            "Expected either a CPUGeneratorImplStateLegacy of size %d or a CPUGeneratorImplState of size %d "
            "but found the input RNG state size to be %lld",
            LEGACY_BYTES, TORCH_RNG_STATE_BYTES, (long long)t->numel);
    return true;
}

int torch_Generator_set_state(torch_Generator *g, Tensor *state)
{
    if (!given(g, "set_state") || !check_state(state)) return torch_error_code();
    State s = {0};
    memcpy(&s, state->data, (size_t)state->numel);
    return read_state(g, &s, state->numel == LEGACY_BYTES) ? TORCH_OK : torch_error_code();
}

Tensor *torch_get_rng_state(void)
{
    return torch_Generator_get_state(torch_default_generator());
}

int torch_set_rng_state(Tensor *state)
{
    return torch_Generator_set_state(torch_default_generator(), state);
}

void torch_fork_rng_begin(torch_RngState *saved) /* while an error is pending too: the end may not miss it */
{
    State s;
    if (!saved) return;
    write_state(NULL, &s);
    memcpy(saved->bytes, &s, sizeof s);
}

void torch_fork_rng_end(const torch_RngState *saved)
{
    State s;
    if (!saved) return;
    memcpy(&s, saved->bytes, sizeof s);
    read_state(NULL, &s, false);
}
