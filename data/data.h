#ifndef CERILLA_DATA_H
#define CERILLA_DATA_H
#endif
