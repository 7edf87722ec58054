"""Extracts code blocks from the documents."""

import re

from conftest import DOCUMENTS


def snippets(document, language):
    """Returns the code blocks of a language, as lists by the heading above them."""
    text = (DOCUMENTS / document).read_text()
    blocks = {}
    heading = ""
    for match in re.finditer(r"^#+ ([^\n]*)$|^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if match[1] is not None:
            heading = match[1]
        elif match[2] == language:
            blocks.setdefault(heading, []).append(match[3])
    return blocks
