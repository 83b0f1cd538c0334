"""What to do above the mark: keep what is whole, cut what is torn, refuse what is damaged."""

from ledger.frame import Footer, encode_footer, encode_frame, encode_run, frame_salt
from ledger.repair import RepairPlan, plan_repair

SALT = frame_salt(bytes(16), 0)


def frames(*counts: int, start: int = 5) -> list[bytes]:
    """Return commits of `counts` events each, one after the other."""
    made = []
    for count in counts:
        made.append(encode_frame(encode_run([b"event"] * count), start, count, SALT))
        start += count
    return made


def test_at_every_cut_whole_commits_are_kept_and_the_rest_is_cut() -> None:
    """A power cut may stop the last write anywhere."""
    first, second = frames(1, 3)
    tail = first + second
    for size in range(len(tail) + 1):
        kept = len(tail) if size == len(tail) else len(first) if size >= len(first) else 0
        events = {0: 0, len(first): 1, len(tail): 4}[kept]
        assert plan_repair(tail[:size], SALT, 5) == RepairPlan(kept, events, size - kept, None)


def test_zeros_are_a_torn_tail() -> None:
    """File systems may grow a file before its bytes arrive."""
    (first,) = frames(2)
    assert plan_repair(first + bytes(900), SALT, 5) == RepairPlan(len(first), 2, 900, None)


def test_a_whole_commit_after_bad_bytes_is_damage() -> None:
    """It proves that the bad one was complete once: the writer never begins a commit before the last one is synced."""
    first, second, third = frames(1, 2, 1)
    bad = second[:-1] + bytes([second[-1] ^ 1])
    plan = plan_repair(first + bad + third, SALT, 5)
    assert plan.intact_at == len(first) + len(bad)


def test_commits_of_another_place_in_the_log_are_not_kept() -> None:
    """A commit that is whole but not due next would leave a gap."""
    (stale,) = frames(1, start=9)
    assert plan_repair(stale, SALT, 5).kept_bytes == 0


def test_a_footer_at_the_end_is_taken_away_and_damage_anywhere_else() -> None:
    """A segment is sealed before the next one is made, and nothing is ever written behind a footer."""
    (first,) = frames(2)
    footer = encode_footer(Footer(2, bytes(32), bytes(32)), 7, SALT)
    assert plan_repair(first + footer, SALT, 5) == RepairPlan(len(first), 2, 0, None, len(footer))
    assert plan_repair(first + footer[:-1], SALT, 5) == RepairPlan(len(first), 2, len(footer) - 1, None)
    assert plan_repair(first + footer + b"x", SALT, 5) == RepairPlan(len(first), 2, len(footer) + 1, len(first))
    assert plan_repair(first[:-1] + b"x" + footer, SALT, 5).intact_at == len(first)
