"""The GraphQL schema."""

import graphene

from api.graphql.mutations import Mutation
from api.graphql.queries import Query
from api.graphql.types.genomes import GENOME_TYPES, NeatGenome, WeightGenome

#: Inputs of which exactly one key is given; graphene cannot declare it.
_ONE_OF = ("InstanceBy", "WorkItemSpecInput")

#: Types that no field names, because fields name their interface.
_GENOMES = dict.fromkeys((WeightGenome, NeatGenome, *GENOME_TYPES.values()))

schema = graphene.Schema(query=Query, mutation=Mutation, types=[Query, Mutation, *_GENOMES])
for _name in _ONE_OF:
    schema.graphql_schema.type_map[_name].is_one_of = True
