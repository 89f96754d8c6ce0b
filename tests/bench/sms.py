"""`python -m tests.bench.sms`: what a killed SMS consumer leaves in doubt at an SMPP gateway, and how fast it sends.

A doubt is a message whose receipt is `unknown`; the gateway's own file says whether it had left. Times are of this run.
"""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from deploy.localstack import launch
from deploy.localstack.instance import Instance
from tests.gateway import Process, Smsc
from tests.interface.test_consumers import Desk
from tests.support import Stack, eventually

PATIENCE = 300.0  # seconds
console = Console()


class Round:
    """One gateway with an empty file, one consumer, and messages for it."""

    def __init__(self, stack: Stack, desk: Desk, folder: Path, window: int, delay: int) -> None:
        folder.mkdir()
        self.desk, self.consumer, self.smsc = desk, Process(stack, folder), Smsc(folder)
        self.smsc.start()
        self.smsc.behave(delay=delay, receipts="DELIVRD", references=True)
        self.uri = self.smsc.uri(window=window, enquire=30)

    def rate(self, messages: int) -> float:
        """Messages a second, from the first to the last that the gateway has; they wait in the queue before."""
        sent = [self.desk.hand_over("sms") for _ in range(messages)]
        self.consumer.start(self.uri)
        eventually(self.smsc.taken, PATIENCE)
        begun = time.monotonic()
        eventually(lambda: len(self.smsc.taken()) == messages, PATIENCE)
        seconds = time.monotonic() - begun
        self._reported(sent)
        return messages / seconds

    def kills(self, messages: int, kills: int) -> Counter[str]:
        """What became of messages while the consumer was killed again and again."""
        sent = {self.desk.hand_over("sms", to=f"+861{at:010}"): f"861{at:010}" for at in range(messages)}
        for number in range(kills):
            self.consumer.start(self.uri)
            wanted = messages * (number + 1) // (kills + 1)
            eventually(lambda wanted=wanted: len(self.smsc.taken()) >= wanted, PATIENCE)
            time.sleep(random.random() * 0.05)
            self.consumer.end(signal.SIGKILL)
        self.consumer.start(self.uri)
        return self._fates(sent)

    def _fates(self, sent: dict[str, str]) -> Counter[str]:
        fates = self._reported(list(sent))
        copies = Counter(sms["to"] for sms in self.smsc.taken())
        found: Counter[str] = Counter()
        for message_id, to in sent.items():
            found[fates[message_id]] += 1
            found[f"{fates[message_id]}, {copies[to]} at the gateway"] += 1
        doubts = [message_id for message_id in sent if fates[message_id] == "unknown"]
        eventually(lambda: sum(map(self._delivered, doubts)) >= found["unknown, 1 at the gateway"], PATIENCE)
        found["unknown, cleared by a receipt"] = sum(map(self._delivered, doubts))
        return found

    def _delivered(self, message_id: str) -> bool:
        return any(receipt.data["state"] == "delivered" for receipt in self.desk.receipts(message_id))

    def _reported(self, sent: list[str]) -> dict[str, str]:
        eventually(lambda: all(map(self.desk.receipts, sent[-3:])), PATIENCE)
        return {one: eventually(lambda one=one: self.desk.receipts(one), PATIENCE)[0].data["state"] for one in sent}

    def close(self) -> None:
        """End both."""
        self.consumer.end()
        self.smsc.kill()


@click.command()
@click.option("--messages", default=1500, show_default=True)
@click.option("--kills", default=30, show_default=True)
@click.option("--window", default=10, show_default=True)
@click.option("--delay", default=20, show_default=True, help="Milliseconds until the gateway answers.")
def main(messages: int, kills: int, window: int, delay: int) -> None:
    """Measure on a stack of its own, discarded afterwards."""
    instance = Instance("bench-sms")
    launch.up(instance, "--discard", say=lambda line: None)
    stack = Stack(instance)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _measure(stack, Path(folder), messages, kills, window, delay)
    finally:
        stack.close()
        launch.down(instance, discard=True)


def _measure(stack: Stack, folder: Path, messages: int, kills: int, window: int, delay: int) -> None:
    stack.stop_process("sms-consumer")
    desk = Desk(stack)
    table = Table("measured", "figure", box=None, header_style="bold")
    for wide in (1, window):
        one = Round(stack, desk, folder / f"rate-{wide}", wide, delay)
        table.add_row(f"messages a second, window {wide}, answers after {delay} ms", f"{one.rate(messages // 3):.0f}")
        one.close()
    killed = Round(stack, desk, folder / "kills", window, delay)
    for fate, number in sorted(killed.kills(messages, kills).items()):
        table.add_row(f"{kills} kills, {messages} messages: {fate}", str(number))
    killed.close()
    console.print(table)


if __name__ == "__main__":
    main()
