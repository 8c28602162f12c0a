"""Images per second that the study's stack trains: Keras, `flow_from_directory` with `ImageDataGenerator`.

Measures once for every line of its input.
Usage: python train_keras.py FOLDER BACKBONE STAGE WARM_UP BATCHES
"""

import sys
import time

import keras
from keras.src.legacy.preprocessing.image import ImageDataGenerator

BACKBONES = {
    "efficientnet_b0": (keras.applications.EfficientNetB0, 20),  # layers that the study unfroze in stage 2
    "resnet50": (keras.applications.ResNet50V2, 40),
}


class Clock(keras.callbacks.Callback):
    """When each batch ended."""

    def __init__(self):
        super().__init__()
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.perf_counter())


def classifier(backbone: str, stage: int) -> keras.Model:
    make, last = BACKBONES[backbone]
    base = make(include_top=False, weights=None, input_shape=(224, 224, 3))
    for layer in base.layers if stage == 1 else base.layers[:-last] if stage == 2 else ():
        layer.trainable = False
    images = keras.Input((224, 224, 3))
    x = keras.layers.GlobalAveragePooling2D()(base(images, training=False))
    x = keras.layers.Dropout(0.2)(keras.layers.BatchNormalization()(x))
    model = keras.Model(images, keras.layers.Dense(8, activation="softmax")(x))
    model.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", metrics=["accuracy"])
    return model


def main(folder: str, backbone: str, stage: int, warm_up: int, batches: int) -> None:
    generator = ImageDataGenerator(
        rotation_range=30,
        width_shift_range=0.2,
        height_shift_range=0.2,
        zoom_range=[0.55, 1.45],
        horizontal_flip=True,
        brightness_range=[0.8, 1.2],
        fill_mode="nearest",
    )
    images = generator.flow_from_directory(folder, target_size=(224, 224), batch_size=32)
    model = classifier(backbone, stage)
    for _ in sys.stdin:
        clock = Clock()
        model.fit(images, steps_per_epoch=warm_up + batches, callbacks=[clock], verbose=0)
        print(32 * batches / (clock.ends[-1] - clock.ends[warm_up - 1]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
