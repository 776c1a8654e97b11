"""A file becomes its text, page by page, in a child process that can be killed.

    limits     how much one file may cost
    readers    the pool of children: the door to all of this          } in the parent
    reading    one file being read, to look at and to follow          }
    child      one child process, seen from the parent                }
    frames     what parent and child say to each other
    refusals   the sentences for files that cannot be used
    job_loop   the child: one job after another, under limits           } in the child, and nowhere else
    worker     its jobs where it reads files; page_drawer: where it draws pages; ocr.page_worker: scans
    source     what a reader is given and what it yields              }
    kinds      which reader a file needs, by its content              }
    inner_files   the files inside a file, read as its parts          }
    tidy       text as every later step may trust it                  }
    pdf        PDF page by page, each by the better of pdfium and second_reader (pypdf);
               legibility judges a page, glyphs and bidirectional use where its letters stand
    word, slides, sheets, old_office, outlook, tnef, opendocument, epub, hwpx, ofd, zip_members,
    markup, markup_documents, rich_text, mail, cards, notebook, plain: a format each; archive, package,
    embedded, xml_tree, encodings, formulas, raised: what the formats share
    layout     tables: from cells that span others, and from words with boxes
    ocr        text from pictures of pages, in a child of its own
    pictures   a page as a picture, a picture made small

Knows no budget and no question: what of a document is sent, chat.turns.prompt says.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chat.extraction.ocr.page_result import PageResult
    from chat.extraction.reader_limits import ReaderLimits
    from chat.extraction.readers import Readers
    from chat.extraction.reading import Reading

__all__ = ["PageResult", "ReaderLimits", "Readers", "Reading"]
HOMES = {
    "PageResult": "ocr.page_result",
    "ReaderLimits": "reader_limits",
    "Readers": "readers",
    "Reading": "reading",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Return a name of the parent's side. A child imports this package too, and loads none of them."""
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
