"""`argus search-eval`: how good the search is, by thumbs or by labels."""

from __future__ import annotations

import click

from argus.answers.search import MeanQuality, QueryQuality
from argus_cli.output import json_option, print_json, print_table, project_option, say


@click.command("search-eval")
@project_option
@click.option("--by", "source", type=click.Choice(["thumbs", "labels"]), default="thumbs", show_default=True,
              help="Judge by `argus judgements` and thumbs on the page, or by the labels of annotations.")
@click.option("--k", "cuts", type=click.IntRange(1, 1000), multiple=True, default=(10, 50), show_default=True,
              help="k of recall@k and nDCG@k; repeatable.")
@json_option
def search_eval(project_id: int, source: str, cuts: tuple[int, ...], as_json: bool) -> None:
    """Measure a project's search quality by judgements or labels: recall@k, nDCG@k, and precision per relevance band.

    Only judged images count; the others are neither right nor wrong.
    """
    from search_service.search.evaluation import evaluate

    found = evaluate(project_id, source, cuts)
    if as_json:
        print_json(found)
        return
    keys = [str(k) for k in cuts]
    print_table(["query", "judged", "relevant", *(f"recall@{k}" for k in keys), *(f"nDCG@{k}" for k in keys), "likely",
                 "possible", "unlikely"],
                [*([row.query, row.judged, row.relevant, *_numbers(row, keys)] for row in found.queries),
                 ["mean", "", "", *_numbers(found.mean, keys)]])
    say("likely, possible, unlikely: the share of right ones among the judged hits of that band.")


def _numbers(row: QueryQuality | MeanQuality, keys: list[str]) -> list[str]:
    values = [(measure or {}).get(key) for measure in (row.recall, row.ndcg) for key in keys]
    values += [row.precision[band] for band in ("likely", "possible", "unlikely")]
    return ["" if value is None else f"{value:.3f}" for value in values]
