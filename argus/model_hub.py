"""What Hugging Face says instead of giving a checkpoint's files, as errors of ours. Imports neither torch nor its
client."""

from __future__ import annotations

import re

from argus.errors import ArgusError


def refusal(checkpoint: str, setting: str, error: BaseException) -> ArgusError | None:
    """Return what the host answered, or None when it gave no answer.

    Args:
        setting: the name of the one that `checkpoint` comes from.
        error: what loading raised; what its libraries caught on the way is looked through, too.
    """
    links = chain(error)
    names = {type(link).__name__ for link in links}
    if "GatedRepoError" in names or "gated repo" in str(error):
        return ArgusError("model_gated", f"Hugging Face gives {checkpoint} only to people who accepted its licence.",
                          f"Accept it on https://huggingface.co/{checkpoint}, then set HF_TOKEN to your token; or set "
                          f"{setting} to a folder with the checkpoint.")
    status, headers = _answer(links)
    if status == 429 or status >= 500:
        return _busy(checkpoint, status, headers)
    if status == 403 or (status == 401 and "RepositoryNotFoundError" not in names):
        return ArgusError("model_refused", f"Hugging Face refuses {checkpoint} to this token: it answered {status}.",
                          "Has HF_TOKEN run out, or may it not read this model? Make a new one on "
                          f"https://huggingface.co/settings/tokens, or set {setting} to a folder with the checkpoint.",
                          status=status)
    if "RepositoryNotFoundError" in names:
        return ArgusError("model_not_found", f"Hugging Face has no model {checkpoint}, or none this token may see.",
                          f"Check the name in {setting}; for a private model set HF_TOKEN.")
    return None


def chain(error: BaseException) -> list[BaseException]:
    """Return an error and those that led to it."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def _answer(links: list[BaseException]) -> tuple[int, dict[str, str]]:
    """Return status and headers of the first answer that was refused; 0 without any."""
    for link in links:
        response = getattr(link, "response", None)
        if isinstance(status := getattr(response, "status_code", None), int):
            return status, {name.lower(): value for name, value in response.headers.items()}  # type: ignore[union-attr]
    return 0, {}


def _busy(checkpoint: str, status: int, headers: dict[str, str]) -> ArgusError:
    """Return the error of a host that may give the files later. It says when by Retry-After, in seconds, or as the
    draft "RateLimit header fields for HTTP" has it: `RateLimit: "resolvers";r=0;t=30`."""
    given = re.fullmatch(r"\s*(\d{1,9})\s*", headers.get("retry-after", "")) or re.search(
        r";\s*t=(\d{1,9})", headers.get("ratelimit", "") if status == 429 else "")
    seconds = int(given[1]) if given else None
    asks = (f"asks to wait{f' {seconds} s' if seconds is not None else ''} before it gives {checkpoint} (429)"
            if status == 429 else f"cannot give {checkpoint} now: it answered {status}")
    return ArgusError("model_host_busy", f"Hugging Face {asks}.",
                      "The worker tries again by itself. A token in HF_TOKEN has a larger allowance.", status=status,
                      **({"retry_after": seconds} if seconds is not None else {}))
