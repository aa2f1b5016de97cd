"""A pseudo-terminal for tests, and what a person would see on it."""

import fcntl
import os
import re
import select
import struct
import termios
import time

WAIT = 80
"""Seconds after which something that has to come did not."""

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A pseudo-terminal: `stream` is the program's end, the rest is the screen's."""

    def __init__(self, columns=100, lines=30):
        self.screen, program = os.openpty()
        fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.stream = os.fdopen(program, "w", encoding="utf-8")
        self.seen = ""

    def read_until(self, wanted, seconds=WAIT):
        """Return all text so far, without escape sequences, as soon as it has `wanted`."""
        end = time.monotonic() + seconds
        while wanted not in self.text():
            left = end - time.monotonic()
            assert left > 0, f"{wanted!r} did not come: {self.text()[-500:]!r}"
            if select.select([self.screen], [], [], left)[0]:
                self.seen += os.read(self.screen, 65536).decode("utf-8", "replace")
        return self.text()

    def text(self):
        return ESCAPES.sub("", self.seen).replace("\r\n", "\n")

    def close(self):
        self.stream.close()
        os.close(self.screen)


def screen_of(output):
    """What a person sees after `output`: lines, with the cursor movements that the bar uses carried out."""
    lines, row = [""], 0
    for part in re.split(r"(\r?\x1b\[\d+A|\x1b\[J|\n)", output.replace("\r\n", "\n")):
        if part.endswith("A") and "\x1b" in part:
            row -= int(part.strip("\r\x1b[A"))
        elif part == "\x1b[J":
            lines[row:] = [""]
        elif part == "\n":
            row += 1
            lines.extend([""] * (row + 1 - len(lines)))
        else:
            lines[row] += ESCAPES.sub("", part)
    return lines
