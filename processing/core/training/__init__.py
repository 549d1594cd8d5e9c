"""The training of networks on images, in child processes; PyTorch is imported there alone."""
