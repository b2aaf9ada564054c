"""The embedded sample: a small crawl of our own pages, with labels, problems and a benchmark."""
