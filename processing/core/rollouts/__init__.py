"""Rollouts: complete episodes of many agents at once in compiled environments, and single steps in others."""
