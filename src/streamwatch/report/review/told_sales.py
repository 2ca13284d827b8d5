"""The section on what was sold, in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from streamwatch.report.review import words
from streamwatch.report.review.reader import Reader, bullets, is_partly
from streamwatch.report.review.sales import Sales


def told_sales(every: Sequence[Sales], reader: Reader) -> Iterator[str]:
    yield reader.table(words.SALES_HEADS, [_row(each, reader) for each in every])
    partly = [
        reader.say(words.SALES_PARTLY, stream=reader.stream(each.stream), share=reader.share(each.known))
        for each in every
        if is_partly(each.known)
    ]
    yield bullets([*partly, reader.say(words.SALES_NOTE)])


def _row(each: Sales, reader: Reader) -> list[str]:
    return [
        reader.stream(each.stream),
        reader.count(each.orders),
        _money(each.turnover, reader),
        reader.count(each.peak),
        reader.count(each.failed),
        reader.count(each.refunds),
        _money(each.refunded, reader),
    ]


def _money(sums: Mapping[str, float], reader: Reader) -> str:
    """In each currency in which there was any; all are 0 where there was none."""
    if not sums:
        return reader.say(words.UNKNOWN)
    shown = [each for each in sums.items() if round(each[1], 2)] or list(sums.items())[:1]
    return reader.listed(f"{amount:,.2f} {currency}" for currency, amount in shown)
