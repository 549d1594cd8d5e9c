"""The part of the numeric profile that decides the bits of a training."""

import os
import platform

#: Linear algebra of trainings: the instructions that most processors have, so that they give the same bits.
PINS = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"}


def training_profile() -> dict[str, str]:
    """Return what computes in this process, which imports PyTorch: versions, threads, instructions."""
    import torch

    return {
        "torch": str(torch.__version__), "device": "cpu", "threads": str(torch.get_num_threads()),
        "machine": platform.machine(), "instructions": torch.backends.cpu.get_cpu_capability(),
        "pins": " ".join(f"{name}={os.environ.get(name, '')}" for name in sorted(PINS)),
    }
