"""The loops that learn. Modules of this package import torch at once: load them only inside a training child or a command."""
