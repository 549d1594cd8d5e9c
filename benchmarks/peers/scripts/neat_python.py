"""Measures neat-python: the same genomes and tasks, on one core. Runs in a virtual environment of its own."""

import json
import os
import random
import sys
import tempfile
import time

import neat
import numpy as np

XOR = (((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0))

#: The configuration of its own XOR example, except for the sizes and the fitness threshold.
CONFIGURATION = """[NEAT]
fitness_criterion = max
fitness_threshold = 1e9
pop_size = {size}
reset_on_extinction = True
no_fitness_termination = True

[DefaultGenome]
activation_default = {activation}
activation_mutate_rate = 0.0
activation_options = {activation}
aggregation_default = sum
aggregation_mutate_rate = 0.0
aggregation_options = sum
bias_init_mean = 0.0
bias_init_stdev = 1.0
bias_init_type = gaussian
bias_max_value = 30.0
bias_min_value = -30.0
bias_mutate_power = 0.5
bias_mutate_rate = 0.7
bias_replace_rate = 0.1
compatibility_disjoint_coefficient = 1.0
compatibility_weight_coefficient = 0.5
compatibility_excess_coefficient = auto
compatibility_include_node_genes = True
compatibility_enable_penalty = 1.0
conn_add_prob = 0.5
conn_delete_prob = 0.5
enabled_default = True
enabled_mutate_rate = 0.01
enabled_rate_to_true_add = 0.0
enabled_rate_to_false_add = 0.0
feed_forward = True
initial_connection = full_direct
node_add_prob = 0.2
node_delete_prob = 0.2
num_hidden = 0
num_inputs = {inputs}
num_outputs = {outputs}
response_init_mean = 1.0
response_init_stdev = 0.0
response_init_type = gaussian
response_max_value = 30.0
response_min_value = -30.0
response_mutate_power = 0.0
response_mutate_rate = 0.0
response_replace_rate = 0.0
single_structural_mutation = False
structural_mutation_surer = default
time_constant_init_mean = 1.0
time_constant_init_stdev = 0.0
time_constant_init_type = gaussian
time_constant_max_value = 10.0
time_constant_min_value = 0.1
time_constant_mutate_power = 0.0
time_constant_mutate_rate = 0.0
time_constant_replace_rate = 0.0
weight_init_mean = 0.0
weight_init_stdev = 1.0
weight_init_type = gaussian
weight_max_value = 30
weight_min_value = -30
weight_mutate_power = 0.5
weight_mutate_rate = 0.8
weight_replace_rate = 0.1

[DefaultSpeciesSet]
compatibility_threshold = 3.0

[DefaultStagnation]
species_fitness_func = max
max_stagnation = 20
species_elitism = 2

[DefaultReproduction]
elitism = 2
survival_threshold = 0.2
min_species_size = 2
"""

#: Inputs, outputs and activation of each task.
TASKS = {
    "xor": (2, 1, "sigmoid"), "cartpole": (4, 2, "tanh"), "double_pole": (6, 1, "sigmoid"),
    "large": (24, 9, "tanh")
}
known = {}


def configured(task, size):
    inputs, outputs, activation = TASKS[task]
    with tempfile.NamedTemporaryFile("w", suffix=".cfg", delete=False) as file:
        file.write(CONFIGURATION.format(size=size, inputs=inputs, outputs=outputs, activation=activation))
    classes = neat.DefaultGenome, neat.DefaultReproduction, neat.DefaultSpeciesSet, neat.DefaultStagnation
    configuration = neat.Config(*classes, file.name)
    os.unlink(file.name)
    return configuration


def networks(population, configuration):
    return [neat.nn.FeedForwardNetwork.create(genome, configuration) for genome in population]


def xor_fitness(network):
    return 4.0 - sum((network.activate(x)[0] - y) ** 2 for x, y in XOR)


def evolve(task, size, generations, seed):
    """Evolve a population for some generations: on XOR, or with random fitness so that structure grows."""
    configuration = configured(task, size)
    random.seed(seed)

    def evaluate(genomes, configuration):
        for _, genome in genomes:
            if task == "xor":
                genome.fitness = xor_fitness(neat.nn.FeedForwardNetwork.create(genome, configuration))
            else:
                genome.fitness = random.random()

    population = neat.Population(configuration, seed=seed)
    population.run(evaluate, generations)
    genomes = list(population.population.values())
    nets = networks(genomes, configuration)
    samples = (
        [x for x, _ in XOR]
        if task == "xor" else np.random.default_rng(seed).normal(0, 1, (4, TASKS[task][0])).tolist()
    )
    known["genomes"], known["nets"], known[
        "configuration"
    ], known["samples"] = genomes, nets, configuration, samples
    known["evaluate"], known["population"] = evaluate, population
    return {
        "species": len(population.species.species), "samples": samples,
        "outputs": [[network.activate(x) for x in samples] for network in nets],
        "networks": [
            {
                "inputs": network.input_nodes, "outputs": network.output_nodes,
                "nodes": [
                    [node, activation.__name__, bias, response, links]
                    for node, activation, _, bias, response, links in network.node_evals
                ],
            }
            for network in nets
        ],
        "genes": [
            {
                "nodes": [
                    [key, node.bias, node.response, node.time_constant]
                    for key, node in sorted(genome.nodes.items())
                ],
                "connections": [
                    [*key, one.weight, one.enabled] for key, one in sorted(genome.connections.items())
                ],
            }
            for genome in genomes
        ],
    }


def activate(seconds):
    """Return the activations per CPU second of the population's networks."""
    nets, samples, calls = known["nets"], known["samples"], 0
    started = time.process_time()
    while time.process_time() - started < seconds:
        for network in nets:
            for x in samples:
                network.activate(x)
        calls += 1
    return calls * len(nets) * len(samples) / (time.process_time() - started)


def distance(others, seconds):
    """Return the distances between all genomes and the first few, and their number per CPU second."""
    genomes, configuration = known["genomes"], known["configuration"].genome_config
    calls, started = 0, time.process_time()
    while calls == 0 or time.process_time() - started < seconds:
        found = [[one.distance(other, configuration) for other in genomes[:others]] for one in genomes]
        calls += 1
    return {"rate": calls * len(genomes) * others / (time.process_time() - started), "distances": found}


def generation(number):
    """Return the mean CPU seconds of whole generations, evaluation and bookkeeping included."""
    population, evaluate = known["population"], known["evaluate"]
    started = time.process_time()
    population.run(evaluate, number)
    return (time.process_time() - started) / number


def rollouts(seconds):
    """Return the CartPole steps per CPU second of the population's networks in Gymnasium."""
    import gymnasium

    environment, steps = gymnasium.make("CartPole-v1"), 0
    started = time.process_time()
    while time.process_time() - started < seconds:
        for network in known["nets"]:
            observation, _ = environment.reset()
            over = False
            while not over:
                outputs = network.activate(observation)
                observation, _, terminated, truncated, _ = environment.step(int(outputs[1] > outputs[0]))
                over = terminated or truncated
                steps += 1
    return steps / (time.process_time() - started)


def double_pole(seed, size, generations):
    """Measure the CPU seconds until a network with velocities balances both poles for 100,000 steps."""
    from double_pole import balanced

    configuration, found = configured("double_pole", size), []
    random.seed(seed)

    def evaluate(genomes, configuration):
        for _, genome in genomes:
            genome.fitness = balanced(neat.nn.FeedForwardNetwork.create(genome, configuration), 100_000)
            known["evaluations"] += 1
            if genome.fitness >= 100_000:
                raise StopIteration

    known["evaluations"] = 0
    started = time.process_time()
    try:
        neat.Population(configuration, seed=seed).run(evaluate, generations)
    except StopIteration:
        found.append(True)
    return {
        "seconds": time.process_time() - started, "solved": bool(found), "evaluations": known["evaluations"]
    }


QUESTIONS = {
    "ready": lambda: neat.__version__ if hasattr(neat, "__version__") else "2.0.0", "evolve": evolve,
    "activate": activate, "distance": distance, "generation": generation, "rollouts": rollouts,
    "double_pole": double_pole,
}

for line in sys.stdin:
    values = json.loads(line)
    print(json.dumps(QUESTIONS[values.pop("question")](**values)), flush=True)
