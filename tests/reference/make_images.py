"""Writes small images and IDX files with Pillow, and what Pillow reads in them, into tests/data/images.inc.

    python3 tests/reference/make_images.py     (with Pillow 9.4)"""
import gzip
import io
import os
import struct
import zlib

from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))


def packed(image, kind, **options):
    f = io.BytesIO()
    image.save(f, kind, **options)
    return f.getvalue()


def planes(image):
    """(channels, height, width)"""
    bands = image.getbands()
    pixels = list(image.getdata())
    return [p[k] if len(bands) > 1 else p for k in range(len(bands)) for p in pixels]


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width, height, depth, color, data, interlaced=0):
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, color, 0, 0, interlaced))
            + chunk(b'IDAT', zlib.compress(data)) + chunk(b'IEND', b''))


def interlaced():
    """An 8 x 8 grey image in the seven passes of Adam7; its pixel (x, y) is 8 y + x."""
    rows = b''
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        for y in range(y0, 8, dy):
            rows += b'\0' + bytes(8 * y + x for x in range(x0, 8, dx))
    return png(8, 8, 8, 0, rows, 1)


def main():
    color = Image.new('RGBA', (5, 4))
    color.putdata([(x * 50, y * 60, 255 - x * y * 20, 255 - 12 * (5 * y + x)) for y in range(4) for x in range(5)])
    rgb, grey = color.convert('RGB'), color.convert('L')
    palette = rgb.quantize(6)
    images = {'rgb': packed(rgb, 'PNG'), 'rgba': packed(color, 'PNG'), 'grey': packed(grey, 'PNG'),
              'grey_alpha': packed(color.convert('LA'), 'PNG'), 'bits': packed(grey.convert('1'), 'PNG'),
              'palette': packed(palette, 'PNG'), 'transparent': packed(palette, 'PNG', transparency=2),
              'interlaced': interlaced(), 'jpeg_rgb': packed(rgb.resize((19, 17)), 'JPEG'),
              'jpeg_grey': packed(grey, 'JPEG'), 'jpeg_progressive': packed(rgb, 'JPEG', progressive=True)}
    pixels = {name: planes(Image.open(io.BytesIO(data)).convert(
        {'palette': 'RGB', 'transparent': 'RGBA', 'bits': 'L'}.get(name) or Image.open(io.BytesIO(data)).mode))
        for name, data in images.items()}
    pixels['jpeg_rgb_as_grey'] = planes(Image.open(io.BytesIO(images['jpeg_rgb'])).convert('RGB'))
    draft = Image.open(io.BytesIO(images['jpeg_rgb']))
    draft.draft('L', draft.size)
    pixels['jpeg_rgb_as_grey'] = planes(draft)
    pixels['grey_as_rgb'] = planes(grey.convert('RGB'))
    bombs = {'deep': png(5, 4, 16, 0, bytes(44)), 'huge': png(60000, 60000, 8, 2, bytes(100000)),
             'claims': png(13000, 13000, 8, 2, bytes(100)), 'short_data': png(50, 50, 8, 0, bytes(60))}
    idx = {'idx_images': b'\0\0\x08\x03' + struct.pack('>III', 2, 2, 3) + bytes(range(12)),
           'idx_labels': b'\0\0\x08\x01' + struct.pack('>I', 2) + b'\x07\x03',
           'idx_int16': b'\0\0\x0b\x01' + struct.pack('>Ihhh', 3, 1, -2, 300),
           'idx_int32': b'\0\0\x0c\x02' + struct.pack('>IIii', 1, 2, 70000, -5),
           'idx_float': b'\0\0\x0d\x01' + struct.pack('>Iff', 2, 0.5, -3),
           'idx_double': b'\0\0\x0e\x01' + struct.pack('>Id', 1, 0.1)}
    idx['idx_packed'] = gzip.compress(idx['idx_images'], mtime=0)
    idx['idx_bomb'] = gzip.compress(b'\0\0\x08\x01' + struct.pack('>I', 4) + bytes(1 << 20), mtime=0)
    idx['csv_packed'] = gzip.compress(b'1,2\n3,4\n', mtime=0)
    lines = ['/* Made by tests/reference/make_images.py with Pillow %s. */' % Image.__version__]
    for values, kind in ((images, 'file'), (bombs, 'file'), (idx, 'file'), (pixels, 'pixels')):
        for name, data in values.items():
            lines.append('static const unsigned char %s_%s[] = {%s};' % (kind, name, ', '.join(map(str, data))))
    with open(os.path.join(HERE, '..', 'data', 'images.inc'), 'w') as f:
        f.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
