import numpy as np
import pytest
from scipy import signal

from drivewm.measures.ride import RideConfig, comfort_class, ride, seat_acceleration
from drivewm.measures.weighting import WD, WF, gain, interpolator, sections, stages, weight

NOMINAL_HZ = (
    0.1, 0.125, 0.16, 0.2, 0.25, 0.315, 0.4, 0.5, 0.63, 0.8, 1, 1.25, 1.6, 2, 2.5, 3.15, 4,
)  # fmt: skip
# ISO 2631-1:1997, table 3: factors times 1000.
TABLE = {
    WD: (62.4, 97.3, 158, 243, 365, 530, 713, 853, 944, 992, 1011, 1008, 968, 890, 776, 642, 512),
    WF: (695, 895, 1006, 992, 854, 619, 384, 224, 116, 53, 23.5, 9.98, 3.77, 1.55, 0.64, 0.25,
         0.097),
}  # fmt: skip
CENTRE_HZ = 10 ** (np.round(10 * np.log10(NOMINAL_HZ)) / 10)  # of the third-octave bands
AT_AXLE = RideConfig(seat_ahead_of_rear_axle_m=0.0)


def times(steps, dt=0.1):
    return (np.arange(steps) * dt * 1e6).astype(np.int64)


def shaken(frequency_hz, amplitude, steps=1201, dt=0.1):
    ego = np.zeros((steps, 11))
    ego[:, 5] = amplitude * np.sin(2 * np.pi * frequency_hz * dt * np.arange(steps))
    return ego


@pytest.mark.parametrize("weighting", [WD, WF], ids=["Wd", "Wf"])
def test_the_analogue_weighting_is_the_standards_table(weighting):
    tabulated = np.array(TABLE[weighting]) / 1000
    assert gain(weighting, CENTRE_HZ) == pytest.approx(tabulated, rel=0.04)  # its own rounding


@pytest.mark.parametrize("weighting", [WD, WF], ids=["Wd", "Wf"])
@pytest.mark.parametrize("frequency_hz", CENTRE_HZ[::2])
def test_a_filtered_10_hz_sine_keeps_the_weightings_gain(weighting, frequency_hz):
    at = 0.1 * np.arange(2000)
    waves = np.stack([np.sin(2 * np.pi * frequency_hz * at), np.cos(2 * np.pi * frequency_hz * at)])
    out = weight(waves[:1], 10.0, weighting)
    settled = slice(600, 1900)
    fit, *_ = np.linalg.lstsq(waves[:, settled].T, out[0, settled], rcond=None)
    expected = gain(weighting, np.array([frequency_hz]))[0]
    assert np.linalg.norm(fit) == pytest.approx(expected, rel=0.025)


@pytest.mark.parametrize("weighting", [WD, WF], ids=["Wd", "Wf"])
@pytest.mark.parametrize("rate_hz", [2.0, 10.0, 50.0])
def test_the_kernel_is_scipys_filter_on_the_interpolated_signal(weighting, rate_hz):
    values = np.random.default_rng(3).normal(size=(2, 120))
    factor = round(100 / rate_hz)
    padded = np.pad(values, ((0, 0), (10, 10)), mode="edge")
    dense = np.stack([
        sum(w * padded[:, j : j + 120] for j, w in enumerate(place))
        for place in interpolator(factor)
    ], -1).reshape(2, -1)  # fmt: skip
    digital = [signal.bilinear(*stage, 100.0) for n, stage in enumerate(stages(weighting))
               if n != 1 or weighting.low_pass_hz < 50.0]  # fmt: skip
    sos = np.array([[*b, *[0.0] * (3 - len(b)), *a] for b, a in digital])
    assert sections(weighting, 100.0) == pytest.approx(sos[:, [0, 1, 2, 4, 5]], abs=1e-12)
    start = signal.sosfilt_zi(sos)[:, None, :] * dense[None, :, :1]
    expected = signal.sosfilt(sos, dense, axis=1, zi=start)[0][:, ::factor]
    assert weight(values, rate_hz, weighting) == pytest.approx(expected, abs=1e-9)


def test_a_sine_of_1_hz_in_x_has_the_rms_of_its_amplitude_times_weight_times_k():
    result = ride(times(1201), shaken(1.0, 0.5), RideConfig())
    expected = 1.4 * 1.011 * 0.5 / np.sqrt(2)
    assert result.rms_mps2 == pytest.approx(expected, rel=0.02)
    assert result.rms_y_mps2 == pytest.approx(0.0, abs=1e-12)
    assert result.comfort_class == "a_little_uncomfortable"


def test_constant_acceleration_is_no_vibration():
    ego = np.zeros((100, 11))
    ego[:, 5] = 2.0
    result = ride(times(100), ego, RideConfig())
    assert result.rms_mps2 < 1e-9 and result.msdv_mps15 < 1e-9
    assert result.comfort_class == "not_uncomfortable"


def test_a_slow_slalom_makes_sick_but_is_hardly_felt_as_vibration():
    steps = 1201
    ego = np.zeros((steps, 11))
    ego[:, 3] = 10.0
    ego[:, 9] = 0.1 * np.sin(2 * np.pi * 0.16 * 0.1 * np.arange(steps))  # v * yaw rate = 1 m/s2
    result = ride(times(steps), ego, AT_AXLE)
    expected = 1.004 / np.sqrt(2) * np.sqrt(120.0)
    assert result.msdv_mps15 == pytest.approx(expected, rel=0.05)
    assert result.rms_mps2 < 0.25 * 1.4


def test_lateral_acceleration_comes_from_speed_times_yaw_rate_even_where_its_column_is_0():
    ego = np.zeros((5, 11))
    ego[:, 3], ego[:, 9] = 10.0, 0.2
    assert seat_acceleration(ego, 0.0)[1] == pytest.approx(np.full(5, 2.0))
    assert seat_acceleration(ego, 1.5)[0] == pytest.approx(np.full(5, -1.5 * 0.04))


def test_the_dose_grows_with_the_square_root_of_time():
    short = ride(times(1201), shaken(0.2, 1.0, 1201), AT_AXLE).msdv_mps15
    long = ride(times(4801), shaken(0.2, 1.0, 4801), AT_AXLE).msdv_mps15
    assert long / short == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.2])
def test_the_sampling_rate_does_not_matter_below_its_limits(dt):
    steps = round(120 / dt) + 1
    result = ride(times(steps, dt), shaken(0.5, 1.0, steps, dt), AT_AXLE)
    assert result.rms_x_mps2 == pytest.approx(0.854 / np.sqrt(2), rel=0.02)


def test_a_drive_of_less_than_two_seconds_has_no_ride():
    assert ride(times(20), np.zeros((20, 11)), RideConfig()) is None
    assert ride(times(21), np.zeros((21, 11)), RideConfig()) is not None


@pytest.mark.parametrize(
    ("rms", "name"),
    [(0.3, "not_uncomfortable"), (0.5, "a_little_uncomfortable"), (3.0, "extremely_uncomfortable")],
)
def test_comfort_class(rms, name):
    assert comfort_class(rms) == name
