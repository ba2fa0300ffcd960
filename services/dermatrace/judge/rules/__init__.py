"""The rules, as rows: one module a family. `rule_set.py` lists them all."""
