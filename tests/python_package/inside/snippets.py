"""What a document says to type."""

import re

from conftest import DOCUMENTS


def snippets(document, language):
    """The code blocks of a language, by the heading that they stand under."""
    text = (DOCUMENTS / document).read_text()
    found = {}
    heading = ""
    for match in re.finditer(r"^#+ ([^\n]*)$|^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if match[1] is not None:
            heading = match[1]
        elif match[2] == language:
            found.setdefault(heading, []).append(match[3])
    return found
