"""A stock nameko service: the measure of what RPC costs at all. Run by the bench with nameko's own command."""

from nameko.rpc import rpc


class Echo:
    name = "echo"

    @rpc
    def echo(self, **kwargs):
        return kwargs
