"""PDF: each page is read by the better of two libraries, pdfium and pypdf."""
