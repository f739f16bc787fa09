"""One run on several processes (``torchrun --nproc_per_node 2 main.py train ...``), and pictures prepared ahead.

Every process holds the same weights and takes its slice of each batch, so the plan's batch stays what it says; the
gradients are added up before each step. The first process alone writes (``app.training.events.leads``). Not through
torch's DistributedDataParallel: one sum a step gives the numbers of one process up to rounding, also while parts of
the network are frozen. Without torchrun every function here does nothing.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

Job = TypeVar("Job")
Made = TypeVar("Made")


def world() -> int:
    """How many processes learn together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Which of them this one is; 0 leads."""
    return int(os.environ.get("RANK", "0")) if world() > 1 else 0


def own_device(device: torch.device) -> torch.device:
    """The GPU of this process where several share a machine."""
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if device.type == "cuda" else device


@contextmanager
def together(device: torch.device) -> Iterator[None]:
    """Join the other processes that torchrun has started (gloo on a CPU, nccl on GPUs) and leave them at the end."""
    if world() == 1 or dist.is_initialized():
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def add_up_gradients(parameters: Sequence[Tensor]) -> None:
    """Put the sum over all processes into each gradient; none counts as zero."""
    if world() == 1:
        return
    gradients = []
    for p in parameters:
        if p.requires_grad:
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad
            gradients.append(p.grad)
    flat = torch.cat([g.reshape(-1) for g in gradients])
    dist.all_reduce(flat)
    parts = torch.split(flat, [g.numel() for g in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))  # in its own memory format, which the fused optimisers rely on


def from_first(values: Sequence[float], device: torch.device) -> list[float]:
    """The first process's ``values``, in every process."""
    if world() == 1:
        return list(values)
    shared = torch.tensor(values, dtype=torch.float64, device=device)
    dist.broadcast(shared, 0)
    return [float(v) for v in shared]


def from_all(words: Sequence[str]) -> list[str]:
    """The words of every process, the first's before the second's."""
    if world() == 1:
        return list(words)
    gathered: list[list[str]] = [[] for _ in range(world())]
    dist.all_gather_object(gathered, list(words))
    return [word for part in gathered for word in part]


def same_buffers(model: nn.Module) -> None:
    """The first process's running statistics (batch norms see only their slice) in every process."""
    if world() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)


def worker_count(wanted: int, device: torch.device) -> int:
    """How many threads prepare pictures: as the plan says, else all cores beside a GPU, else half of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return wanted or max(1, cores // world() if device.type == "cuda" else cores // 2)


def ahead(jobs: Iterable[Job], make: Callable[[Job], Made], workers: int) -> Iterator[tuple[Job, Made]]:
    """Each job with what ``make`` made of it, in order, made by threads while earlier ones are being used.

    At most ``workers`` + 2 lie ready. An error in ``make`` comes up where its job's turn is.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="pictures")
    waiting: deque[tuple[Job, Future[Made]]] = deque()
    try:
        for job in jobs:
            waiting.append((job, pool.submit(make, job)))
            if len(waiting) > workers + 1:
                first, made = waiting.popleft()
                yield first, made.result()
        while waiting:
            first, made = waiting.popleft()
            yield first, made.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
