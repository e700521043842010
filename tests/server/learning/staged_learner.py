"""Stands in for the learning process: `python -m tests.server.learning.staged_learner STUDENT PLAN...`.

For each segment it answers with the next word of the plan: `weights`, `refused`, `withdrawn`, `broken` (weights that
do not open), `other` (weights of an unknown student), `garbage`, `end`, or `none` for no answer. `remembered` is
answered by a refusal that tells what was remembered.
"""

import sys
from pathlib import Path

from acutance.model.learning.messages import Message, read


def main() -> None:
    file, plan = Path(sys.argv[1]), sys.argv[2:]
    weights, name = file.read_bytes(), {"student": file.stem}
    answer(Message("ready"))
    while (message := read(sys.stdin.buffer)) is not None:
        if message.type == "remembered":
            answer(Message("refused", name | {"reason": f"remembered {len(message.payload)} bytes"}))
        if message.type != "frames" or not plan:
            continue
        word = plan.pop(0)
        if word == "end":
            return
        if word == "garbage":
            sys.stdout.buffer.write(b"no message\n")
            sys.stdout.buffer.flush()
        elif word in ("weights", "broken", "other"):
            fields = {"student": "other" if word == "other" else file.stem, "gain": 0.5, "before": 0.2}
            answer(Message("weights", fields, b"no student" if word == "broken" else weights))
        elif word != "none":
            answer(Message(word, name | {"reason": "staged"}))


def answer(message: Message) -> None:
    sys.stdout.buffer.write(message.encoded())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
