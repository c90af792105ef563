/* The threads of a DataLoader. Batches stand in a ring: asked for by the loader, filled by worker i % n, taken in
 * order. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/generator.h"
#include "impl.h"
#include "ops/ops.h"

typedef torch_utils_data_DataLoaderArgs Args;
typedef torch_utils_data_WorkerInfo WorkerInfo;

typedef struct Job { /* one batch */
    int64_t *index, n, capacity;
    bool done;
    Tensor *out[TORCH_DATASET_FIELDS]; /* one reference each, of its worker's */
    torch_Code code;                   /* of what went wrong, and its text */
    char message[CER_MESSAGE];
} Job;

typedef struct Worker {
    cer_Workers *of;
    pthread_t thread;
    WorkerInfo info;
} Worker;

struct cer_Workers {
    const Args *args;
    int64_t fields;
    pthread_mutex_t lock; /* for what follows, and done of a job */
    pthread_cond_t asked_for, done;
    int64_t asked, taken; /* batches, since the pass began */
    bool stop;
    int64_t n, started, slots;
    Worker *worker; /* n */
    Job *ring;      /* slots = n prefetch_factor: batch i stands in i % slots */
};

static _Thread_local const WorkerInfo *this_worker;

const WorkerInfo *torch_utils_data_get_worker_info(void)
{
    return this_worker;
}

/* ---- in the worker's thread -------------------------------------------------------------------------------------- */

static bool may_cross(Tensor *t)
{
    if (!t) return true;
    if (t->node && !t->node->leaf)
        return cer_raise(TORCH_RUNTIME_ERROR, "DataLoader",
                         "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not "
                         "support crossing process boundaries.  If you just want to transfer the data, call detach() "
                         "on the tensor before serializing (e.g., putting it on the queue).");
    return torch_share_memory_(t) != NULL;
}

static void note_error(Job *job)
{
    job->code = torch_error_code();
    if (job->code) snprintf(job->message, sizeof job->message, "%s", torch_error());
    torch_error_clear();
}

static void drop(Job *job, int64_t fields)
{
    for (int64_t k = 0; k < fields; k++) cer_release(job->out[k]);
    memset(job->out, 0, sizeof job->out);
}

/* The worker's own error first: worker_init_fn failed. */
static void work(const cer_Workers *w, Job *job)
{
    drop(job, w->fields);
    int64_t scope = torch_scope_push();
    Tensor *out[TORCH_DATASET_FIELDS] = {NULL};
    bool fine = !cer_error_pending() && cer_dataset_batch(w->args, job->n, job->index, out);
    for (int64_t k = 0; fine && k < w->fields; k++) fine = may_cross(out[k]);
    for (int64_t k = 0; k < w->fields; k++) job->out[k] = fine ? torch_retain(out[k]) : NULL;
    torch_scope_pop(scope);
    note_error(job);
}

/* The job of batch i, as soon as it is asked for; NULL when the workers are to stop. */
static Job *wait_for_job(cer_Workers *w, int64_t i)
{
    pthread_mutex_lock(&w->lock);
    while (!w->stop && i >= w->asked) pthread_cond_wait(&w->asked_for, &w->lock);
    Job *job = w->stop ? NULL : &w->ring[i % w->slots];
    pthread_mutex_unlock(&w->lock);
    return job;
}

static void deliver(cer_Workers *w, Job *job)
{
    pthread_mutex_lock(&w->lock);
    job->done = true;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

static void *run(void *p)
{
    const Worker *me = p;
    cer_Workers *w = me->of;
    const Args *a = w->args;
    torch_push_error_handler(torch_error_silent, NULL); /* the loader tells */
    torch_Generator *g = torch_Generator_manual_seed(torch_Generator_new(), me->info.seed);
    cer_generator_of_thread(g);
    this_worker = &me->info;
    int code =
        a->worker_init_fn && !cer_error_pending() ? a->worker_init_fn(me->info.id, a->worker_init_data) : TORCH_OK;
    if (code != TORCH_OK)
        torch_error_raise((torch_Code)code, "worker_init_fn", "the function of the loader returned an error code");
    Job *job;
    for (int64_t i = me->info.id; (job = wait_for_job(w, i)); i += w->n) {
        work(w, job);
        deliver(w, job);
    }
    for (int64_t k = me->info.id; k < w->slots; k += w->n) drop(&w->ring[k], w->fields);
    this_worker = NULL;
    cer_generator_of_thread(NULL);
    torch_Generator_free(g);
    return NULL;
}

/* ---- in the loader's --------------------------------------------------------------------------------------------- */

static bool start_threads(cer_Workers *w, int64_t base_seed)
{
    for (; w->started < w->n; w->started++) {
        Worker *one = &w->worker[w->started];
        int64_t id = w->started, seed = (int64_t)((uint64_t)base_seed + (uint64_t)id);
        *one = (Worker){.of = w, .info = {id, w->n, seed, w->args->dataset}};
        if (pthread_create(&one->thread, NULL, run, one) != 0)
            return cer_raise(TORCH_RUNTIME_ERROR, "DataLoader", "can't start new thread");
    }
    return true;
}

cer_Workers *cer_workers_start(const Args *a, int64_t base_seed)
{
    int64_t n = a->num_workers, slots;
    if (!cer_dataset_share(a->dataset)) return NULL;
    if (__builtin_mul_overflow(n, a->prefetch_factor, &slots) || slots > INT64_MAX / (int64_t)sizeof(Job))
        return cer_raise_memory("DataLoader", (double)n * (double)a->prefetch_factor * sizeof(Job)), NULL;
    cer_Workers *w = cer_alloc(sizeof *w);
    Worker *worker = cer_alloc((size_t)n * sizeof *worker);
    Job *ring = cer_alloc((size_t)slots * sizeof *ring);
    if (!w || !worker || !ring) {
        cer_free(ring, (size_t)slots * sizeof *ring);
        cer_free(worker, (size_t)n * sizeof *worker);
        cer_free(w, sizeof *w);
        return cer_raise_memory("DataLoader", (double)slots * sizeof *ring), NULL;
    }
    memset(ring, 0, (size_t)slots * sizeof *ring);
    *w =
        (cer_Workers){.args = a, .fields = cer_batch_fields(a), .n = n, .slots = slots, .worker = worker, .ring = ring};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->asked_for, NULL);
    pthread_cond_init(&w->done, NULL);
    if (start_threads(w, base_seed)) return w;
    cer_workers_stop(w);
    return NULL;
}

void cer_workers_stop(cer_Workers *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->asked_for);
    pthread_mutex_unlock(&w->lock);
    for (int64_t k = 0; k < w->started; k++) pthread_join(w->worker[k].thread, NULL);
    for (int64_t k = 0; k < w->slots; k++) {
        Job *job = &w->ring[k];
        if (job->index) cer_free(job->index, (size_t)job->capacity * sizeof *job->index);
    }
    pthread_cond_destroy(&w->done);
    pthread_cond_destroy(&w->asked_for);
    pthread_mutex_destroy(&w->lock);
    cer_free(w->ring, (size_t)w->slots * sizeof *w->ring);
    cer_free(w->worker, (size_t)w->n * sizeof *w->worker);
    cer_free(w, sizeof *w);
}

bool cer_workers_full(const cer_Workers *w)
{
    return w->asked - w->taken == w->slots;
}

bool cer_workers_idle(const cer_Workers *w)
{
    return w->asked == w->taken;
}

static bool room(Job *job, int64_t n)
{
    if (n <= job->capacity) return true;
    int64_t *grown = cer_grow(job->index, (size_t)job->capacity * sizeof *grown, (size_t)n * sizeof *grown);
    if (!grown) return cer_raise_memory("DataLoader", (double)n * sizeof *grown);
    job->index = grown;
    job->capacity = n;
    return true;
}

bool cer_workers_ask(cer_Workers *w, int64_t n, const int64_t *index)
{
    Job *job = &w->ring[w->asked % w->slots]; /* taken: no worker looks at it */
    if (!room(job, n)) return false;
    memcpy(job->index, index, (size_t)n * sizeof *index);
    job->n = n;
    job->done = false;
    pthread_mutex_lock(&w->lock);
    w->asked++;
    pthread_cond_broadcast(&w->asked_for);
    pthread_mutex_unlock(&w->lock);
    return true;
}

/* Copies for the caller. The worker drops its own, so that memory goes round within each thread; handed over, all of it
 * would gather in the caller's caches. */
static bool receive(const cer_Workers *w, const Job *job, Tensor **out)
{
    int64_t scope = torch_scope_push(); /* nothing of the worker's is held when it gets the next job */
    for (int64_t k = 0; k < w->fields; k++) {
        Tensor *t = job->out[k];
        out[k] = t ? torch_clone(torch_detach(t)) : NULL;
        if (t && t->flags & CER_REQUIRES_GRAD) torch_requires_grad_(out[k], true);
    }
    bool fine = !cer_error_pending();
    for (int64_t k = 0; k < w->fields; k++) out[k] = fine ? torch_escape(out[k]) : NULL;
    torch_scope_pop(scope);
    return fine;
}

bool cer_workers_take(cer_Workers *w, Tensor **out)
{
    int64_t i = w->taken++;
    Job *job = &w->ring[i % w->slots];
    pthread_mutex_lock(&w->lock);
    while (!job->done) pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (!job->code) return receive(w, job, out);
    return cer_raise(job->code, "DataLoader", "Caught %s in DataLoader worker thread %lld.\nOriginal error:\n%s: %s",
                     cer_code_name(job->code), (long long)(i % w->n), cer_code_name(job->code), job->message);
}
