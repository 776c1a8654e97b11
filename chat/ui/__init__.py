"""The page: Gradio Blocks whose callbacks read generations and own none.

    page       layout and wiring: create_page(engine) -> gr.Blocks, and what mounting it needs
    callbacks  what the page's events do; each yields Shown values
    follower   a generation's events -> snapshots of the growing turn, coalesced by time
    pace       how often a snapshot is worth its cost
    visits     what the browser sends along with every event, checked
    loading    what of a conversation the page shows, fetched
    view       messages of history and snapshots -> messages of a Chatbot
    named      functions for gradio_client and MCP: chat, ask_file
    sidebar, drawer, uploads, settings_panel    the parts beside the conversation
    rendering, texts, theme                     how text is made safe, worded and coloured

Knows no HTTP route, no provider and no database: all goes through the engine.
"""
