"""Go or no-go before a show: what was asked, judged check by check.

`check` says what a verdict is; `way`, `line`, `seen`, `site`, `monitoring`, `people` and `material` judge what they
are given; `asking`, `filling` and `playing` fetch it; `inspecting` puts all together.
"""
