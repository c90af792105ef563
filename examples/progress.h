/* A bar as tqdm draws it, on stderr, and only where that is a terminal:
 *
 *     loss 0.1234  45%|#########           | 90/200 */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdio.h>
#include <unistd.h>

/* Step `done` of `total` is behind us. */
static inline void progress(int done, int total, double loss)
{
    enum { WIDTH = 20 };
    if (!isatty(STDERR_FILENO)) return;
    int full = total > 0 ? done * WIDTH / total : WIDTH;
    fprintf(stderr, "\rloss %.4f %3d%%|%.*s%*s| %d/%d", loss, total > 0 ? done * 100 / total : 100, full,
            "####################", WIDTH - full, "", done, total);
    if (done == total) fputc('\n', stderr);
}

#endif
