"""`acutance cluster`: doors that place sessions on the nodes of a cluster of machines, which Ray keeps running.

A *door* is an HTTP server without sessions (`door`), a *node* is the sessions of one machine (`node`). They talk over a
link of their own (`link`), so no request passes through Ray, and the loss of Ray's head affects nothing that runs. Ray
starts, replaces and drains the nodes (`ray_side`). Imported only by `cli`.
"""
