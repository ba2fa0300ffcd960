"""Devices and their use: the one place that vendors see, and they see nobody in it."""

from dermatrace.console.access import EVERYBODY, Access
from dermatrace.console.desk import AtDesk
from dermatrace.console.devices_facts import DeviceItem, Month, devices_for, month_facts, months_of
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.errors import NotHere

doors = Doors()


class DeviceList(Facts):
    """Every device that the visitor may see, by clinic and sender."""

    devices: list[DeviceItem]


class DeviceTrend(Facts):
    """One device, and its use month by month."""

    device: DeviceItem
    months: list[Month]
    """The newest first."""


@doors.facts("/devices", "devices.html", Access(EVERYBODY, "clinics"))
def devices(desk: AtDesk) -> DeviceList:
    """List devices with what they say of themselves and how much they were used."""
    return DeviceList(devices=list(devices_for(desk)))


@doors.facts("/devices/{clinic}/{sender}", "device.html", Access(EVERYBODY, "clinic"))
def device(desk: AtDesk, clinic: str, sender: str) -> DeviceTrend:
    """Show one device and its use month by month."""
    mine = (one for one in devices_for(desk) if (one.clinic, one.sender) == (clinic, sender))
    found = next(mine, None)
    if found is None:
        raise NotHere(f"no device {sender} is known at {clinic}")
    months = [
        month_facts(month)
        for month in months_of(desk)
        if (month.clinic, month.sender) == (clinic, sender)
    ]
    return DeviceTrend(device=found, months=months)
