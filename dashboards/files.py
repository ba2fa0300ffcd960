"""Every file that is written from here, by its path below `dashboards/`."""

import json
from typing import Final

import yaml

from dashboards.alerts import contacts, policies, rules
from dashboards.boards import BOARDS, BY_SLUG
from dashboards.looks import Json
from dashboards.page import page
from dashboards.sources import data_source, providers

WRITTEN_BY: Final = "# Written by `make dashboards`. Change what writes it: dashboards/{}.py\n"


def files() -> dict[str, str]:
    """Return the text of every file by its path."""
    told = {
        f"json/{board.folder}/{board.slug}.json": _json(board.json(BY_SLUG)) for board in BOARDS
    }
    told |= {
        f"provisioning/{path}.yaml": WRITTEN_BY.format(module) + note + _yaml(content)
        for path, module, note, content in (
            ("datasources/influxdb", "sources", "", data_source()),
            ("dashboards/dermatrace", "sources", "", providers()),
            ("alerting/rules", "alerts", "", rules()),
            ("alerting/contact-points", "alerts", _CONTACT_NOTE, contacts()),
            ("alerting/policies", "alerts", _POLICY_NOTE, policies()),
            ("plugins/none", "files", _PLUGINS_NOTE, {"apiVersion": 1, "apps": []}),
        )
    }
    return told | {"README.md": page(BOARDS)}


_CONTACT_NOTE: Final = """\
# To be told of technical alerts: enter an address here, give Grafana a mail server (GF_SMTP_...) or
# another type of receiver, and take `until-somebody-is-named` out of policies.yaml.
"""
_POLICY_NOTE: Final = """\
# Nobody is paged about a finding: the device's own alarms govern safety.
"""
_PLUGINS_NOTE: Final = """\
# No plugin is set up. Without this folder Grafana would log an error at every start.
"""


def _json(told: Json) -> str:
    return json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class _Plain(yaml.SafeDumper):
    """Writes the same list twice rather than an anchor, which not every reader follows."""

    def ignore_aliases(self, data: object) -> bool:
        """Never write an anchor."""
        del data
        return True


def _yaml(told: Json) -> str:
    return yaml.dump(told, Dumper=_Plain, sort_keys=False, width=100, allow_unicode=True)
