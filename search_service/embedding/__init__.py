"""From images to vectors with SigLIP 2."""
