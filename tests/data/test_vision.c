/* Images and IDX files beside Pillow's reading (reference/make_images.py), and files that are not what they claim. */
#include <stdio.h>
#include <unistd.h>

#include "core/interchange.h"
#include "core/print.h"
#include "data/data.h"
#include "data/vision.h"
#include "ops/ops.h"
#include "tests/support.h"

#include "images.inc"

static Tensor *bytes_of(const unsigned char *file, int64_t n)
{
    return torch_clone(torch_from_blob((void *)(uintptr_t)file, n, .dtype = torch_uint8));
}
#define DECODE(name, mode) torchvision_io_decode_image_mode(bytes_of(file_##name, sizeof file_##name), mode)

static void check_pixels(const Tensor *t, const unsigned char *expected, int64_t n, int tolerance)
{
    ck_assert_no_error();
    ck_assert_int_eq(torch_numel(t), n);
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(abs((int)support_element(t, i) - expected[i]) <= tolerance, "element %lld is %g, not %d",
                      (long long)i, support_element(t, i), expected[i]);
}
#define CHECK(t, name) check_pixels(t, pixels_##name, sizeof pixels_##name, 0)

START_TEST(reads_png)
{
    Tensor *t = DECODE(rgb, TORCHVISION_IO_UNCHANGED);
    ck_assert_shape(t, 3, 4, 5);
    ck_assert_int_eq(torch_stride(t, 0), 1); /* as torchvision's: permuted */
    CHECK(t, rgb);
    CHECK(DECODE(rgba, TORCHVISION_IO_UNCHANGED), rgba);
    CHECK(DECODE(grey, TORCHVISION_IO_UNCHANGED), grey);
    CHECK(DECODE(grey_alpha, TORCHVISION_IO_UNCHANGED), grey_alpha);
    CHECK(DECODE(bits, TORCHVISION_IO_UNCHANGED), bits);
    CHECK(DECODE(palette, TORCHVISION_IO_UNCHANGED), palette);
    CHECK(DECODE(transparent, TORCHVISION_IO_UNCHANGED), transparent);
    CHECK(DECODE(interlaced, TORCHVISION_IO_UNCHANGED), interlaced);
    CHECK(DECODE(rgba, TORCHVISION_IO_RGB), rgb);
    CHECK(DECODE(palette, TORCHVISION_IO_RGB), palette);
    CHECK(DECODE(grey, TORCHVISION_IO_RGB), grey_as_rgb);
    CHECK(DECODE(grey_alpha, TORCHVISION_IO_GRAY), grey);
    check_pixels(DECODE(rgb, TORCHVISION_IO_GRAY), pixels_grey, sizeof pixels_grey, 1);
    check_pixels(DECODE(rgba, TORCHVISION_IO_GRAY_ALPHA), pixels_grey_alpha, sizeof pixels_grey_alpha, 1);
    t = DECODE(grey, TORCHVISION_IO_RGB_ALPHA);
    ck_assert_shape(t, 4, 4, 5);
    ck_assert_int_eq((int)support_element(t, 79), 255);
}
END_TEST

START_TEST(reads_jpeg)
{
    Tensor *t = DECODE(jpeg_rgb, TORCHVISION_IO_UNCHANGED);
    ck_assert_shape(t, 3, 17, 19);
    CHECK(t, jpeg_rgb);
    CHECK(DECODE(jpeg_grey, TORCHVISION_IO_UNCHANGED), jpeg_grey);
    CHECK(DECODE(jpeg_progressive, TORCHVISION_IO_RGB), jpeg_progressive);
    t = DECODE(jpeg_rgb, TORCHVISION_IO_GRAY);
    ck_assert_shape(t, 1, 17, 19);
    CHECK(t, jpeg_rgb_as_grey);
    ck_assert_shape(DECODE(jpeg_grey, TORCHVISION_IO_RGB), 3, 4, 5);
}
END_TEST

START_TEST(refuses_images)
{
    ck_assert_ptr_null(DECODE(idx_images, TORCHVISION_IO_UNCHANGED));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Unsupported image file. Only jpeg and png are currently supported.");
    ck_assert_ptr_null(DECODE(jpeg_rgb, TORCHVISION_IO_RGB_ALPHA));
    ck_assert_error(TORCH_RUNTIME_ERROR, "The provided mode is not supported for JPEG files");
    ck_assert_ptr_null(DECODE(rgb, (torchvision_io_ImageReadMode)9));
    ck_assert_error(TORCH_RUNTIME_ERROR, "The provided mode is not supported");
    ck_assert_ptr_null(DECODE(deep, TORCHVISION_IO_UNCHANGED));
    ck_assert_error(TORCH_RUNTIME_ERROR, "At most 8-bit PNG images are supported currently.");
    ck_assert_ptr_null(DECODE(claims, TORCHVISION_IO_UNCHANGED));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Image is incomplete or truncated");
    ck_assert_ptr_null(torchvision_io_decode_image(torch_zeros(3)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Expected a non empty 1-dimensional tensor");
    ck_assert_ptr_null(torchvision_io_read_image("/nowhere.png"));
    ck_assert_error(TORCH_OS_ERROR, "[Errno 2] No such file or directory: '/nowhere.png'");
    ck_assert_ptr_null(torchvision_io_read_image(NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "the path is NULL");
    ck_assert_ptr_null(DECODE(huge, TORCHVISION_IO_UNCHANGED));
    torch_error_clear();
    ck_assert_ptr_null(DECODE(short_data, TORCHVISION_IO_UNCHANGED));
    torch_error_clear();
}
END_TEST

/* Cut short anywhere, or with any byte turned around: an image or an error, and nothing worse. */
static void mistreat(const unsigned char *file, int64_t n, int64_t whole)
{
    for (int64_t k = 0; k < n; k++) {
        torch_scope();
        Tensor *cut = k ? torchvision_io_decode_image(bytes_of(file, k)) : NULL;
        if (k < whole) ck_assert_ptr_null(cut);
        torch_error_clear();
        Tensor *t = bytes_of(file, n);
        torch_fill_(torch_select(t, 0, k), 255 - file[k]);
        torchvision_io_decode_image_mode(t, (torchvision_io_ImageReadMode)(k % 5));
        torch_error_clear();
    }
}

START_TEST(survives_damage)
{
    mistreat(file_rgba, sizeof file_rgba, sizeof file_rgba - 12); /* without IEND it is an image to some */
    mistreat(file_transparent, sizeof file_transparent, sizeof file_transparent - 12);
    mistreat(file_interlaced, sizeof file_interlaced, sizeof file_interlaced - 12);
    mistreat(file_jpeg_rgb, sizeof file_jpeg_rgb, 600);
    mistreat(file_jpeg_progressive, sizeof file_jpeg_progressive, 600);
}
END_TEST

/* ---- IDX --------------------------------------------------------------------------------------------------------- */

static char place[64];

static const char *written(const char *name, const unsigned char *file, size_t n)
{
    static char path[128];
    snprintf(path, sizeof path, "%s%s", place, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(file, 1, n, f), n);
    fclose(f);
    return path;
}
#define WRITTEN(name) written("/one", file_##name, sizeof file_##name)
#define READ(name) torchvision_datasets_mnist_read_sn3_pascalvincent_tensor(WRITTEN(name))

static void make_place(void)
{
    strcpy(place, "/tmp/cerilla_visionXXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place));
}

static void remove_place(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", place);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(reads_idx)
{
    make_place();
    const double twelve[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    Tensor *t = READ(idx_images);
    ck_assert_shape(t, 2, 2, 3);
    ck_assert_tensor(t, 12, twelve, 0, 0);
    ck_assert_tensor(READ(idx_packed), 12, twelve, 0, 0);
    ck_assert_tensor(READ(idx_int16), 3, ((double[]){1, -2, 300}), 0, 0);
    ck_assert_tensor(READ(idx_int32), 2, ((double[]){70000, -5}), 0, 0);
    ck_assert_tensor(READ(idx_float), 2, ((double[]){0.5, -3}), 0, 0);
    ck_assert_tensor(READ(idx_double), 1, ((double[]){0.1}), 0, 0);
    t = torchvision_datasets_mnist_read_label_file(WRITTEN(idx_labels));
    ck_assert_int_eq(torch_dtype_of(t), torch_int64);
    ck_assert_tensor(t, 2, ((double[]){7, 3}), 0, 0);
    ck_assert_shape(torchvision_io_read_file(WRITTEN(idx_labels)), 10);
    ck_assert_shape(torchvision_io_read_image(WRITTEN(rgb), TORCHVISION_IO_GRAY), 1, 4, 5);
    pd_DataFrame *df = pd_read_csv(WRITTEN(csv_packed), .header = TORCH_NONE);
    ck_assert_tensor(pd_to_tensor(df, torch_float32), 4, ((double[]){1, 2, 3, 4}), 0, 0);
    ck_assert_tensor(pd_column(df, "1"), 2, ((double[]){2, 4}), 0, 0);
    pd_DataFrame_free(df);
    remove_place();
}
END_TEST

START_TEST(reads_mnist)
{
    make_place();
    char command[256];
    snprintf(command, sizeof command, "mkdir -p '%s/MNIST/raw'", place);
    ck_assert_int_eq(system(command), 0);
    ck_assert_ptr_null(torchvision_datasets_MNIST(place, true));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Dataset not found. You can use download=True to download it");
    written("/MNIST/raw/train-images-idx3-ubyte.gz", file_idx_packed, sizeof file_idx_packed);
    written("/MNIST/raw/train-labels-idx1-ubyte", file_idx_labels, sizeof file_idx_labels);
    torch_utils_data_Dataset *set = torchvision_datasets_MNIST(place, true);
    ck_assert_int_eq(torch_utils_data_Dataset_len(set), 2);
    Tensor *one[2];
    ck_assert_int_eq(torch_utils_data_Dataset_getitem(set, 1, one), TORCH_OK);
    ck_assert_shape(one[0], 1, 2, 3);
    ck_assert_tensor(one[0], 6, ((double[]){6 / 255., 7 / 255., 8 / 255., 9 / 255., 10 / 255., 11 / 255.}), 1e-7, 0);
    ck_assert_tensor(one[1], 1, ((double[]){3}), 0, 0);
    torch_utils_data_Dataset_free(set);
    remove_place();
}
END_TEST

START_TEST(refuses_idx)
{
    make_place();
    unsigned char file[sizeof file_idx_images];
    for (size_t n = 0; n < sizeof file_idx_images; n++) { /* cut short */
        ck_assert_ptr_null(
            torchvision_datasets_mnist_read_sn3_pascalvincent_tensor(written("/one", file_idx_images, n)));
        ck_assert_int_eq(torch_error_code(), TORCH_VALUE_ERROR);
        torch_error_clear();
    }
    for (size_t n = 0; n < sizeof file_idx_packed; n++) { /* the same, packed */
        ck_assert_ptr_null(
            torchvision_datasets_mnist_read_sn3_pascalvincent_tensor(written("/one", file_idx_packed, n)));
        torch_error_clear();
    }
    for (size_t k = 0; k < 16; k++) { /* with a header that lies */
        memcpy(file, file_idx_images, sizeof file);
        file[k] ^= 0x80;
        ck_assert_ptr_null(
            torchvision_datasets_mnist_read_sn3_pascalvincent_tensor(written("/one", file, sizeof file)));
        ck_assert_int_eq(torch_error_code(), TORCH_VALUE_ERROR);
        torch_error_clear();
    }
    ck_assert_ptr_null(READ(idx_bomb));
    ck_assert_error(TORCH_VALUE_ERROR, "not an IDX file: its length is not what its header says");
    ck_assert_ptr_null(torchvision_datasets_mnist_read_image_file(WRITTEN(idx_labels)));
    ck_assert_error(TORCH_VALUE_ERROR, "x should have 3 dimension instead of 1");
    ck_assert_ptr_null(torchvision_datasets_mnist_read_label_file(WRITTEN(idx_int16)));
    ck_assert_error(TORCH_TYPE_ERROR, "x should be of dtype torch.uint8 instead of torch.int16");
    remove_place();
}
END_TEST

static bool decode_one(int64_t which)
{
    torch_scope();
    Tensor *t = which == 0   ? DECODE(transparent, TORCHVISION_IO_RGB_ALPHA)
                : which == 1 ? DECODE(jpeg_grey, TORCHVISION_IO_RGB)
                             : READ(idx_packed);
    return t && !torch_error();
}

START_TEST(memory_runs_out)
{
    make_place();
    for (int64_t which = 0; which < 3; which++) {
        ck_assert(decode_one(which));
        int64_t n = torch_allocations();
        ck_assert(decode_one(which));
        n = torch_allocations() - n;
        for (int64_t k = 1; k <= n; k++) {
            torch_fail_allocation(k);
            bool fine = decode_one(which);
            torch_fail_allocation(0);
            ck_assert_msg(!fine, "file %lld: allocation %lld failed without an error", (long long)which, (long long)k);
            torch_error_clear();
        }
    }
    remove_place();
}
END_TEST

static TCase *images(void)
{
    return test_case("images", reads_png, reads_jpeg, refuses_images, survives_damage);
}

static TCase *idx(void)
{
    return test_case("idx", reads_idx, reads_mnist, refuses_idx, memory_runs_out);
}

SUITE_MAIN("vision", images, idx)
