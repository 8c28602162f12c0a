"""Drawing of the demo's lesions: appearance per class, and views of a lesion."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw
from scipy import ndimage

CANVAS = 320  # pixels per side
EXTENT = 1.35  # the canvas spans -EXTENT to EXTENT; half the short side of an image is about 1
# y and x of the pixels of a canvas
GRID = np.mgrid[-EXTENT : EXTENT : CANVAS * 1j, -EXTENT : EXTENT : CANVAS * 1j].astype(np.float32)
SKINS = np.array([(222, 172, 158), (206, 150, 150), (226, 196, 178), (228, 162, 160), (196, 152, 130)], float)
AMBIGUITY = 0.35  # maximum admixture of another class: 0 none, 1 complete


@dataclass(frozen=True)
class Look:
    """Dermoscopic appearance of a class: means, around which individual lesions vary widely."""

    share: float  # images out of 600
    age: float  # years
    colour: Sequence[float]  # RGB of the body
    second: Sequence[float]  # RGB of its patches
    mottle: float  # fraction of the body covered by patches
    radius: float
    irregular: float  # deviation of the border from an ellipse
    sharp: float  # sharpness of the border
    asymmetry: float = 0.1  # difference in darkness between the sides
    network: float = 0.0  # strength of the pigment network
    centre: float = 0.0  # strength of a central patch: veil, scar or keratin
    centre_colour: Sequence[float] = (238, 226, 222)
    dots: float = 0.0  # number of dots, globules, milia or lacunae
    dot_size: float = 0.04
    dot_colour: Sequence[float] = (70, 45, 40)
    vessels: float = 0.0  # number of branching vessels
    scale: float = 0.0  # strength of white-yellow flakes
    rim: float = 0.0  # strength of a coloured rim
    rim_colour: Sequence[float] = (205, 80, 80)


LOOKS = {
    "NV": Look(200, 45, (136, 92, 70), (106, 68, 52), 0.3, 0.45, 0.12, 9, 0.05, network=0.5, dots=4),
    "MEL": Look(100, 60, (114, 76, 66), (52, 40, 48), 0.5, 0.6, 0.4, 9, 0.45, network=0.25, dots=9,
                centre=0.5, centre_colour=(128, 136, 164)),
    "BCC": Look(80, 67, (212, 138, 138), (150, 104, 112), 0.25, 0.5, 0.3, 6, centre=0.15, dots=3, vessels=5),
    "BKL": Look(68, 65, (164, 118, 90), (130, 94, 76), 0.45, 0.58, 0.3, 22, network=0.1, scale=0.15,
                dots=14, dot_colour=(236, 210, 180)),
    "AK": Look(46, 68, (204, 118, 106), (180, 100, 92), 0.5, 0.55, 0.4, 4, vessels=1, scale=0.6, rim=0.2),
    "SCC": Look(40, 72, (206, 124, 114), (168, 92, 84), 0.4, 0.5, 0.3, 8, vessels=2, scale=0.3, rim=0.7,
                centre=0.8, centre_colour=(236, 214, 160)),
    "VASC": Look(34, 50, (172, 52, 76), (104, 36, 80), 0.4, 0.4, 0.15, 16,
                 dots=10, dot_size=0.09, dot_colour=(120, 30, 62)),
    "DF": Look(32, 52, (182, 128, 110), (160, 108, 94), 0.3, 0.45, 0.15, 5, 0.05, network=0.35,
               centre=0.9, rim=0.4, rim_colour=(150, 100, 82)),
}  # fmt: skip


def noise(random: Generator, cells: int) -> np.ndarray:
    """Return a smooth random field [n, n], mean 0 and standard deviation about 1, from `cells` points per side."""
    grid = Image.fromarray(random.normal(size=(cells, cells)).astype(np.float32))
    return np.asarray(grid.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC))


def soft(field: np.ndarray) -> np.ndarray:
    """Map `field` smoothly to 0 (well below zero) to 1 (well above)."""
    return 0.5 + 0.5 * np.tanh(field)


def paint(canvas: np.ndarray, mask: np.ndarray, colour: Sequence[float]) -> None:
    """Blend `colour` into `canvas` [3, n, n] in place, with `mask` [n, n] as opacity."""
    canvas += np.clip(mask, 0, 1) * (np.asarray(colour, np.float32)[:, None, None] - canvas)


def strokes(random: Generator, count: int, width: float, wobble: float, branching: float) -> np.ndarray:
    """Return a mask of `count` tapering lines that wander (`wobble`) and split (`branching`): vessels or hairs."""
    mask = Image.new("L", (CANVAS, CANVAS))
    pencil = ImageDraw.Draw(mask)
    starts = random.uniform(0.2 * CANVAS, 0.8 * CANVAS, (count, 2))
    tips = [(start, random.uniform(0, 2 * math.pi), width) for start in starts]
    while tips:
        place, angle, thick = tips.pop()
        while thick > 0.8:
            angle += random.normal(0, wobble)
            after = place + 8 * np.array([np.cos(angle), np.sin(angle)])
            pencil.line([*place, *after], fill=255, width=round(thick))
            place, thick = after, thick * 0.96
            if random.random() < branching:
                tips.append((place, angle + random.choice([-0.8, 0.8]), thick * 0.7))
    return ndimage.gaussian_filter(np.asarray(mask, np.float32) / 255, 0.7)


def blobs(random: Generator, count: int, size: float, spread: float) -> np.ndarray:
    """Return a mask of `count` round spots of about `size`, scattered around the centre with deviation `spread`."""
    mask = Image.new("L", (CANVAS, CANVAS))
    pencil = ImageDraw.Draw(mask)
    for _ in range(count):
        x, y = random.normal(0, spread, 2)
        r = size * random.uniform(0.5, 1.4)
        box = np.array([x - r, y - r, x + r, y + r])
        pencil.ellipse(list((box / EXTENT + 1) * CANVAS / 2), fill=255)
    return ndimage.gaussian_filter(np.asarray(mask, np.float32) / 255, 1 + 25 * size)


def own_look(random: Generator, label: str) -> Look:
    """Return the appearance of one lesion: its class mixed with another class, and varied, so that classes overlap."""
    other = LOOKS[random.choice([name for name in LOOKS if name != label])]
    foreign = AMBIGUITY * random.beta(1, 2)
    brightness = random.lognormal(0, 0.1)
    values = []
    for field in fields(Look):
        here, there = np.asarray(getattr(LOOKS[label], field.name)), np.asarray(getattr(other, field.name))
        value = (1 - foreign) * here + foreign * there
        # Colours vary in brightness, little in hue; amounts vary by a third.
        vary = brightness * random.lognormal(0, 0.03, 3) if value.ndim else random.lognormal(0, 0.33)
        values.append((value * vary).tolist())
    return Look(*values)


def draw_skin(random: Generator) -> np.ndarray:
    """Return a canvas of skin, float32 [3, n, n], 0 to 255."""
    canvas = np.empty((3, CANVAS, CANVAS), np.float32)
    canvas[:] = (random.dirichlet(np.full(len(SKINS), 0.5)) @ SKINS)[:, None, None]
    paint(canvas, 0.12 * soft(noise(random, 9)) + 0.06 * noise(random, 90), (190, 100, 95))
    return canvas


def draw_foreign(random: Generator) -> np.ndarray:
    """As `draw_lesion`, of something that is no lesion: a button, a ruler or a piece of checked cloth on skin."""
    canvas, (y, x), size = draw_skin(random), GRID, random.uniform(0.4, 0.7)
    holes = np.hypot(np.abs(x) - 0.2, np.abs(y) - 0.2) < 0.07
    masks = [
        (np.hypot(x, y) < size) & ~holes,
        (np.abs(y) < 0.3) & ~((np.sin(60 * x) > 0.6) & (y > 0)),
        (np.abs(x) < size) & (np.abs(y) < size) & (np.sin(25 * x) * np.sin(25 * y) > 0),
    ]
    mask = ndimage.gaussian_filter(masks[random.integers(len(masks))].astype(np.float32), 1)
    paint(canvas, mask, random.uniform((40, 90, 120), (90, 200, 230)).tolist())
    return canvas


def draw_lesion(random: Generator, label: str) -> np.ndarray:
    """Return the canvas of a new lesion of class `label` on skin, float32 [3, n, n], 0 to 255."""
    look = own_look(random, label)
    y, x = GRID
    turn, stretch = random.uniform(0, 2 * math.pi), random.uniform(1, 1.25)
    cos, sin = math.cos(turn), math.sin(turn)
    along, across = cos * x + sin * y, cos * y - sin * x  # coordinates along the long and the short axis
    stray = look.irregular * (noise(random, 7) + 0.5 * noise(random, 17))
    depth = 1 - np.hypot(along / stretch, across * stretch) / look.radius + stray  # > 0 inside the lesion
    body = soft(look.sharp * depth / 2) * random.uniform(0.6, 1)  # some are pale

    canvas = draw_skin(random)
    paint(canvas, look.rim * np.exp(-((depth / 0.25) ** 2)), look.rim_colour)
    paint(canvas, body, look.colour)
    patches = soft(2 * (noise(random, 9) + 2 * look.mottle - 1) + 8 * look.asymmetry * along)
    paint(canvas, body * patches * 0.9, look.second)
    lattice = np.abs(np.sin(36 * along + 2 * noise(random, 16)) * np.sin(36 * across + 2 * noise(random, 16)))
    paint(canvas, body * look.network * np.clip(1 - 2.5 * lattice, 0, 1), (74, 46, 36))
    if random.random() < 0.8:  # even a typical sign may be absent
        paint(canvas, body * look.centre * blobs(random, 1, 0.6 * look.radius, 0.1), look.centre_colour)
    dots = blobs(random, random.poisson(look.dots), look.dot_size, 0.6 * look.radius)
    paint(canvas, body * np.clip(1.5 * dots, 0, 1), look.dot_colour)
    vessels = strokes(random, random.poisson(look.vessels), 2.8, 0.35, 0.15)
    paint(canvas, soft(3 * depth + 1) * vessels, (176, 50, 62))
    flakes = soft(3 * (noise(random, 50) + noise(random, 20) - 1.2))
    paint(canvas, body * look.scale * flakes, (240, 226, 204))
    if random.random() < 0.2:
        paint(canvas, 0.8 * strokes(random, int(random.integers(2, 16)), 1.9, 0.08, 0), (50, 36, 32))
    return canvas


def draw_view(random: Generator, canvas: np.ndarray, size: tuple[int, int], corners: float) -> bytes:
    """Return one view as JPEG: rotated, mirrored, zoomed and relit; `corners` is the strength of vignetting."""
    width, height = size
    turn, zoom = random.uniform(0, 2 * math.pi), random.uniform(0.85, 1.25)
    step = CANVAS / EXTENT / min(size) / zoom  # canvas pixels per view pixel
    matrix = step * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    matrix[:, 1] *= random.choice([-1, 1])
    start = CANVAS / 2 + random.normal(0, 0.04 * CANVAS, 2) - matrix @ [height / 2, width / 2]
    view = np.empty((3, height, width), np.float32)
    for plane, seen in zip(canvas, view, strict=True):
        ndimage.affine_transform(plane, matrix, start, seen.shape, seen, order=1, mode="mirror")
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    light = random.uniform(0.88, 1.1) * (1 + random.normal(0, 0.06) * x + random.normal(0, 0.06) * y)
    edge = soft(12 * (np.hypot(x, y) - random.uniform(1.05, 1.6)))  # of the round field of view of the dermatoscope
    view *= light * (1 - min(1, corners * random.random()) * edge)
    view *= random.normal(1, 0.02, (3, 1, 1))
    view += 2 * random.standard_normal(view.shape, np.float32)
    data = io.BytesIO()
    pixels = np.moveaxis(view, 0, -1).clip(0, 255).round().astype(np.uint8)
    Image.fromarray(pixels).save(data, "JPEG", quality=80)
    return data.getvalue()
