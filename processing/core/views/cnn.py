"""What is shown of the genomes of `cnn`: the layers of a convolutional network, and how it is trained."""

from collections.abc import Iterator

from processing.core.drawings.drawing import Network as Drawing
from processing.core.drawings.layer_drawing import Layer, drawing_of_layers
from processing.core.genomes.cnn.kind import Cnn
from processing.core.genomes.cnn.network import Convolution, Genes, Network, Pooling
from processing.core.genomes.cnn.sizes import multiply_adds_of, sizes_of
from processing.core.problem import Problem
from processing.core.views.view import Field, GenomeView


class CnnView(GenomeView[Cnn, bytes]):
    """The view of `cnn`; networks are drawn layer by layer."""

    description = "The layers of a convolutional network, and how it is trained."
    gene = "byte"
    export_refusal = "Weights of convolutional networks are not kept yet, so they cannot be written to files."
    fields = {
        "learning_rate": Field[Cnn](
            "How far weights follow a gradient.", lambda kind, it: _only(kind, it).learning_rate
        ),
        "batch_size": Field[Cnn](
            "Images of one training step.", lambda kind, it: _only(kind, it).batch_size
        ),
        "optimizer": Field[Cnn](
            "How weights follow gradients.", lambda kind, it: _only(kind, it).optimizer.value
        ),
        "dropout": Field[Cnn](
            "The chance that a unit of a dense layer is left out of a training step.",
            lambda kind, it: _only(kind, it).dropout
        ),
        "multiply_adds": Field[Cnn](
            "Multiplications and additions for one image.",
            lambda kind, it: multiply_adds_of(_only(kind, it), kind.image, kind.classes)
        ),
    }

    def drawing(self, problem: Problem, kind: Cnn, genomes: Genes, index: int = 0) -> Drawing:
        """Draw the layers."""
        (network,) = kind.networks(genomes[index : index + 1])
        return drawing_of_layers(list(_layers(kind, network)))

    def parameter_count(self, kind: Cnn, genomes: Genes, index: int = 0) -> int:
        """Return the number of parameters that are trained."""
        (network,) = kind.networks(genomes[index : index + 1])
        return kind.parameters_of(network)


def _only(kind: Cnn, genomes: Genes) -> Network:
    (network,) = kind.networks(genomes)
    return network


def _layers(kind: Cnn, network: Network) -> Iterator[Layer]:
    yield Layer("image", "", kind.image, 0)
    names = [
        *((_convolution(each), _after(each)) for each in network.convolutions),
        *((f"dense {each.units}", each.activation.value) for each in network.dense), ("classes", "softmax"),
    ]
    for (label, operator), size in zip(names, sizes_of(network, kind.image, kind.classes), strict=True):
        yield Layer(label, operator, size.shape, size.parameters)


def _convolution(layer: Convolution) -> str:
    return f"{layer.filters} filters {layer.kernel_size}×{layer.kernel_size}"


def _after(layer: Convolution) -> str:
    parts = ["batch norm"] * layer.batch_norm + [layer.activation.value]
    return "\n".join(parts + [f"{layer.pooling.value} pooling"] * (layer.pooling != Pooling.NONE))
