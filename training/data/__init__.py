"""Pictures, clips and training sets, read as planes of luma and chroma; motion; licences.

The lowest package of `training`: it imports no other.
"""
