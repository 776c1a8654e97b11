"""From a question to a running generation: the branch before it, what the answer needs, limits, the start.

Knows no page, no HTTP and no file format; how an answer is written is in chat.turns.
"""
