"""Two tunnel ends under everything that can happen to them, in any order, judged against what was sent.

Hypothesis writes on both sides, lets bytes arrive in any portions, starves and feeds the sinks, ends and stops streams,
and breaks transports at any byte. At every moment what was delivered is a beginning of what was sent, and no end keeps
more than its window; when everything heals, all has arrived and both ends know it.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acc.wire.buffers import CHUNK
from acc.wire.frames import ZERO_KEY
from acc.wire.incoming import MAX_WINDOW, WINDOW
from tests.wire.pair import EVERYTHING, Pair, Side

SIZES = st.integers(1, 40) | st.integers(1, 400_000)
LENGTHS = st.integers(0, 300) | st.integers(0, 1 << 20)
SIDES = st.sampled_from(["client", "server"])


class TwoEnds(RuleBasedStateMachine):
    """Everything that can happen."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()

    @initialize(key=st.sampled_from([ZERO_KEY, None]), round_trip=st.sampled_from([0.0001, 0.5]))
    def begin(self, key: bytes | None, round_trip: float) -> None:
        self.pair = Pair(key=key)
        for side in self.sides:
            side.appetite = 0
            side.round_trip = round_trip

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.pair.client, self.pair.server

    def side(self, name: str) -> Side:
        return self.pair.client if name == "client" else self.pair.server

    # what can happen

    @rule(name=SIDES, size=SIZES)
    def write(self, name: str, size: int) -> None:
        self.side(name).write(size)

    @rule(name=SIDES)
    def finish(self, name: str) -> None:
        self.side(name).finish()

    @rule(name=SIDES, size=LENGTHS)
    def arrive(self, name: str, size: int) -> None:
        self.pair.carry(self.side(name), size)

    @rule(step=st.integers(1000, 1 << 20))
    def arrive_all(self, step: int) -> None:
        self.pair.run(step)

    @rule(name=SIDES, size=SIZES)
    def eat(self, name: str, size: int) -> None:
        self.side(name).feast(size)

    @rule(name=SIDES)
    def eat_a_lot(self, name: str) -> None:
        self.side(name).feast(4 * WINDOW)

    @rule(name=SIDES, rounds=st.integers(1, 4))
    def pour(self, name: str, rounds: int) -> None:
        self.pair.pour(self.side(name), rounds * WINDOW)

    @rule(name=SIDES)
    def be_quiet(self, name: str) -> None:
        self.side(name).quiet()

    @precondition(lambda self: not self.stopped)
    @rule(name=SIDES)
    def stop(self, name: str) -> None:
        self.side(name).refuse()

    @rule(from_client=LENGTHS, from_server=LENGTHS)
    def lose(self, from_client: int, from_server: int) -> None:
        """Some bytes arrive yet, the rest is lost."""
        self.pair.carry(self.pair.client, from_client)
        self.pair.carry(self.pair.server, from_server)
        self.pair.resume()

    @rule()
    def lose_the_answer(self) -> None:
        self.pair.resume_unheard()
        self.pair.resume()

    # what must hold

    @property
    def stopped(self) -> bool:
        return any(side.tunnel.incoming.stopped is not None for side in self.sides)

    @invariant()
    def what_is_delivered_is_a_beginning_of_what_was_sent(self) -> None:
        for side in self.sides:
            source = self.pair.peer(side)
            assert source.sent.startswith(side.delivered)
            assert side.tunnel.incoming.delivered == len(side.delivered) or side.tunnel.incoming.stopped is not None

    @invariant()
    def a_sink_is_closed_at_the_end_and_not_before(self) -> None:
        for side in self.sides:
            source = self.pair.peer(side)
            if side.sink_closed:
                assert source.tunnel.outgoing.fin == len(source.sent) == len(side.delivered)

    @invariant()
    def nobody_sends_beyond_the_limit_or_keeps_more_than_the_window(self) -> None:
        for side in self.sides:
            outgoing, incoming = side.tunnel.outgoing, self.pair.peer(side).tunnel.incoming
            assert outgoing.offset <= outgoing.limit <= incoming.limit
            assert outgoing.offset - incoming.delivered <= MAX_WINDOW
            assert outgoing.unacknowledged < MAX_WINDOW + CHUNK
            assert incoming.waiting <= incoming._window

    @invariant()
    def what_is_kept_is_what_is_counted(self) -> None:
        for side in self.sides:
            outgoing, incoming = side.tunnel.outgoing, side.tunnel.incoming
            assert sum(map(len, outgoing._kept or ())) == outgoing.unacknowledged
            held = sum(map(len, incoming._queue or ()))
            assert held == (0 if incoming.stopped is not None else incoming.waiting)

    @invariant()
    def the_end_is_known_only_when_it_came(self) -> None:
        for side in self.sides:
            if side.tunnel.outgoing.done and not side.tunnel.outgoing.stopped:
                assert self.pair.peer(side).sink_closed

    def teardown(self) -> None:
        """Everything heals, both sources end, and everything must arrive."""
        self.pair.resume()
        for side in self.sides:
            side.feast(EVERYTHING)
        self.pair.run()
        for side in self.sides:
            side.finish()
        self.pair.run()
        for side in self.sides:
            assert side.tunnel.finished
            if side.tunnel.incoming.stopped is None:
                assert side.sink_closed
                assert side.delivered == self.pair.peer(side).sent
                assert side.tunnel.incoming.waiting == 0
            assert side.tunnel.outgoing._kept is None


TestTwoEnds = TwoEnds.TestCase
