"""What the embedding of objects costs beside the run that detected them."""

from __future__ import annotations

from collections.abc import Mapping

FRAMES, WIDTH, BATCH = 40, 1280, 8
KEYS: tuple[str, ...] = ()


def measure() -> Mapping[str, float]:
    """Write the processor's seconds for an object, and their share of a run's. One thread, the demo's checkpoints."""
    import io
    import time

    from argus.images.fetcher import open_image
    from benchmarks.teach import page, scenes
    from demo.draw import Split
    from search_service.embedding.object_crops import cut

    encoder = scenes.encoder()
    detected = decoded = embedded = 0.0
    objects = 0
    for frame in scenes.frames(Split.HELD_OUT, "cost", FRAMES, WIDTH):
        file = io.BytesIO()
        frame.image.save(file, "JPEG", quality=92)
        began = time.process_time()
        image = open_image(file.getvalue())
        decoded += time.process_time() - began
        began = time.process_time()
        crops = [encoder.prepare(cut(image, find.part)) for find in frame.finds]
        for place in range(0, len(crops), BATCH):
            encoder.encode_images(crops[place:place + BATCH])
        embedded += time.process_time() - began
        detected += frame.seconds
        objects += len(crops)
    share = (decoded + embedded) / (detected + decoded + embedded)
    page.write("What an object costs", [
        f"{FRAMES} scenes of {WIDTH} × {WIDTH * 9 // 16} pixels, {objects} detections of six labels, one thread, "
        "seconds of the processor; an image is fetched and decoded once for all its crops. Full-size checkpoints cost "
        "more of everything: there an object is one more image for SigLIP 2, and a frame one image for SAM 3.", "",
        *page.table(["", "for each", "of all"], [
            ["detection (SAM 3)", f"{detected / FRAMES:.3f} s a frame", f"{1 - share:.0%}"],
            ["decoding for the crops", f"{decoded / FRAMES:.3f} s a frame",
             f"{decoded / (detected + decoded + embedded):.0%}"],
            ["embedding (SigLIP 2)", f"{embedded / max(objects, 1):.4f} s an object",
             f"{embedded / (detected + decoded + embedded):.0%}"]])])
    return {}
