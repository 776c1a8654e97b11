"""The tables of a file with typed columns, and SQL over them.

    cell_grid       the cells of a table before anything is known of them     } made by chat.extraction
    grid_blocks     the tables of one sheet
    sheet_shape     titles, header, data, totals, notes; header_rows, numeric_cells, standing_labels;
                    row_totals by arithmetic
    cell_values     a cell's text -> its value
    column_types    what a column holds; sql_names what SQL calls it
    table_builder   a grid -> a typed table and its Parquet file              } in the child, with DuckDB
    file_tables     all grids of a file                                       }
    sql_query       one SELECT over the tables; query_outline its parts       }
    typed_table, table_pack, query_result    what parent and child exchange, checked by the parent

    question_forms  a question of a known form -> form_sql; form_patterns its words, form_columns and
                    column_names what it names, form_filters and form_periods its limits,
                    ranked_forms for the first of several and shares, german_forms the same in German

Knows no process, no question and no model.
"""
