"""Pictures, clips and training sets: reading them as planes, motion, pairs, batches.

The lowest package of `training`.
"""
