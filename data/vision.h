/* torchvision's readers: images, and the files of MNIST. Needs libpng and libjpeg where they are used: without them a
 * RuntimeError says which is missing. Files are not trusted: what is cut short, contradicts itself or would unpack to
 * absurd sizes is an error. */
#ifndef CERILLA_VISION_H
#define CERILLA_VISION_H

#include "dataset.h"

TORCH_BEGIN

/* torchvision.io.ImageReadMode: which channels; UNCHANGED: the file's */
typedef enum torchvision_io_ImageReadMode {
    TORCHVISION_IO_UNCHANGED,
    TORCHVISION_IO_GRAY,
    TORCHVISION_IO_GRAY_ALPHA,
    TORCHVISION_IO_RGB,
    TORCHVISION_IO_RGB_ALPHA
} torchvision_io_ImageReadMode;

/* torchvision.io.read_file(path): its bytes: (n), uint8. OSError.      NULL */
TORCH_API Tensor *torchvision_io_read_file(const char *path);
/* torchvision.io.decode_image(input, mode=UNCHANGED): (n), uint8 -> (channels, height, width), uint8. RuntimeError
 * "Unsupported image file. Only jpeg and png are currently supported.", "At most 8-bit PNG images are supported
 * currently.", "Image is incomplete or truncated", and libpng's and libjpeg's. ValueError beyond 178956970 pixels.
 * NULL then */
TORCH_API Tensor *torchvision_io_decode_image_mode(Tensor *input, torchvision_io_ImageReadMode mode);
#define torchvision_io_decode_image(...) torchvision_io_decode_image_(__VA_ARGS__, TORCHVISION_IO_UNCHANGED, )
#define torchvision_io_decode_image_(input, mode, ...) torchvision_io_decode_image_mode(input, mode)
/* torchvision.io.read_image(path, mode=UNCHANGED): both.      NULL */
TORCH_API Tensor *torchvision_io_read_image_mode(const char *path, torchvision_io_ImageReadMode mode);
#define torchvision_io_read_image(...) torchvision_io_read_image_(__VA_ARGS__, TORCHVISION_IO_UNCHANGED, )
#define torchvision_io_read_image_(path, mode, ...) torchvision_io_read_image_mode(path, mode)

/* torchvision.datasets.mnist.read_sn3_pascalvincent_tensor(path): an IDX file, packed by gzip or not: 1 to 3 dimensions
 * of uint8, int8, int16, int32, float32 or float64. ValueError for anything else, and where its size is not what it
 * says.      NULL */
TORCH_API Tensor *torchvision_datasets_mnist_read_sn3_pascalvincent_tensor(const char *path);
TORCH_API Tensor *
torchvision_datasets_mnist_read_image_file(const char *path); /* (n, height, width), uint8;      NULL */
TORCH_API Tensor *torchvision_datasets_mnist_read_label_file(const char *path); /* (n), uint8 -> int64;      NULL */
/* torchvision.datasets.MNIST(root, train, transform=ToTensor()): root/MNIST/raw/train-images-idx3-ubyte or ....gz and
 * its like: images (1, height, width), float32 in [0, 1], and labels, int64; owned. RuntimeError "Dataset not found.
 * You can use download=True to download it".      NULL */
TORCH_API torch_utils_data_Dataset *torchvision_datasets_MNIST(const char *root, bool train);

TORCH_END

#endif
