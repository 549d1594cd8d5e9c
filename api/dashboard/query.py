"""The GraphQL query that reads what the page of a run shows."""

QUERY = """\
query Run {
  instance(by: {number: NUMBER}) {
    name
    state
    outcome
    stopReason
    explainWait {
      situation
      message
    }
    progress {
      generation
      maxGenerations
      bestFitness
      championFitness
      evaluationsPerSecond
      estimatedEndAt
    }
    statistics(maxPoints: 200) {
      generation
      best
      mean
      lowerQuartile
      upperQuartile
      threshold
    }
    champion {
      name
      fitness
      origin
      parents {
        name
      }
      episodes {
        return
        steps
        trajectory {
          positions
        }
      }
    }
  }
}
"""
