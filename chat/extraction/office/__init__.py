"""Office formats: Word, slides and sheets, OpenDocument and EPUB, most of them XML in zip packages."""
