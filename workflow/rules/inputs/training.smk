# What a training depends on: parts of the config, and what it starts from.
from lesionflow.config.preflight import weights_file
from lesionflow.config.settings import RECIPE_OF_OTHERS
from lesionflow.urls import public


def recipe(wildcards):
    """What of a protocol a training depends on: all but the split, balancing, and settings of single backbones."""
    protocol = config["protocols"][wildcards.protocol]
    return {key: value for key, value in protocol.items() if key not in RECIPE_OF_OTHERS}


def backbone_settings(wildcards):
    """What of a backbone a model depends on, with what the protocol changes in it."""
    backbone = {key: value for key, value in config["backbones"][wildcards.backbone].items() if key != "pretrained_on"}
    protocol = config["protocols"][wildcards.protocol]
    if wildcards.backbone in protocol["unfreeze"]:
        backbone["unfreeze"] = protocol["unfreeze"][wildcards.backbone]
    if wildcards.backbone in protocol["input_range"]:
        low, high = protocol["input_range"][wildcards.backbone]
        backbone["mean"], backbone["std"] = [low / (low - high)] * 3, [1 / (high - low)] * 3
    return backbone


def pretrained_on(wildcards):
    """What the weights of the run's backbones were trained on, by backbone, where the config says it."""
    named = {name: config["backbones"][name].get("pretrained_on") for name in config["run"]["backbones"]}
    return {name: text for name, text in named.items() if text}


def loss(wildcards):
    """The loss of a training: that of its dataset if it names one, else its protocol's."""
    return config["datasets"][wildcards.dataset].get("loss", config["protocols"][wildcards.protocol]["loss"])


def balancing(wildcards):
    """What of a dataset its training list depends on: all but the loss."""
    return {key: value for key, value in config["datasets"][wildcards.dataset].items() if key != "loss"}


def drawn(wildcards):
    """Whether the collection's images are the demo's, whatever the collection is called: a program drew them."""
    images = config["collections"][wildcards.collection]["images"]
    return Path(images).resolve() == Path(rules.generate_demo.output.images).resolve()


def weights_urls(wildcards):
    """Where the backbones of the config say that a weights file can be had."""
    return [public(url) for url in config["private_urls"][f"resources/weights/{wildcards.file}"]]


def weights_digest(wildcards):
    """The head of the SHA-256 that torchvision puts into its file names: resnet50-0676ba61.pth."""
    return re.search(r"-([0-9a-f]{8,64})\.", wildcards.file).group(1)


def first_weights(wildcards):
    """What a training starts from: the previous stage's model, or a file of pretrained weights, or nothing."""
    if int(wildcards.stage) > 1 and config["protocols"][wildcards.protocol]["transfer"]:
        before = MODEL.format(**{**wildcards, "stage": int(wildcards.stage) - 1})
        return f"{before}/model.safetensors"
    return pretrained_weights(wildcards)


def pretrained_weights(wildcards):
    """The file of a backbone's pretrained weights; nothing where it has none or has them from a package."""
    return weights_file(config["backbones"][wildcards.backbone]["weights"]) or []
