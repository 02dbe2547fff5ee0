# SPDX-License-Identifier: Apache-2.0
"""Trains the classifier of digits, as a run of reg: all it reads is in REG_INPUTS.

It takes a GPU where there is one, else the CPU, and works alone or as one of several ranks of torchrun, of which
the first writes: model.safetensors and, while it goes on, a checkpoint into REG_OUTPUTS, a line an epoch into
REG_METRICS. What an epoch does depends on the seed, the epoch's number and the weights alone, so that a run that was
killed and resumed ends where one that was not does.
"""

import json
import math
import os
from pathlib import Path

import torch
import weights
from data import inputs, load
from model import Classifier
from torch import distributed
from torch.nn import functional

RANK = int(os.environ.get("RANK", 0))
RANKS = int(os.environ.get("WORLD_SIZE", 1))
OUTPUTS = Path(os.environ["REG_OUTPUTS"])
CHECKPOINT = OUTPUTS / "checkpoint"


def prepare(seed):
    """The device of this rank; after that, equal seeds compute equal weights, as far as PyTorch allows."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.manual_seed(seed)
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    if RANKS > 1:
        distributed.init_process_group("nccl" if gpu else "gloo")
    return torch.device("cuda" if gpu else "cpu")


def mixed_precision(device):
    """Half of the bits for what a GPU multiplies; the range of bfloat16 needs no scaled loss."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda" and torch.cuda.is_bf16_supported())


def read_checkpoint():
    """What the first rank finds of an earlier start of this run, for all ranks; None at the first start."""
    state = None
    if RANK == 0 and CHECKPOINT.exists():
        state = torch.load(CHECKPOINT, map_location="cpu", weights_only=True)
    if RANKS > 1:
        box = [state]
        distributed.broadcast_object_list(box)
        (state,) = box
    return state


def write_checkpoint(model, optimizer, history):
    """Replaces the checkpoint: whenever this is killed, there is a whole one.

    Nothing but tensors and a text: PyTorch 1.13 refuses other numbers with weights_only.
    """
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()["state"], "history": json.dumps(history)}
    part = CHECKPOINT.with_name("checkpoint.part")
    torch.save(state, part)
    os.replace(part, CHECKPOINT)


def train_epoch(network, optimizer, images, labels, epoch, config):
    """One pass over the images in an order of its own; the mean loss, over all ranks."""
    order = torch.Generator().manual_seed(config["seed"] * 10_000 + epoch)
    order = torch.randperm(len(images), generator=order)
    size = min(config["batch_size"], len(images))
    steps = len(images) // size
    total = torch.zeros((), device=images.device)
    for step in range(steps):
        done = (epoch * steps + step) / (config["epochs"] * steps)
        for group in optimizer.param_groups:
            group["lr"] = config["lr"] * (1 + math.cos(math.pi * done)) / 2
        batch = order[step * size : (step + 1) * size][RANK::RANKS].to(images.device)
        with mixed_precision(images.device):
            loss = functional.cross_entropy(network(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach()
    if RANKS > 1:
        distributed.all_reduce(total)
    return total.item() / steps / RANKS


@torch.no_grad()
def validate(model, images, labels):
    """Loss and accuracy, without mixed precision."""
    scores = model(images)
    accuracy = (scores.argmax(1) == labels).float().mean().item()
    return {"loss": functional.cross_entropy(scores, labels).item(), "accuracy": accuracy}


def main():
    config = json.loads((inputs() / "config/train.json").read_text())
    config["seed"] = int(os.environ.get("REG_SEED", config["seed"]))
    device = prepare(config["seed"])
    shape = {"width": config["width"], "classes": 10}
    model = Classifier(**shape).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config["lr"], weight_decay=config["weight_decay"])
    history = []
    if state := read_checkpoint():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state["optimizer"]})
        history = json.loads(state["history"])
    network = torch.nn.parallel.DistributedDataParallel(model) if RANKS > 1 else model
    training = [tensor.to(device) for tensor in load("train")]
    validation = [tensor.to(device) for tensor in load("val")]
    if RANK == 0:
        resumed = f", on from epoch {len(history)}" if history else ""
        print(f"torch {torch.__version__}, {RANKS} rank(s) on {device}, seed {config['seed']}{resumed}")
        print(f"{len(training[0])} images to train with, {len(validation[0])} to validate", flush=True)

    for epoch in range(len(history), config["epochs"]):
        loss = train_epoch(network, optimizer, *training, epoch, config)
        if RANK > 0:
            continue
        history.append({"epoch": epoch, "train": {"loss": loss}, "val": validate(model, *validation)})
        print("epoch {epoch:2}  loss {train[loss]:.4f}  val {val[loss]:.4f}, {val[accuracy]:.4f}".format(**history[-1]))
        # All lines anew: those of an earlier start are in the checkpoint.
        Path(os.environ["REG_METRICS"]).write_text("".join(json.dumps(line) + "\n" for line in history))
        write_checkpoint(model, optimizer, history)
    if RANK == 0:
        weights.write(OUTPUTS / "model.safetensors", model, **shape)
        CHECKPOINT.unlink(missing_ok=True)  # served its purpose; what is left in REG_OUTPUTS is archived
    if RANKS > 1:
        del network  # else it outlives the group that it holds on to, and gloo now and then hangs when both go
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
