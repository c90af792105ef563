#ifndef CERILLA_NN_H
#define CERILLA_NN_H
#endif
