"""Finding the part of a text that bears on a question: by words, well under a second.

    sentences   where each begins, in any script
    terms       the words of a text as they are searched for, in any language
    dates       one term for a day or a month in any notation
    questions   what of a question is searched for, and which questions no word can find
    places      what a question names by number or name, as a page or a chapter
    headings    the section of a number or a title, captions of tables and figures
    named_parts statements, notes and appendices that a question names by their title
    common_words  how much a word of a long question says
    passages    Index: where every term stands; Search: a score for every sentence
    nearness    how near passages are to a question, by vectors that an endpoint made
    tables      the header row that a row needs beside it
    samples     the head and even samples, for questions about the whole

Knows no file, no budget and no model. Offsets are into `Document.text`.
"""
