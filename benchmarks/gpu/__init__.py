"""What the two models cost on a GPU: full-size SAM 3 and SigLIP 2 so400m, with random weights.

    make bench-gpu                     # at most 8 minutes on a machine with CUDA
    python -m benchmarks.gpu --tiny    # the demo's checkpoints on the CPU, a minute: tries the benchmark itself

The weights are random and know nothing; what they cost is what the published ones cost. They are written to a temporary
folder (5 GB) and loaded by the product's own engines. Nothing is downloaded.
"""
