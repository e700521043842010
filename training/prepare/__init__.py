"""Make a training set from folders of pictures and clips: inspect, choose, write.

Imported only by `cli`.
"""
