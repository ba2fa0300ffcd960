"""Alert rules about recording itself, whom they reach, and that treatment findings page nobody."""

from dataclasses import dataclass
from typing import Final, Literal

from dashboards.board import Board
from dashboards.boards.floor import FLOOR
from dashboards.boards.pipeline import DROPPED_PANEL, INGEST_PANEL, LAG_PANEL, PIPELINE_HEALTH
from dashboards.influxql import INTERVAL, Query, col
from dashboards.looks import SOURCE_TYPE, SOURCE_UID, Json
from dermatrace.forward.measurements_recorder import PIPELINE
from dermatrace.forward.measurements_verdict import SESSION_STATE

FOLDER: Final = "Alerts"
"""Its own: a folder of boards has a fixed uid, and the two must not race to make one."""
EVERY: Final = "10s"
LAG_MAX_S: Final = 60
"""Age of the oldest entry not yet forwarded beyond which somebody is told."""
CONTACT: Final = "on-call"
NOBODY_YET: Final = "until-somebody-is-named"
"""Mutes technical alerts: they stand on Grafana's page of alerts and go nowhere. Whoever enters an
address and a mail server takes this out of `policies`."""
NOBODY: Final = "nobody"
"""Mutes everything else, for good."""
REPEAT: Final = "4h"
NoData = Literal["Alerting", "OK"]
OnError = Literal["KeepLast", "Alerting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert: fires when the newest value is beyond the bound for as long as `lasting`."""

    uid: str
    title: str
    query: Query
    sign: Literal["gt", "lt"]
    bound: float
    looks_back_s: int
    lasting: str
    board: Board
    panel: str
    no_data: NoData
    """Alerting where silence is the news, OK where there may rightly be nothing."""
    on_error: OnError = "KeepLast"
    """A short hiccup of the database is no news about what is asked."""
    summary: str
    remedy: str

    def json(self) -> Json:
        """Return it as Grafana keeps it."""
        panel_id = self.board.panel_id(self.panel)
        return {
            "uid": self.uid,
            "title": self.title,
            "condition": "C",
            "for": self.lasting,
            "noDataState": self.no_data,
            "execErrState": self.on_error,
            "dashboardUid": self.board.uid,
            "panelId": panel_id,
            "annotations": {
                "__dashboardUid__": self.board.uid,
                "__panelId__": str(panel_id),
                "summary": self.summary,
                "description": self.remedy,
            },
            "labels": {"service": "dermatrace", "nature": "technical"},
            "data": [self._asked(), self._last(), self._beyond()],
        }

    def _asked(self) -> Json:
        """Return the query. Grafana leaves the model as it is: its `$` need no doubling."""
        return {
            "refId": "A",
            "datasourceUid": SOURCE_UID,
            "relativeTimeRange": {"from": self.looks_back_s, "to": 0},
            "model": {
                "datasource": {"type": SOURCE_TYPE, "uid": SOURCE_UID},
                "intervalMs": 10_000,
                "maxDataPoints": 43_200,
                "query": str(self.query),
                "rawQuery": True,
                "refId": "A",
                "resultFormat": "time_series",
            },
        }

    def _last(self) -> Json:
        model = {"type": "reduce", "expression": "A", "reducer": "last", "refId": "B"}
        return _expression(model | {"settings": {"mode": "dropNN"}})

    def _beyond(self) -> Json:
        evaluator = {"type": self.sign, "params": [self.bound]}
        model = {"type": "threshold", "expression": "B", "refId": "C"}
        return _expression(model | {"conditions": [{"evaluator": evaluator}]})


def _expression(model: Json) -> Json:
    return {
        "refId": model["refId"],
        "datasourceUid": "__expr__",
        "relativeTimeRange": {"from": 0, "to": 0},
        "model": {"datasource": {"type": "__expr__", "uid": "__expr__"}, **model},
    }


def _sampled(expression: str, name: str, part: str) -> Query:
    return Query(
        columns=[col(expression, name, "none")],
        source=PIPELINE,
        where=[f"\"part\" = '{part}'"],
        every=INTERVAL,
        fill="none",
    )


UP: Final = _sampled('min("is_up")', "up", "ingest")
RULES: Final = (
    Rule(
        uid="dermatrace-ingest-away",
        title="The recorder is away",
        query=UP,
        sign="lt",
        bound=1,
        looks_back_s=120,
        lasting="1m",
        board=PIPELINE_HEALTH,
        panel=INGEST_PANEL,
        # Whoever asks after the recorder may be gone as well: no answer is the worst answer.
        no_data="Alerting",
        summary="The recorder does not answer, or nobody is left to ask it.",
        remedy="Devices keep what they recorded and offer it again. See what dermatrace doctor"
        " says, and whether the processes ingest and forward run.",
    ),
    Rule(
        uid="dermatrace-broker-drops",
        title="The broker drops messages",
        query=_sampled(
            'non_negative_difference(last("broker_dropped_count"))', "dropped", "broker"
        ),
        sign="gt",
        bound=0,
        looks_back_s=600,
        lasting="1m",
        board=PIPELINE_HEALTH,
        panel=DROPPED_PANEL,
        no_data="OK",
        summary="The broker has dropped messages.",
        remedy="Nothing is lost by it: devices offer again what has no receipt. The broker's queue"
        " is too short, or the recorder too slow or away.",
    ),
    Rule(
        uid="dermatrace-forward-lags",
        title="Boards are behind the record",
        query=_sampled('max("behind_s")', "behind", "forward"),
        sign="gt",
        bound=LAG_MAX_S,
        looks_back_s=120,
        lasting="2m",
        board=PIPELINE_HEALTH,
        panel=LAG_PANEL,
        no_data="OK",
        summary=f"What is on record appears in InfluxDB more than {LAG_MAX_S} s later.",
        remedy="Recording and judging go on. See what dermatrace doctor says of forwarding: a"
        " refused token, a full disk, a bucket that is gone.",
    ),
    Rule(
        uid="dermatrace-device-silent",
        title="A device is silent in a session",
        query=Query(
            columns=[col('last("is_silent")', "silent", "none")],
            source=SESSION_STATE,
            every="1m",
            by=["clinic", "device", "session"],
            fill="none",
        ),
        sign="gt",
        bound=0,
        looks_back_s=43_200,
        lasting="1m",
        board=FLOOR,
        panel="Silent",
        no_data="OK",
        summary="{{ $labels.device }} at {{ $labels.clinic }} has gone silent in session"
        " {{ $labels.session }}.",
        remedy="Look after its network. The treatment may well go on; the device keeps what it"
        " records and sends it once it is back.",
    ),
    Rule(
        uid="dermatrace-influxdb-away",
        title="InfluxDB does not answer",
        query=UP,
        sign="lt",
        bound=0,
        looks_back_s=600,
        lasting="5m",
        board=PIPELINE_HEALTH,
        panel=INGEST_PANEL,
        no_data="OK",
        # The other rules keep their last state when a query fails. One has to tell of that.
        on_error="Alerting",
        summary="No alert rule can be asked: InfluxDB does not answer Grafana.",
        remedy="Recording and judging go on, and forwarding catches up by itself. If InfluxDB runs,"
        " Grafana's token was revoked: run dermatrace provision influxdb and restart Grafana.",
    ),
)


def rules() -> Json:
    """Return the provisioning file of the rules."""
    group = {
        "orgId": 1,
        "name": "recording",
        "folder": FOLDER,
        "interval": EVERY,
        "rules": [rule.json() for rule in RULES],
    }
    return {"apiVersion": 1, "groups": [group]}


def contacts() -> Json:
    """Return the provisioning file of whom alerts reach: nobody, until somebody is named."""
    receiver = {
        "uid": f"dermatrace-{CONTACT}",
        "type": "email",
        "settings": {"addresses": "on-call@clinic.invalid", "singleEmail": True},
    }
    always = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
    return {
        "apiVersion": 1,
        "contactPoints": [{"orgId": 1, "name": CONTACT, "receivers": [receiver]}],
        "muteTimes": [
            {"orgId": 1, "name": name, "time_intervals": always} for name in (NOBODY_YET, NOBODY)
        ],
    }


def policies() -> Json:
    """Return the provisioning file of which alert reaches whom.

    Only what says that it is technical can reach anybody. A page about a finding would be taken for
    an alarm, and the device's own alarms govern safety.
    """
    technical = {
        "receiver": CONTACT,
        "object_matchers": [["service", "=", "dermatrace"], ["nature", "=", "technical"]],
        "mute_time_intervals": [NOBODY_YET],
    }
    anything_else = {
        "receiver": CONTACT,
        "object_matchers": [["alertname", "=~", ".+"]],
        "mute_time_intervals": [NOBODY],
    }
    root = {
        "orgId": 1,
        "receiver": CONTACT,
        "group_by": ["grafana_folder", "alertname"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": REPEAT,
        "routes": [technical, anything_else],
    }
    return {"apiVersion": 1, "policies": [root]}
