"""How fast, against what: each module named in `suite.py` measures one thing; run `make bench`.

Nothing here asserts a speed. Every speed stands beside a baseline measured in the same run, in
alternation with it, because a machine drifts and numbers of two days cannot be compared.
"""
