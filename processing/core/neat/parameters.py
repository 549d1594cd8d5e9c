"""The parameters of NEAT: values of the paper where it gives them, otherwise those of its authors' code.

The figures in brackets in the sources are those of double pole balancing without velocities, which the preset
`paper` uses.

Features of the authors' code that are left out here:

    - single-point crossover, and offspring taken from bad species for good ones: their probabilities are 0 in
      the files for XOR and for the double pole
    - traits of networks, nodes and links, and their mutation: they change no output of the networks of these
      files

Numbers in the authors' code that are constants here:

    - `connecting.SELF_LOOPS`, `mutation.REPLACED`: fractions of recurrent links that are self-loops, and of
      weights that may be replaced
    - `reproduction._TRIES` draws of another species, by a quarter of a normal number
    - `strategies.neat.THRESHOLD_STEP` and `OLD_GENERATIONS`: for `target_species` and `purge_generations`
    - 20 genes, `compatibility.LARGE_GENOME`: the paper's bound for `normalize_by_size`
    - weights of the first networks: uniform within ±1, as at the code's random start; see `Graph.random`
"""

from enum import StrEnum
from typing import Any, Literal

from processing.core.parameters import StrategyParameters, parameter

_PAPER = "Stanley and Miikkulainen 2002"
_SETTINGS = f"{_PAPER}, section 4.1"
_CODE = "authors' code v1.2.1"


class Preset(StrEnum):
    """Where keys that are left out take their values from."""

    DEFAULT = "default"
    PAPER = "paper"


def _chance(default: float, meaning: str, source: str) -> Any:
    return parameter(default, meaning=meaning, source=source, ge=0.0, le=1.0)


class NeatParameters(StrategyParameters):
    """Networks grow from small ones, and species protect what is new (NEAT)."""

    change_sizes = ("weight_mutation_power",)
    change_chances = ("add_node_probability",)

    type: Literal["neat"] = parameter(
        meaning="Networks grow from small ones, and species protect what is new (NEAT)."
    )
    preset: Preset = parameter(
        Preset.DEFAULT,
        meaning="Keys left out have their defaults, or (paper) the values published for the environment: XOR "
        "or a double pole.",
        source=_PAPER,
    )
    population_size: int = parameter(
        150, meaning="Agents in each generation.", unit="agents", source=f"{_SETTINGS} (1,000)", ge=2,
        le=10_000_000
    )

    compatibility_threshold: float = parameter(
        3.0, meaning="Genomes nearer to a species' representative than this belong to it.",
        source=f"{_SETTINGS} (4.0)", gt=0.0, le=1_000_000.0,
    )
    excess_coefficient: float = parameter(
        1.0, meaning="What each excess gene adds to the distance of two genomes.", source=f"{_SETTINGS}, c1",
        ge=0.0, le=1_000.0
    )
    disjoint_coefficient: float = parameter(
        1.0, meaning="What each disjoint gene adds to the distance of two genomes.",
        source=f"{_SETTINGS}, c2", ge=0.0, le=1_000.0,
    )
    weight_coefficient: float = parameter(
        0.4,
        meaning="What the mean difference of the weights of matching genes is multiplied by in the distance.",
        source=f"{_SETTINGS}, c3 (3.0)", ge=0.0, le=1_000.0,
    )
    normalize_by_size: bool = parameter(
        False, meaning="Whether excess and disjoint genes are divided by the number of genes of the larger "
        "genome, from 20 on.",
        source=f"{_PAPER}, section 3.3, N in eq. 1; the {_CODE} never divides",
    )
    target_species: int | None = parameter(
        None, meaning="The compatibility threshold moves by 0.3 a generation towards so many species; null "
        "keeps it.",
        unit="species", source=f"{_CODE}, switched off there", ge=1, le=100_000,
    )

    survival_fraction: float = _chance(
        0.2, "Part of each species, its best agents, that may be parents, and one agent more.",
        f"{_CODE} (0.4)"
    )
    stagnation_generations: int = parameter(
        15, meaning="A species whose best fitness did not rise for so long hardly reproduces any more.",
        unit="generations", source=_SETTINGS, ge=1, le=1_000_000,
    )
    stagnation_factor: float = _chance(
        0.01,
        "What the fitness of such a species is multiplied by; 0 means that it dies out, unless all would.",
        f"{_CODE}; paper: 0",
    )
    population_stagnation_generations: int = parameter(
        20, meaning="When the best fitness of all did not rise for so long, the champions of the two best "
        "species have all the children.", unit="generations", source=f"{_PAPER}, section 3.3; {_CODE}", ge=1,
        le=1_000_000,
    )
    refocus_weights_probability: float = _chance(
        0.8, "Of those children: chance that weights are changed; the others get a new connection, where "
        "these are made at all.",
        _CODE,
    )
    purge_generations: int | None = parameter(
        None, meaning="Every so many generations one species is punished for good, like one that stands "
        "still: the worst of those at least 20 generations old, or the best of all where none is; null for "
        "never.", unit="generations",
        source=f"{_CODE} (30); not in the paper", ge=1, le=1_000_000,
    )
    young_generations: int = parameter(
        10, meaning="Species up to this age are young.", unit="generations", source=_CODE, ge=0, le=1_000_000
    )
    age_significance: float = parameter(
        1.0, meaning="What the fitness of young species is multiplied by.", source=_CODE, gt=0.0, le=1_000.0
    )
    elite_species_size: int = parameter(
        5, meaning="The champion of a species with more children than this is copied unchanged.",
        unit="agents", source=f"{_CODE}; {_SETTINGS}: of a species with more networks", ge=0, le=10_000_000,
    )

    mutate_only_probability: float = _chance(0.25, "Chance that a child has one parent.", _SETTINGS)
    mate_only_probability: float = _chance(0.2, "Chance that a child of two parents is not mutated.", _CODE)
    interspecies_mating_probability: float = _chance(
        0.001, "Chance that the father is the champion of another species.", _SETTINGS
    )
    multipoint_probability: float = _chance(
        0.6, "Chance that matching genes come from either parent; otherwise their weights are averaged.",
        _CODE
    )
    inherit_disabled_probability: float = _chance(
        0.75, "Chance that a gene disabled in either parent is disabled in the child.", _SETTINGS
    )

    add_node_probability: float = _chance(
        0.03, "Chance that a child gets a new node.", f"{_SETTINGS}; {_CODE} (0.01)"
    )
    add_connection_probability: float = _chance(
        0.05, "Chance that a child without a new node gets a new connection.", f"{_SETTINGS} (0.3)"
    )
    recurrent_connection_probability: float = _chance(
        0.0, "Chance that a new connection is a recurrent one, where the network may have them.",
        f"{_CODE} (0.2)"
    )
    new_connection_limit: float = parameter(
        1.0, meaning="Weights of new connections are uniform within plus and minus this.", source=_CODE,
        ge=0.0, le=1_000.0
    )
    tries: int = parameter(
        20, meaning="Pairs of nodes, or genes to split, that are drawn before giving up.", unit="draws",
        source=_CODE, ge=1, le=10_000,
    )
    small_genome_genes: int = parameter(
        15, meaning="In genomes with fewer genes than this the gene to split is looked for from the oldest "
        "on.", unit="genes",
        source=_CODE, ge=0, le=1_000_000,
    )
    pass_gene_probability: float = _chance(
        0.3, "Chance, for each gene, that this search passes it by.", _CODE
    )

    mutate_weights_probability: float = _chance(
        0.9, "Chance that the weights of a mutated child with its parents' structure are changed.",
        f"{_CODE} (0.8); paper: 0.8 of all genomes",
    )
    toggle_enable_probability: float = _chance(
        0.0, "Chance that one gene of it is switched on or off.", f"{_CODE} (0.1)"
    )
    re_enable_probability: float = _chance(
        0.0, "Chance that its oldest disabled gene is enabled.", f"{_CODE} (0.05)"
    )
    weight_mutation_power: float = parameter(
        2.5,
        meaning="Weights are perturbed by, or replaced with, a uniform number within plus and minus this.",
        source=f"{_CODE} (1.8)", ge=0.0, le=1_000.0,
    )
    weight_limit: float = parameter(
        8.0, meaning="Weights stay within plus and minus this.", source=_CODE, gt=0.0, le=1_000_000.0
    )
    severe_mutation_probability: float = _chance(0.5, "Chance that a mutation of weights is severe.", _CODE)
    severe_perturb_probability: float = _chance(0.7, "Severe: chance that a weight is perturbed.", _CODE)
    severe_replace_probability: float = _chance(0.2, "Severe: chance that a weight is replaced.", _CODE)
    large_genome_genes: int = parameter(
        10, meaning="In genomes of at least so many genes the newest are told apart.", unit="genes",
        source=_CODE, ge=0, le=1_000_000,
    )
    newest_fraction: float = _chance(0.2, "Part of the genes that are the newest.", _CODE)
    newest_perturb_probability: float = _chance(
        0.5, "Not severe: chance that the weight of a newest gene is perturbed.", _CODE
    )
    newest_replace_probability: float = _chance(
        0.2, "Not severe: chance that the weight of a newest gene is replaced.", _CODE
    )
    perturb_probability: float = _chance(
        1.0, "Not severe: chance that the weight of another gene is perturbed.", _CODE
    )
    replace_probability: float = _chance(
        0.1, "Not severe: chance that it is replaced, for every second gene and as far as the chance to "
        "perturb leaves room.",
        _CODE,
    )
