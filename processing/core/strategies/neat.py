"""NEAT: networks grow, genes are matched by their history, and species protect new structure.

Source: Stanley and Miikkulainen 2002, "Evolving Neural Networks through Augmenting Topologies". Where the
paper leaves a question open, and where it differs from its authors' C++ code (v1.2.1), this file follows the
code, as the code reproduces the published numbers. Deliberate differences from the code:

    - fitness may be negative (`allocation.shareable`), and where all species would die out none does
      (`allocation.shared`)
    - the 15 generations of a species' stagnation include the last one
    - new genes with the same innovation number get different weights
    - disabled genes count in the test for recurrent links, so that a gene that is enabled again never closes
      a cycle
    - two nodes have at most one link in each direction; in the code a recurrent link can be parallel to
      another
    - of parents equal in fitness and size the mother gives the genes that do not match, in the code the
      father
    - the remainder of rounding goes to the first of the species that expect most, in the code to the last
    - the purge of a species every 30 generations, made for competitive coevolution, is off unless
      `purge_generations` is set

`neat/parameters.py` lists features that are left out, and numbers that are constants.
"""

from typing import Self

import numpy as np

from processing.core.concern import Asked, Concern
from processing.core.genomes.graph import Activation, Graph
from processing.core.genomes.graphs import empty, take
from processing.core.neat import species as groups
from processing.core.neat.allocation import expected_offspring, refocused, shareable, shared
from processing.core.neat.compatibility import Measure
from processing.core.neat.connecting import Frame
from processing.core.neat.innovation import innovations
from processing.core.neat.mutation import Mutation
from processing.core.neat.parameters import NeatParameters, Preset
from processing.core.neat.presets import preset_warnings, with_preset
from processing.core.neat.reproduction import Breeding, Nursery, bred, family
from processing.core.neat.speciation import speciate
from processing.core.neat.species import Members, Species
from processing.core.problem import Problem
from processing.core.ranking import ranked
from processing.core.strategies.offspring import random_population, with_parents
from processing.core.strategies.strategy import DocumentParts, Strategy
from processing.core.types import (
    Float64Array,
    GenomeKind,
    Int32Array,
    Population,
    State,
    StopReason,
    UInt8Array,
    Verdict,
)

#: How far the compatibility threshold moves in a generation towards `target_species`, and its least value.
THRESHOLD_STEP = 0.3
#: From this age on species are old.
OLD_GENERATIONS = 20
#: Genes that a network is assumed to gain at most; an assumption, not a measurement.
MOST_GAINED = 1_000


class Neat(Strategy[NeatParameters, Graph]):
    """The strategy `neat`, for genomes of the kind `graph`.

    Its state: `pool` (P genomes: the champion of each species and, where the species has children, its other
    parents), `indices` (P,), their indices in generation `generation`, `fitness` (P,), the columns of
    `Species`, the next numbers of species, innovations and nodes, the compatibility threshold, the best
    fitness of the run, the generations since it rose, and whether all children are those of champions.
    """

    Parameters = NeatParameters
    label = "NEAT"
    has_species = True

    def __init__(self, parameters: NeatParameters, genome: Graph) -> None:
        self.parameters, self.genome, self.population_size = parameters, genome, parameters.population_size
        self.frame = Frame(
            first_output=genome.first_output, first_hidden=genome.first_hidden,
            bias=-1 if genome.bias is None else genome.inputs,
        )
        self.measure = Measure(
            parameters.excess_coefficient, parameters.disjoint_coefficient, parameters.weight_coefficient,
            parameters.normalize_by_size,
        )

    @classmethod
    def of(cls, parameters: NeatParameters, genome: Graph) -> Self:
        """Return the strategy of these parameters."""
        return cls(parameters, genome)

    @classmethod
    def takes(cls, genome: type[GenomeKind]) -> bool:
        """Whether genomes of the kind are graphs, which the operations of NEAT read and make."""
        return issubclass(genome, Graph)

    @classmethod
    def with_preset(cls, given: DocumentParts) -> tuple[DocumentParts, list[Concern]]:
        """Return the parts with the published values where the preset is `paper`."""
        filled, concerns = with_preset(given.strategy, given.genome, given.problem)
        return DocumentParts(*filled), concerns

    def warnings(self, asked: Asked, problem: Problem, *, best_score: float | None) -> list[Concern]:
        """Warn of values other than the published ones where the preset is `paper`."""
        return preset_warnings(asked) if self.parameters.preset == Preset.PAPER else []

    def gained(self, generations: int) -> int:
        """Estimate the genes that a genome gains if none is lost, at most MOST_GAINED."""
        node, connection = self.parameters.add_node_probability, self.parameters.add_connection_probability
        return min(round(generations * (2 * node + (1 - node) * connection)), MOST_GAINED)

    def begin(self) -> State:
        """The state before generation 0."""
        return {
            "pool": None, "generation": -1, "next_species": 0, "next_innovation": 0,
            "next_node": self.frame.first_hidden, "threshold": self.parameters.compatibility_threshold,
            "best_fitness": None, "stagnation": 0, "is_refocused": False,
            **groups.stored(groups.no_species()),
        }

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """The population of this generation."""
        if state["pool"] is None:
            return random_population(self.genome, self.population_size, seed=seed, generation=generation)
        species, indices = groups.restored(state), state["indices"]
        pool = Nursery(
            species.offspring, species.firsts, species.parents, state["fitness"], state["is_refocused"]
        )
        parents = family(pool, self._breeding(), seed=seed, generation=generation)
        table = innovations(
            children=self.population_size, next_gene=state["next_innovation"], next_node=state["next_node"]
        )
        genomes, operators = bred(
            state["pool"], state["fitness"], parents, self._mutation(),
            self.parameters.inherit_disabled_probability, self.measure, self.frame, table,
            self._activations(), seed=seed, generation=generation,
        )
        return with_parents(
            genomes, operators, indices[parents.mothers], indices[parents.fathers], generation=generation,
            pool_generation=state["generation"],
        )

    def tell(
        self, state: State, population: Population, fitness: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        """Form species, allot their children and keep their parents; the search dies out where all failed."""
        genomes = population.genomes
        known = groups.restored(state)
        heads = empty(0, 0, 0) if state["pool"] is None else take(state["pool"], known.firsts)
        places, founded = speciate(genomes, heads, self.measure, state["threshold"])
        known = groups.grown(known, founded, first=state["next_species"], generation=generation)
        numbers = known.numbers[places]
        members, present = groups.members(places, fitness, len(known.numbers))
        known = groups.improved(groups.chosen(known, present), members.bests)
        known = self._purged(known, members.bests, generation)
        is_extinct = not members.able.any()
        adjusted, unit = self._adjusted(known, members, fitness, generation)
        best, stagnation = self._progress(state, members.bests)
        is_refocused = stagnation >= self.parameters.population_stagnation_generations and not is_extinct
        offspring = np.zeros(len(present), np.int32)
        if not is_extinct:
            size = len(fitness)
            offspring = (
                refocused(members.bests, size)
                if is_refocused else expected_offspring(adjusted.tolist(), size)
            )
        verdict = Verdict(
            stop=StopReason.EXTINCTION if is_extinct else None, species=numbers,
            snapshots=groups.snapshots(known, members, adjusted, offspring, unit=unit),
            figures={
                "species": len(present), "compatibility_threshold": state["threshold"],
                "is_refocused": is_refocused
            },
        )
        counters = {
            "next_species": state["next_species"] + founded,
            "next_innovation": max(state["next_innovation"], int(genomes.innovations.max()) + 1),
            "next_node": max(state["next_node"], int(genomes.hidden.max(initial=-1)) + 1),
        }
        if is_extinct:
            # numbers that were given stay in use if the search is revived
            return {**state, **counters}, verdict
        if is_refocused:
            known = known._replace(stagnation=np.where(offspring > 0, 0, known.stagnation).astype(np.int32))
        after, indices = self._parents(known._replace(offspring=offspring), members)
        return {
            "pool": self.genome.take(genomes, indices), "indices": indices, "fitness": fitness[indices],
            "generation": generation, **counters, "threshold": self._moved(state["threshold"], len(present)),
            "best_fitness": best, "stagnation": 0 if is_refocused else stagnation,
            "is_refocused": is_refocused, **groups.stored(after),
        }, verdict

    def _purged(self, known: Species, bests: Float64Array, generation: int) -> Species:
        """The species, one of them penalised permanently where it is time by `purge_generations`."""
        interval = self.parameters.purge_generations
        if interval is None or (generation + 1) % interval:
            return known
        return groups.purged(known, bests, oldest_birth=generation - OLD_GENERATIONS + 1)

    def _adjusted(
        self, known: Species, members: Members, fitness: Float64Array, generation: int
    ) -> tuple[Float64Array, float]:
        """The sum of each species' shared fitness, (S,), and its unit; see `allocation`."""
        values = self.parameters
        is_stagnant = (known.purged > 0) | (known.stagnation >= values.stagnation_generations)
        is_young = generation - known.born_in < values.young_generations
        factors = np.where(is_stagnant, values.stagnation_factor, 1.0) * np.where(
            is_young, values.age_significance, 1.0
        )
        scaled, unit = shareable(fitness)
        sums = groups.totals(scaled, members.order, members.starts)
        return shared(sums, members.sizes, members.able, factors), unit

    def _progress(self, state: State, bests: Float64Array) -> tuple[float | None, int]:
        """The best fitness of the run, and the number of generations since it rose."""
        order = ranked(bests)
        best = float(bests[order[0]]) if len(order) else None
        if best is not None and (state["best_fitness"] is None or best > state["best_fitness"]):
            return best, 0
        return state["best_fitness"], state["stagnation"] + 1

    def _parents(self, known: Species, members: Members) -> tuple[Species, Int32Array]:
        """The species that have a champion, and the agents, (P,), that form the pool."""
        survivors = (self.parameters.survival_fraction * members.sizes + 1.0).astype(np.int64)
        counts = np.where(known.offspring > 0, np.minimum(members.able, survivors), 1)
        present = np.flatnonzero(members.able)
        counts, starts = counts[present], members.starts[present]
        firsts = np.cumsum(counts) - counts
        chosen = members.order[np.arange(int(counts.sum())) + np.repeat(starts - firsts, counts)]
        after = groups.chosen(known, present)
        return after._replace(firsts=firsts.astype(np.int32), parents=counts.astype(np.int32)), chosen

    def _moved(self, threshold: float, species: int) -> float:
        """The compatibility threshold of the next generation."""
        target = self.parameters.target_species
        if target is None or species == target:
            return threshold
        return max(threshold + (THRESHOLD_STEP if species > target else -THRESHOLD_STEP), THRESHOLD_STEP)

    def _breeding(self) -> Breeding:
        values = self.parameters
        refocus_weights = values.refocus_weights_probability if values.add_connection_probability > 0 else 1.0
        return Breeding(
            values.mutate_only_probability, values.mate_only_probability,
            values.interspecies_mating_probability, values.multipoint_probability, values.elite_species_size,
            refocus_weights,
        )

    def _activations(self) -> UInt8Array:
        """The numbers of the activations that new nodes draw from, (A,) uint8."""
        return np.array(
            [list(Activation).index(name) for name in self.genome.parameters.activations], np.uint8
        )

    def _mutation(self) -> Mutation:
        values, single = self.parameters, np.float32
        recurrent = values.recurrent_connection_probability if self.genome.parameters.recurrent else 0.0
        return Mutation(
            add_node=single(values.add_node_probability),
            add_connection=single(values.add_connection_probability),
            recurrent=single(recurrent), weights=single(values.mutate_weights_probability),
            toggle=single(values.toggle_enable_probability), re_enable=single(values.re_enable_probability),
            power=single(values.weight_mutation_power), rate=single(values.perturb_probability),
            severe=single(values.severe_mutation_probability),
            severe_perturbed=single(values.severe_perturb_probability),
            severe_replaced=single(values.severe_replace_probability),
            new_perturbed=single(values.newest_perturb_probability),
            new_replaced=single(values.newest_replace_probability),
            replaced=single(values.replace_probability), limit=single(values.weight_limit),
            connection_power=single(values.new_connection_limit), tries=values.tries,
            small=values.small_genome_genes, walk_on=single(values.pass_gene_probability),
            large=values.large_genome_genes, new_fraction=1.0 - values.newest_fraction,
        )
