"""The table of genome kinds: one file and one line each."""

from processing.core.genomes.dense import Dense

GENOMES = {"dense": Dense}
