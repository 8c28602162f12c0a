"""Decode image files to RGB pixels of a given size with bounded memory."""

import contextlib
import io
import threading

import numpy as np
import simplejpeg
import torch
from PIL import Image
from torch.nn import functional as F

from lesionflow.data.headers import Bare, strip_metadata

MAX_PIXELS = 89_478_485  # as Pillow
MAX_SIDE = 65_535  # pixels, the limit of JPEG
MAX_MEMORY = 1 << 28  # bytes for decoding one image, without its file: 8000 × 8000 pixels in Pillow
LARGE = 1 << 26  # bytes; larger images are decoded one at a time
BAND = 1 << 20  # pixels converted and resized at once
BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # per pixel in Pillow; 4 for all other modes

large_images = threading.Lock()


def decode(data: bytes, size: int, nearest: bool = False) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode to an RGB image, uint8 [size, size, 3], in EXIF orientation; also return its displayed (width, height).

    JPEGs are decoded at the smallest DCT scale of at least `size`, which saves most of the time. `nearest` samples the
    nearest pixels of the full image instead of resizing, the default of Keras. 16-bit grey is scaled to 8 bits,
    transparency is ignored, and only the first frame is read. Raises ValueError, OSError, SyntaxError or
    Image.DecompressionBombError if the file is damaged, has another format or needs more than MAX_MEMORY.
    """
    bare = strip_metadata(data)
    fast = None if nearest or bare.kind != "JPEG" else decode_jpeg(bare, size)
    pixels, (width, height) = fast or decode_any(bare, size, nearest)
    if bare.orientation >= 5:
        pixels, (width, height) = pixels.swapaxes(0, 1), (height, width)
    if bare.orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if bare.orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels), (width, height)


def decode_jpeg(bare: Bare, size: int) -> tuple[np.ndarray, tuple[int, int]] | None:
    """Decode a JPEG to a square RGB image; also return (width, height) of the file.

    Returns None for corrupt or unusual JPEGs (e.g. CMYK), which fall back to Pillow.
    """
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(bare.data)
    except ValueError:
        return None
    scaled = width * height // (1 if min(width, height) < 2 * size else 4)
    with room((width, height), bare.held + 3 * scaled), contextlib.suppress(ValueError):
        pixels = simplejpeg.decode_jpeg(bare.data, "RGB", min_height=size, min_width=size)
        return resize(pixels, size, size), (width, height)
    return None


def decode_any(bare: Bare, size: int, nearest: bool) -> tuple[np.ndarray, tuple[int, int]]:
    """As `decode_jpeg`, with Pillow, for all formats; holds the full image in memory."""
    with Image.open(io.BytesIO(bare.data), formats=[bare.kind]) as image:
        if image.mode in ("I", "F"):
            raise ValueError("the range of its 32-bit values is unknown: save it with 8 or 16 bits")
        width, height = image.size
        with room(image.size, bare.held + width * height * BYTES.get(image.mode, 4) + strip_bytes(image)):
            white = grey_levels(image)
            if nearest:
                return to_rgb(image.resize((size, size), Image.Resampling.NEAREST), white), image.size
            rows = max(1, BAND // width)
            bands = (image.crop((0, top, width, min(top + rows, height))) for top in range(0, height, rows))
            # Horizontal before vertical, as in a resize of the full image: the bytes are equal.
            narrow = [resize(to_rgb(band, white), band.height, size) for band in bands]
            return resize(np.concatenate(narrow), size, size), image.size


def room(size: tuple[int, int], needed: int) -> contextlib.AbstractContextManager:
    """Return a context to decode an image in, a lock if it is large. Raises ValueError if it is too large."""
    if max(size) > MAX_SIDE or size[0] * size[1] > MAX_PIXELS or needed > MAX_MEMORY:
        raise ValueError(
            f"{size[0]} × {size[1]} pixels are too many to decode in {MAX_MEMORY >> 20} MB: make it smaller"
        )
    return large_images if needed > LARGE else contextlib.nullcontext()


def strip_bytes(image: Image.Image) -> int:
    """Return the bytes that libtiff decodes at once for a TIFF; 0 for other formats."""
    tags = getattr(image, "tag_v2", {})
    width, height = tags.get(322, image.width), tags.get(323, min(tags.get(278, image.height), image.height))
    return width * height * sum(tags.get(258, (0,))) // 8


def grey_levels(image: Image.Image) -> tuple[int, int]:
    """Return the values of black and white in a grey image with up to 16 bits, stored in 16."""
    tags = getattr(image, "tag_v2", {})
    white = 2 ** tags.get(258, (16,))[0] - 1
    return (white, 0) if tags.get(262) == 0 else (0, white)


def to_rgb(image: Image.Image, levels: tuple[int, int]) -> np.ndarray:
    """Return RGB pixels, uint8 [h, w, 3], of an image of any mode; `levels` are black and white of 16-bit grey."""
    if not image.mode.startswith("I;16"):
        return np.array(image.convert("RGB"))
    black, white = levels
    grey = np.rint((np.asarray(image, np.float32) - black) * (255 / (white - black)))
    return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)


@torch.inference_mode()
def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize an RGB image, uint8 [h, w, 3], to [height, width, 3]: bicubic, antialiased, aspect ratio ignored."""
    batch = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    resized = F.interpolate(batch, (height, width), mode="bicubic", antialias=True)
    return resized[0].permute(1, 2, 0).contiguous().numpy()
