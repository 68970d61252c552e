from tests.growth import grows_evenly


def test_work_by_the_square_is_told_from_work_that_grows_with_its_input() -> None:
    assert grows_evenly(lambda numbers: [number * number for number in numbers], range(400_000))
    assert not grows_evenly(
        lambda numbers: [number for number in numbers if number not in numbers[::-1]], [*range(6000)]
    )
