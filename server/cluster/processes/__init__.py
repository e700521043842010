"""The processes of one machine of a cluster: Ray's, and the programs beside the door. What ends is started again."""
