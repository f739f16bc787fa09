"""The loops that learn. They import torch at once: load them only inside a training child or a command."""
