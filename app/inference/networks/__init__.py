"""Networks by name. Modules of this package import torch at once: load them only inside the engine, a training child or a command."""
