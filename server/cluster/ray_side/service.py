"""The application of Ray Serve for KubeRay, which starts it from its name: `ray_side.service:app`.

On Kubernetes the number of machines is that of the manifest, so one application with a replica a machine suffices.
"""

from ray import serve

from acutance.server.cluster.ray_side.media import Media

app = serve.deployment(Media).options(name="media").bind()
