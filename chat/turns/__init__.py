"""One turn: a question with its files and its conversation becomes the events of an answer.

    turn         the question and its options, as values
    models       the models of the endpoint, and which one answers
    context      files and conversation -> prompt and receipt, within the model's window
    prompt       the messages that are sent, and the rules for quoting files
    answer       the source of a generation's events: chunks, citations, ending
    search_words what the answering passage would say, written by the model
    map_reduce   a file that is read whole, part by part
    quotes       the model `quotes`: sentences of the files, without a language model
    titles       a conversation's title
    tokens       estimates of token counts

Knows no route, no page and no replica.
"""
