"""A model's Markdown becomes the Markdown and HTML that Gradio's Chatbot shows, also while it grows."""
