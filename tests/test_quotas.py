"""What is left of a rate, second by second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qa.rate import Rate
from qa.serving.quotas import Quotas, Standing


def test_a_rate_allows_as_many_at_once_and_then_one_after_the_other() -> None:
    quotas = Quotas(Rate(3, 60))
    assert [quotas.take("a", 100.0) for _ in range(4)] == [
        Standing(True, 2, 20, 0),
        Standing(True, 1, 40, 0),
        Standing(True, 0, 60, 0),
        Standing(False, 0, 60, 20),
    ]
    assert quotas.take("b", 100.0).admitted
    assert [quotas.take("a", at).admitted for at in (119.9, 120.0, 120.1, 140.0)] == [False, True, False, True]
    assert [quotas.take("a", 500.0).admitted for _ in range(4)] == [True, True, True, False]


@given(
    st.integers(1, 50),
    st.sampled_from([1, 60, 3600, 86_400]),
    st.lists(st.floats(0, 1e5), min_size=1, max_size=200).map(sorted),
)
def test_in_any_stretch_of_time_no_more_pass_than_the_rate_and_what_it_has_at_once(
    amount: int, seconds: int, times: list[float]
) -> None:
    quotas = Quotas(Rate(amount, seconds))
    passed = [at for at in times if quotas.take("a", at).admitted]
    assert passed[: min(amount, len(times))] == times[:amount]
    for first, start in enumerate(passed):
        for count, end in enumerate(passed[first:], 1):
            assert count <= amount + (end - start) * amount / seconds + 1e-3


@given(st.integers(1, 20), st.lists(st.floats(0, 100), max_size=60).map(sorted))
def test_who_waits_as_long_as_told_is_admitted(amount: int, times: list[float]) -> None:
    quotas, now = Quotas(Rate(amount, 60)), 0.0
    for at in times:
        now = max(now, at)
        standing = quotas.take("a", now)
        if not standing.admitted:
            now += standing.retry_s
            assert quotas.take("a", now).admitted


def test_those_who_have_all_of_their_rate_again_are_forgotten_and_never_more_than_so_many_known() -> None:
    quotas = Quotas(Rate(1, 60), most=100)
    for number in range(1000):
        quotas.take(f"address {number}", 0.0)
    assert len(quotas) == 100
    quotas.take("another", 61.0)
    assert len(quotas) == 1
