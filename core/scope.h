/* Scopes, slots and contexts: who owns a result. The contract stands at the top of cerilla.h. */
#ifndef CERILLA_SCOPE_H
#define CERILLA_SCOPE_H

#include "error.h"

TORCH_BEGIN

/* ---- scopes ---------------------------------------------------------------------------------------------------------
 * torch_scope();     a declaration: what is made from here on ends with this block, however it is left
 * The functions beneath, for other compilers and languages: push returns a mark, pop ends the scope with that mark
 * and all that were opened inside it. Popping a mark that is gone does nothing. */
TORCH_API int64_t torch_scope_push(void);
TORCH_API void torch_scope_pop(int64_t mark);
TORCH_API void torch_scope_leave(int64_t *mark); /* pop, in the form that a cleanup attribute wants */
TORCH_API int64_t torch_scope_depth(void);       /* open scopes of this context */
/* hand t to the scope around the innermost one; returns t. NULL passes */
TORCH_API Tensor *torch_escape(Tensor *t);

#ifdef TORCH_CLEANUP
#define torch_scope() TORCH_CLEANUP(torch_scope_leave) int64_t TORCH_JOIN(torch_scope_, __LINE__) = torch_scope_push()
#endif

/* ---- slots ----------------------------------------------------------------------------------------------------------
 * A variable that keeps a tensor across scopes: torch_Slot h = {0}; torch_set(&h, t); ... h.t ...; torch_clear(&h) */
typedef struct torch_Slot {
    Tensor *t;
} torch_Slot;
/* retains t, releases the old. Refuses while an error is pending */
TORCH_API int torch_set(torch_Slot *slot, Tensor *t);
TORCH_API void torch_clear(torch_Slot *slot); /* releases; always works */

/* What slots are made of, for bindings: new reference, and its end. NULL passes. */
TORCH_API Tensor *torch_retain(Tensor *t);
TORCH_API void torch_release(Tensor *t);

/* Allow other threads to hold t: its count and its storage's become atomic. x.share_memory_(). Returns t. */
TORCH_API Tensor *torch_share_memory_(Tensor *t);

/* ---- contexts -------------------------------------------------------------------------------------------------------
 * Error record, scope stack and grad mode. A thread gets one by itself; coroutines and foreign run times bring theirs. */
typedef struct torch_Context torch_Context;
TORCH_API torch_Context *torch_context_new(void); /* owned; NULL when out of memory */
/* ends its scopes; not the current one of any thread */
TORCH_API void torch_context_free(torch_Context *context);
/* make it current (NULL: the thread's own); the old */
TORCH_API torch_Context *torch_context_swap(torch_Context *context);

/* ---- memory ---------------------------------------------------------------------------------------------------------
 * torch.cuda.empty_cache(), for the CPU: gives the large blocks that the calling thread keeps for its next tensors (256 MiB at
 * most) back to the system. */
TORCH_API void torch_empty_cache(void);

/* ---- for tests --------------------------------------------------------------------------------------------------- */
TORCH_API int64_t torch_live_tensors(void);      /* tensors of the process that are not freed yet */
TORCH_API int64_t torch_live_nodes(void);        /* graph nodes that are not freed yet */
TORCH_API void torch_fail_allocation(int64_t k); /* the k-th allocation of this thread from now fails; 0: none does */
TORCH_API int64_t torch_allocations(void);       /* allocations asked for by this thread so far */

TORCH_END

#endif
