"""A file's text becomes evidence: what is sent for a question, and whether an answer's claims stand there.

    retrieval    the passages that bear on a question
    scoring      how likely each sentence belongs to the answer, and why
    room         a budget of characters, and what it was spent on
    selection    the passages that are sent, within a budget
    receipts     what was sent and what was not, as values
    mark_writing   how a page is named in the prompt and in an answer
    evidence     the text of a file in the form in which quotes are compared
    citations    the claims of an answer, each looked up in the files

Knows no model, no prompt and no disk.
"""
