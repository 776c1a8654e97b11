"""Is what the check of citations calls found there, and is what it calls not found absent?

    CORPORA=... python -m tests.benchmarks.proof [show] [NAME]

CORPORA: the folder with real/pdf/*.pdf, real/docs_*.jsonl and so on; debian/ in it holds the PDFs of the
packages installation-guide-amd64, debian-reference (de, es, fr and zh-cn), developers-reference (en and de,
as developers-reference.en.pdf and .de.pdf), debmake-doc (de and zh-cn), debian-faq (de, en and it),
maint-guide (de and zh-cn), debian-edu-doc (the bullseye manual, as debian-edu-manual.de.pdf and .zh-cn.pdf),
debian-policy (policy.pdf, fhs-3.0.pdf), r-doc-pdf (R-FAQ.pdf), linuxcnc-doc-zh-cn (the Integrator's manual),
ubuntu-packaging-guide-pdf-de (as ubuntu-packaging-guide.de.pdf), texlive-lang-chinese and -german (five of
them), and the .odt of gutenprint-doc; debian/handbook/ in it holds the HTML pages of debian-handbook, a
folder per language; debian/udo/, kicad/ and libreoffice-help/ those of udo-doc-de, kicad-doc-zh and
libreoffice-help-zh-cn. A claim whose file is not there is left out: without CORPORA, only the claims over the
samples of this folder are checked.
Claims: proof_claims.jsonl, each an answer of one claim with the statuses that are right; an empty one stands
for no verdict. Each set was stored before its first run. After that run its faults were mended: only the
first run says what to expect.
show: prints each wrong verdict. NAME: the one set to check.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chat.documents.document import Document, Page
from chat.extraction.source import Shape, Source
from chat.extraction.worker import read
from chat.grounding.citations import Citation, check
from chat.grounding.evidence import Evidence

FOLDER = Path(__file__).resolve().parent
CONFIRMED = ("found", "omission")
QUIET = ("", *CONFIRMED, "page_exists")
MUST_BE_CAUGHT = ("altered", "stitched", "invented")
MEGABYTE = 1_000_000
SPEED_ROUNDS = 15


@dataclass(frozen=True)
class KnownClaim:
    """A claim and its right verdicts. target: the words that are judged; the first quote where empty."""

    kind: str
    file: str
    lang: str
    answer: str
    expect: tuple[str, ...] = ("",)
    target: str = ""
    page: str = ""
    question: str = ""
    set: str = "1"

    @property
    def files(self) -> list[str]:
        return self.file.split(" + ")

    @property
    def group(self) -> str:
        return self.kind.split()[0] if self.kind.startswith("altered") else self.kind

    @property
    def cited_kind(self) -> str:
        return {"page mark": "page_mark", "figure": "figure"}.get(self.kind, "quote")


@dataclass(frozen=True)
class Verdict:
    claim: KnownClaim
    status: str
    page: str
    printed: str = ""

    @property
    def is_right(self) -> bool:
        if self.claim.kind == "no claim":
            return self.status in QUIET
        is_page = (
            self.status != "other_page" or not self.claim.page or self.claim.page in (self.page, self.printed)
        )
        return self.status in self.claim.expect and is_page


def main() -> None:
    corpora = Path(os.environ["CORPORA"]) if "CORPORA" in os.environ else None
    if corpora is None:
        print("CORPORA is unset: only the claims over the samples of this folder are checked.")
    names = [argument for argument in sys.argv[1:] if argument != "show"]
    verdicts = list(judge((one for one in read_claims() if not names or one.set in names), corpora))
    for name in dict.fromkeys(verdict.claim.set for verdict in verdicts):
        print_table(f"set {name}", [verdict for verdict in verdicts if verdict.claim.set == name])
    print_table("all", verdicts)
    for verdict in verdicts if "show" in sys.argv[1:] else ():
        if not verdict.is_right:
            claim = verdict.claim
            place = f"{claim.kind} | {claim.file} | {verdict.status or '-'} {verdict.page}"
            print(f"{place} | {claim.target!r} | {claim.answer!r}")
    if not names:
        print_speed()


def read_claims() -> list[KnownClaim]:
    lines = (FOLDER / "proof_claims.jsonl").read_text("utf-8").splitlines()
    return [_claim(json.loads(line)) for line in lines]


def _claim(fields: dict[str, Any]) -> KnownClaim:
    return KnownClaim(**{**fields, "expect": tuple(fields.get("expect", ("",)))})


def judge(claims: Iterable[KnownClaim], corpora: Path | None) -> Iterator[Verdict]:
    """Yield the verdict of each claim whose file is there."""
    for claim in claims:
        evidence = [one for one in (read_evidence(file, corpora) for file in claim.files) if one is not None]
        if len(evidence) == len(claim.files):
            yield find_verdict(claim, check(claim.answer, evidence, claim.question))


def find_verdict(claim: KnownClaim, citations: Sequence[Citation]) -> Verdict:
    """Return the verdict of the words that are judged; for text that claims nothing, the first alarm."""
    if claim.kind == "no claim":
        alarms = [one for one in citations if one.status not in QUIET]
        return Verdict(claim, alarms[0].status if alarms else "", "")
    start = max(0, claim.answer.find(claim.target))
    end = start + len(claim.target) if claim.target else len(claim.answer)
    found = [one for one in citations if one.kind == claim.cited_kind and one.at < end and start < one.end]
    return (
        Verdict(claim, found[0].status, found[0].page, found[0].printed) if found else Verdict(claim, "", "")
    )


@cache
def read_evidence(file: str, corpora: Path | None) -> Evidence | None:
    """Return a sample, a PDF or a document of a JSON Lines file (`folder/docs.jsonl#id`)."""
    samples = json.loads((FOLDER / "proof_samples.json").read_text("utf-8"))
    if file in samples:
        pages = tuple(Page(str(n), text) for n, text in enumerate(samples[file]["pages"], 1))
        return _evidence(file, samples[file]["unit"], pages)
    path, _, id = file.partition("#")
    if corpora is None or not (corpora / path).exists():
        return None
    if id:
        lines = (corpora / path).read_text("utf-8").splitlines()
        text = next(one["text"] for one in map(json.loads, lines) if one["doc_id"] == id)
        return _evidence(f"{id}.txt", "", (Page("", text),))
    findings = list(read(Source(corpora / path, Path(path).name, None, 10 * MEGABYTE)))
    unit = next(one.unit for one in findings if isinstance(one, Shape))
    return _evidence(Path(path).name, unit, tuple(one for one in findings if isinstance(one, Page)))


def _evidence(name: str, unit: str, pages: tuple[Page, ...]) -> Evidence:
    return Evidence.prepare(Document(name, "text/plain", 0, unit, pages, len(pages)))


def print_table(name: str, verdicts: Sequence[Verdict]) -> None:
    """Print how often each kind of claim got which verdict, and the goals."""
    statuses = sorted({verdict.status for verdict in verdicts})
    heads = " | ".join(status or "none" for status in statuses)
    print(f"\n{name}: {len(verdicts)} claims\n| kind | claims | right | {heads} |")
    print("|---" * (3 + len(statuses)) + "|")
    for kind in dict.fromkeys(verdict.claim.group for verdict in verdicts):
        here = [verdict for verdict in verdicts if verdict.claim.group == kind]
        counts = Counter(verdict.status for verdict in here)
        cells = " | ".join(str(counts[status] or "") for status in statuses)
        print(f"| {kind} | {len(here)} | {share(v.is_right for v in here)} | {cells} |")
    wrong = [v for v in verdicts if v.claim.group in MUST_BE_CAUGHT]
    quiet = [v for v in verdicts if v.claim.group in ("right", "no claim")]
    print(
        f"right claims found {share(v.is_right for v in verdicts if v.claim.group == 'right')};"
        f" other page named {share(v.is_right for v in verdicts if v.claim.group == 'other page')};"
        f" wrong ones caught {share(v.status not in ('', *CONFIRMED) for v in wrong)};"
        f" confirmed falsely {sum(v.status in CONFIRMED for v in wrong)};"
        f" false alarms {share(v.status not in QUIET for v in quiet)}"
    )


def share(facts: Iterable[bool]) -> str:
    known = list(facts)
    return f"{sum(known) / len(known):.3f}" if known else "-"


def print_speed() -> None:
    """Print what a claim costs in processor time, over a text of a million characters and over a short one.

    The least of the rounds counts: on a busy machine the same work takes up to three times as much of it.
    """
    sample = read_evidence("trial.pdf", None)
    assert sample is not None
    words = [f"w{number * 7919 % 50_021}" for number in range(170_000)]
    pages = [Page(str(n + 1), " ".join(words[n * 500 : n * 500 + 500])) for n in range(340)]
    long = _evidence("long.pdf", "page", (*pages, *sample.document.pages))
    claims = [claim for claim in read_claims() if claim.file == "trial.pdf" and claim.cited_kind == "quote"]
    answers = [claim.answer.replace("[p. ", "[p. 34") for claim in claims]
    in_long, in_short, passes = list[float](), list[float](), list[float]()
    for _ in range(SPEED_ROUNDS):
        in_long.append(_milliseconds(lambda: [check(answer, [long]) for answer in answers]) / len(answers))
        in_short.append(_milliseconds(lambda: [check(one.answer, [sample]) for one in claims]) / len(claims))
        passes.append(_milliseconds(lambda: long.folded.count("zzzq")))
    print(
        f"\n{min(in_long):.2f} ms a claim over {len(long.document.text):,} characters, {min(in_short):.2f} ms"
        f" over {len(sample.document.text):,}; one look through the long text takes {min(passes):.2f} ms"
        f" (least of {SPEED_ROUNDS} rounds; middle: {sorted(in_long)[SPEED_ROUNDS // 2]:.2f} ms)"
    )


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return 1e3 * (time.process_time() - started)


if __name__ == "__main__":
    main()
