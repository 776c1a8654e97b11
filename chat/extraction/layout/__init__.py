"""Tables and lines from rows of cells, and from words with boxes. Knows no format of files.

grid          cells that span rows and columns become rows of one width
sheet_blocks  the tables of a sheet: what empty rows and titles divide
page_words    words with boxes, segments between wide gaps, lines
rules         lines drawn on a page, and the grids that they make
lattice       a table whose cells are ruled
columns       the columns of lines without rules, from the room that their words leave
stream        a table without rules between its columns
cell_lines    which lines are one row
page_tables   the tables of a page: by lattice where there are grids, else by stream
"""
