"""Networks by name. These modules import torch at once: load them only in the engine, a training child or a command."""
