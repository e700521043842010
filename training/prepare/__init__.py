"""From folders of pictures and clips to a training set: inspect, choose, write.

Imported only by the command line.
"""
