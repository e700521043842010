"""Modules of the page alone, in the browser that runs them: no call, no camera, no `acutance serve`."""
