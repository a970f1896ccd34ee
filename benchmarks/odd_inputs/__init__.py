"""Odd inputs: what people's files and servers really send, held against a real reference, now and at the baseline.

    python -m benchmarks.odd_inputs --json rows.json [--item 1 --item 2]

Each row is `{"item", "kind", "instance", "reference", "right", "ours", "before", "ok"}`: `right` is what the reference
(Chromium, ffmpeg, pycocotools, Label Studio) says when the benchmark runs, `ours` what the code of this working tree
answers, `before` what the code of the baseline commit answers to the same question. Exit status 1 when a row is not ok,
2 when a row could not be made at all (a reference is missing, a probe does not load).

How to add rows: a module `item_NN_name.py` in this package; it is found by its name. It has `ITEMS`, the numbers of the
items that its rows belong to, and a function

    def cases(work: Path) -> Iterator[Case]

that writes its inputs below the empty folder `work`, asks the reference, and yields a `Case` for each row. It is a
generator: what it starts (a server, a browser) stays up while a case it yielded is probed, so `with server(): yield
...` works. And it has a *probe* for each question, a function of the same module that is named by its cases:

    def opens(argument: Any) -> Any        # JSON in, JSON out

A probe runs in a process of its own, once with this tree's product code and once with the baseline's. Therefore
* it imports the product inside the function, by `product("argus.images.fetcher", "argus.images", "open_image")` when
  the place has moved: the new place first, the one of the baseline last;
* the module imports nothing of the product at its head (the reference's libraries are fine);
* what it raises is its answer: `"refused: bad_image"` for an `ArgusError`, `"raised: TypeError"` for anything else. A
  case whose right answer is a refusal has such a text in `right`;
* settings come from `ARGUS_*` variables that the probe sets itself (`with settings(max_image_pixels=...)`).
"""

from benchmarks.odd_inputs.case import Case, product, settings

__all__ = ["Case", "product", "settings"]
