"""What is served to browsers: pages, the widget, and what they load."""
