#ifndef CERILLA_OPTIM_H
#define CERILLA_OPTIM_H
#endif
