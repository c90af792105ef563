/* Threads and contexts: who is running, and what ends with them. */
#include <pthread.h>
#include <stdlib.h>

#include "impl.h"

void cer_cache_release(struct cer_Cache *cache);
void cer_tensor_quarantine_release(void);

#if defined(__GNUC__)
_Thread_local cer_Thread *cer_thread_pointer __attribute__((tls_model("initial-exec")));
#else
_Thread_local cer_Thread *cer_thread_pointer;
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list and the two sums */
static cer_Thread *threads;
static int64_t ended_tensors, ended_nodes; /* counts of threads that have ended */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void context_init(torch_Context *c)
{
    c->n_handlers = 1;
    c->handler[0] = torch_error_print;
}

static void context_end(torch_Context *c)
{
    cer_pool_unwind(c, 0);
    cer_free(c->pool.item, (size_t)c->pool.capacity * sizeof *c->pool.item);
    cer_free(c->pool.mark, (size_t)c->pool.mark_capacity * sizeof *c->pool.mark);
    c->pool = (cer_Pool){0};
}

static void thread_end(void *p)
{
    cer_Thread *t = p;
    cer_thread_pointer = t; /* the key's destructor runs late: make the thread itself again */
    context_end(&t->own);
    cer_tensor_quarantine_release();
    pthread_mutex_lock(&lock);
    ended_tensors += t->live_tensors;
    ended_nodes += t->live_nodes;
    if (t->previous)
        t->previous->next = t->next;
    else
        threads = t->next;
    if (t->next) t->next->previous = t->previous;
    pthread_mutex_unlock(&lock);
    cer_cache_release(t->cache);
    cer_thread_pointer = NULL;
    free(t);
}

static void process_end(void) /* the main thread's key destructor does not run at exit() */
{
    cer_Thread *t = cer_thread_pointer;
    if (!t) return;
    pthread_setspecific(key, NULL);
    thread_end(t);
}

static void key_create(void)
{
    pthread_key_create(&key, thread_end);
    atexit(process_end);
}

cer_Thread *cer_thread_start(void)
{
    static cer_Thread emergency; /* no memory even for this: every call then reports it, and nothing else works */
    pthread_once(&once, key_create);
    cer_Thread *t = calloc(1, sizeof *t);
    if (!t) {
        t = &emergency;
        t->own.code = TORCH_MEMORY_ERROR;
        t->context = &t->own;
        return t;
    }
    context_init(&t->own);
    t->context = &t->own;
    pthread_mutex_lock(&lock);
    t->next = threads;
    if (threads) threads->previous = t;
    threads = t;
    pthread_mutex_unlock(&lock);
    pthread_setspecific(key, t);
    cer_thread_pointer = t;
    return t;
}

torch_Context *torch_context_new(void)
{
    torch_Context *c = cer_alloc(sizeof *c);
    if (!c) {
        cer_raise_memory("context_new", sizeof *c);
        return NULL;
    }
    *c = (torch_Context){0};
    context_init(c);
    return c;
}

void torch_context_free(torch_Context *c)
{
    if (!c || c == cer_context() || c == &cer_thread()->own) return;
    torch_Context *before = torch_context_swap(c); /* what ends, ends in its own context */
    context_end(c);
    torch_context_swap(before);
    cer_free(c, sizeof *c);
}

torch_Context *torch_context_swap(torch_Context *c)
{
    cer_Thread *t = cer_thread();
    torch_Context *before = t->context;
    t->context = c ? c : &t->own;
    return before;
}

static int64_t count(bool nodes)
{
    cer_thread();
    pthread_mutex_lock(&lock);
    int64_t n = nodes ? ended_nodes : ended_tensors;
    for (const cer_Thread *t = threads; t; t = t->next)
        n += atomic_load_explicit(nodes ? &t->live_nodes : &t->live_tensors, memory_order_relaxed);
    pthread_mutex_unlock(&lock);
    return n;
}

int64_t torch_live_tensors(void)
{
    return count(false);
}

int64_t torch_live_nodes(void)
{
    return count(true);
}
