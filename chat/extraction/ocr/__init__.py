"""Text from pictures of pages: optical character recognition, in a child process of its own.

seen_words      words as an engine sees them: boxes in pixels, confidence, line
pp_ocr          PP-OCR by rapidocr: Chinese, Japanese, Latin; photographs
tesseract       Tesseract by tesserocr: quick, and every script that its data is there for
engine_choice   which engine reads a page, and which way up it stands
installed       the engines that this machine has
page_image      a page of a PDF or a picture as grey pixels; skew
drawn_rules     the rules that are drawn on it
reading_order   its words as text, with rows and columns; where each word stands
page_worker     the child: one page after another, under limits
page_result     a page that was read, as it crosses the pipe

Knows no attachment. The engines are imported where a page needs them and nowhere else.
"""
