"""How a pen and an RF console behave on skin, as far as their own sensors can tell.

A model for exercising software. Bounds with a public source say so; all others are chosen.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from dermatrace.simulator.devices import DeviceProfile, PenTraits, RfTraits
from dermatrace.simulator.treatments import Dose
from dermatrace_schemas.rf import RfDepth, SubPulse

DEPTH_JITTER_MM: Final = 0.02
"""Standard deviation from stroke to stroke."""
COMPLIANCE_MM: Final = (0.03, 0.07)
"""Shortfall at full pressure of a pen set to 1 mm or more; less in proportion below."""
WEAR_MM: Final = 0.04
"""Further shortfall of a worn cartridge. With the above it stays within the 0.15 mm either way
that K182407 states, so that a plain session shows no depth fault."""
WEAR_STROKES: Final = 140_000
"""Twenty minutes at 116.67 Hz: the cartridge then counts as worn."""
DROOP_FRACTION: Final = (0.025, 0.095)
"""Rate lost at full contact; with its noise it stays within the 2 to 10 % expected of pens."""
RATE_NOISE_FRACTION: Final = 0.001
CURRENT_NOISE_MA: Final = 1.5
CONTACT_SHARE: Final = (0.38, 0.52)
"""Intended time on skin. Sessions show 30 to 60 %: lifts, gel, wiping; chance does the rest."""
CONTACT_MEAN_MS: Final = 3_000.0
SPELL_MS: Final = (300.0, 12_000.0)
"""Shortest and longest stay on or off the skin; a draw beyond is brought back."""


@dataclass(frozen=True, slots=True)
class PenWindow:
    """What a pen knows at the end of one window, by the names of the columns it goes into."""

    stroke_count: int
    stroke_rate_hz: float
    depth_measured_min_mm: float | None
    """Null, like the next two, without a stroke on skin: the sensor has nothing to read."""
    depth_measured_median_mm: float | None
    depth_measured_max_mm: float | None
    motor_current_ma: float
    contact_fraction: float


class ContactSpells:
    """Alternates between skin and air, and says how much of a window was on skin."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._share = rng.uniform(*CONTACT_SHARE)
        self._touching = False
        self._left_ms = 0.0
        self.pressure = 0.0
        """How hard the current or the last touch presses, 0 to 1."""
        self.droop_fraction = 0.0
        """Rate lost in that touch at full contact."""

    def fraction_of_next(self, window_ms: int) -> float:
        """Move on by one window and return its share on skin."""
        open_ms, touched_ms = float(window_ms), 0.0
        while open_ms > 0.0:
            if self._left_ms <= 0.0:
                self._turn()
            step_ms = min(open_ms, self._left_ms)
            touched_ms += step_ms if self._touching else 0.0
            open_ms -= step_ms
            self._left_ms -= step_ms
        return min(1.0, touched_ms / window_ms)

    def _turn(self) -> None:
        self._touching = not self._touching
        mean_ms = CONTACT_MEAN_MS
        if self._touching:
            self.pressure = self._rng.uniform(0.6, 1.0)
            self.droop_fraction = self._rng.uniform(*DROOP_FRACTION)
        else:
            mean_ms *= (1.0 - self._share) / self._share
        self._left_ms = _within(self._rng.expovariate(1.0 / mean_ms), SPELL_MS)


class PenSignal:
    """A pen at work: one call a window."""

    def __init__(self, rng: Random, traits: PenTraits) -> None:
        self._rng = rng
        self._traits = traits
        self._contact = ContactSpells(rng)
        self._compliance_mm = rng.uniform(*COMPLIANCE_MM)
        self._strokes = 0.0

    def window(self, depth_commanded_mm: float, window_ms: int) -> PenWindow:
        """Run the motor for one window and return what the pen's sensors say of it."""
        contact = self._contact.fraction_of_next(window_ms)
        noise = _within(self._rng.gauss(0.0, RATE_NOISE_FRACTION), (-0.003, 0.003))
        droop = self._contact.droop_fraction * contact
        rate_hz = self._traits.stroke_rate_hz * (1.0 - droop + noise)
        before = int(self._strokes)
        self._strokes += rate_hz * window_ms / 1_000
        stroke_count = int(self._strokes) - before
        depths_mm = self._depths_mm(depth_commanded_mm, round(stroke_count * contact))
        current_ma = self._traits.current_idle_ma + self._rng.gauss(0.0, CURRENT_NOISE_MA)
        current_ma += self._traits.current_contact_ma * contact * self._contact.pressure
        spread_mm: tuple[float | None, float | None, float | None] = (None, None, None)
        if depths_mm:
            median_mm = statistics.median(depths_mm)
            spread_mm = round(min(depths_mm), 3), round(median_mm, 3), round(max(depths_mm), 3)
        return PenWindow(
            stroke_count, round(rate_hz, 2), *spread_mm, round(current_ma, 1), round(contact, 3)
        )

    def _depths_mm(self, commanded_mm: float, count: int) -> list[float]:
        wear_mm = WEAR_MM * min(1.0, self._strokes / WEAR_STROKES)
        shortfall_mm = self._compliance_mm * self._contact.pressure + wear_mm
        typical_mm = commanded_mm - shortfall_mm * min(1.0, commanded_mm)
        # A needle cannot protrude by less than nothing.
        return [
            max(0.0, self._rng.gauss(typical_mm, DEPTH_JITTER_MM * min(1.0, commanded_mm)))
            for _ in range(count)
        ]


IMPEDANCE_OHM: Final = (215.0, 584.0)
"""Range of session means that Harth and Lischinsky report: mean 369, deviation 49. Measured with
surface electrodes, since nothing is published for needles."""
IMPEDANCE_MEAN_OHM: Final = 369.0
IMPEDANCE_DEVIATION_OHM: Final = 49.0
CONDUCTIVITY_PER_CELSIUS: Final = 0.02
"""Tissue conducts about 2 % better for each degree: 30 degrees take 37.5 % off the impedance."""
SKIN_CELSIUS: Final = 33.0
HEATING_CELSIUS_PER_MJ_PER_PIN: Final = 0.8
"""Chosen: 30 mJ a pin end near 57 degrees, inside the 52 to 72 of published studies."""
ENERGY_ERROR_FRACTION: Final = (-0.02, 0.02)
"""Constant-energy control misses its aim by no more than this, either way."""
SUB_PULSE_GAP_MS: Final = 15.0
RETRACT_MS: Final = 60.0
"""From one depth of an insertion to the next."""


def end_ms(pulse: SubPulse) -> float:
    """Return when a sub-pulse ends, after its shot's begin."""
    return (pulse.offset_ms or 0.0) + (pulse.duration_ms or 0.0)


class RfSignal:
    """An RF console at work: one call an insertion."""

    def __init__(self, rng: Random, profile: DeviceProfile, traits: RfTraits) -> None:
        self._rng = rng
        self.traits = traits
        self._pin_count = profile.needle_count
        mean_ohm = rng.gauss(IMPEDANCE_MEAN_OHM, IMPEDANCE_DEVIATION_OHM)
        self._session_ohm = _within(mean_ohm, IMPEDANCE_OHM)

    def insertion(self, depths_mm: Sequence[float], dose: Dose) -> list[RfDepth]:
        """Deliver the dose at every depth of one insertion, in that order; return the readings."""
        depths: list[RfDepth] = []
        offset_ms = 0.0
        for depth_mm in depths_mm:
            pulses = self._sub_pulses(dose, offset_ms)
            offset_ms = end_ms(pulses[-1]) + RETRACT_MS
            error_mm = self._rng.gauss(0.0, DEPTH_JITTER_MM) - self._rng.uniform(0.0, 0.05)
            read_mm = round(max(0.0, depth_mm + error_mm), 3)
            depths.append(
                RfDepth(depth_commanded_mm=depth_mm, depth_measured_mm=read_mm, sub_pulses=pulses)
            )
        return depths

    def _sub_pulses(self, dose: Dose, offset_ms: float) -> list[SubPulse]:
        cold_ohm = _within(self._session_ohm * self._rng.gauss(1.0, 0.05), IMPEDANCE_OHM)
        rise_celsius = HEATING_CELSIUS_PER_MJ_PER_PIN * dose.energy_mj_per_pin
        rise_celsius *= _within(self._rng.gauss(1.0, 0.04), (0.9, 1.1))
        pulses: list[SubPulse] = []
        for number in range(dose.sub_pulse_count):
            pulses.append(self._pulse(dose, number, offset_ms, cold_ohm, rise_celsius))
            offset_ms = end_ms(pulses[-1]) + SUB_PULSE_GAP_MS
        return pulses

    def _pulse(
        self, dose: Dose, number: int, offset_ms: float, cold_ohm: float, rise_celsius: float
    ) -> SubPulse:
        """Hold the energy, not the time: what a bad match takes off the power, duration repays."""
        begin, end = (rise_celsius * n / dose.sub_pulse_count for n in (number, number + 1))
        start_ohm, low_ohm = (cold_ohm / (1.0 + CONDUCTIVITY_PER_CELSIUS * t) for t in (begin, end))
        commanded_mj = dose.energy_mj_per_pin * self._pin_count / dose.sub_pulse_count
        error = _within(self._rng.gauss(0.0, 0.008), ENERGY_ERROR_FRACTION)
        delivered_mj = commanded_mj * (1.0 + error)
        mismatch = abs((start_ohm + low_ohm) / 2 - IMPEDANCE_MEAN_OHM) / IMPEDANCE_MEAN_OHM
        power_w = dose.power_w * max(0.7, 1.0 - 0.25 * mismatch)
        share = 1 if self.traits.energy_scope == "total" else self._pin_count
        # Pulses too short to dry the tissue: after its lowest value the impedance hardly rises.
        end_ohm = low_ohm + self._rng.uniform(0.0, 0.2) * (start_ohm - low_ohm)
        return SubPulse(
            offset_ms=round(offset_ms, 3),
            power_commanded_w=dose.power_w,
            power_w=round(power_w, 3),
            duration_commanded_ms=round(commanded_mj / dose.power_w, 3),
            duration_ms=round(delivered_mj / power_w, 3),
            energy_commanded_mj=round(commanded_mj / share, 3),
            energy_delivered_mj=round(delivered_mj / share, 3),
            energy_scope=self.traits.energy_scope,
            impedance_before_ohm=round(cold_ohm, 1) if number == 0 else None,
            impedance_start_ohm=round(start_ohm, 1),
            impedance_min_ohm=round(low_ohm, 1),
            impedance_end_ohm=round(end_ohm, 1),
            temperature_max_celsius=round(SKIN_CELSIUS + end, 1),
        )


def _within(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return min(high, max(low, value))
