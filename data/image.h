/* Inside data: decoders of images. Never installed. */
#ifndef CERILLA_IMAGE_H
#define CERILLA_IMAGE_H

#include "core/impl.h"
#include "vision.h"

typedef struct cer_Image { /* what a decoder works on: outlives its longjmp */
    const unsigned char *from;
    size_t bytes, at; /* of the file; how much was read */
    torchvision_io_ImageReadMode mode;
    Tensor *pixels; /* (height, width, channels), uint8; borrowed */
    unsigned char **row;
    size_t rows;
    char message[256];
} cer_Image;

/* Room for the pixels, and pointers to the rows. False after raising; sizes may be anything. */
bool cer_image_room(cer_Image *i, const char *op, uint64_t width, uint64_t height, uint64_t channels);

/* Into i->pixels. False after raising. Without the library they only raise. */
bool cer_decode_png(cer_Image *i);
bool cer_decode_jpeg(cer_Image *i);

#endif
