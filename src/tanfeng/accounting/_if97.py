"""IAPWS-IF97: water and steam in regions 1, 2 and on the line between them (region 4).

The formulation is *Revised Release on the IAPWS Industrial Formulation 1997 for the
Thermodynamic Properties of Water and Steam*, IAPWS R7-97(2012). Its coefficients are facts of
that release and stand here as it numbers them; the arithmetic is our own. Regions 3 (dense fluid
around the critical point) and 5 (above 800 C) are not held.

Inside this module pressure is absolute and in MPa, temperature in K, enthalpy in kJ/kg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Specific gas constant of ordinary water, eq. 1. [kJ/(kg K)]
R = 0.461526
#: 0 C. [K]
ZERO_C = 273.15
#: Lowest and highest temperature of regions 1 and 2, and the highest of region 1. [K]
T_LOW, T_HIGH, T_13 = 273.15, 1073.15, 623.15
#: Highest pressure of regions 1 and 2. [MPa]
P_HIGH = 100.0
#: Critical temperature and pressure, eq. 2 and 3. [K, MPa]
T_CRITICAL, P_CRITICAL = 647.096, 22.064

# Region 1, table 2: exponents and coefficients of eq. 7.
_I1 = np.array(
    (
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        2.0,
        2.0,
        2.0,
        2.0,
        2.0,
        3.0,
        3.0,
        3.0,
        4.0,
        4.0,
        4.0,
        5.0,
        8.0,
        8.0,
        21.0,
        23.0,
        29.0,
        30.0,
        31.0,
        32.0,
    )
)
_J1 = np.array(
    (
        -2.0,
        -1.0,
        0.0,
        1.0,
        2.0,
        3.0,
        4.0,
        5.0,
        -9.0,
        -7.0,
        -1.0,
        0.0,
        1.0,
        3.0,
        -3.0,
        0.0,
        1.0,
        3.0,
        17.0,
        -4.0,
        0.0,
        6.0,
        -5.0,
        -2.0,
        10.0,
        -8.0,
        -11.0,
        -6.0,
        -29.0,
        -31.0,
        -38.0,
        -39.0,
        -40.0,
        -41.0,
    )
)
_N1 = np.array(
    (
        0.14632971213167,
        -0.84548187169114,
        -3.756360367204,
        3.3855169168385,
        -0.95791963387872,
        0.15772038513228,
        -0.016616417199501,
        0.00081214629983568,
        0.00028319080123804,
        -0.00060706301565874,
        -0.018990068218419,
        -0.032529748770505,
        -0.021841717175414,
        -5.283835796993e-05,
        -0.00047184321073267,
        -0.00030001780793026,
        4.7661393906987e-05,
        -4.4141845330846e-06,
        -7.2694996297594e-16,
        -3.1679644845054e-05,
        -2.8270797985312e-06,
        -8.5205128120103e-10,
        -2.2425281908e-06,
        -6.5171222895601e-07,
        -1.4341729937924e-13,
        -4.0516996860117e-07,
        -1.2734301741641e-09,
        -1.7424871230634e-10,
        -6.8762131295531e-19,
        1.4478307828521e-20,
        2.6335781662795e-23,
        -1.1947622640071e-23,
        1.8228094581404e-24,
        -9.3537087292458e-26,
    )
)
# Region 2, ideal-gas part, table 10, eq. 16.
_J2_IDEAL = np.array(
    (
        0.0,
        1.0,
        -5.0,
        -4.0,
        -3.0,
        -2.0,
        -1.0,
        2.0,
        3.0,
    )
)
_N2_IDEAL = np.array(
    (
        -9.6927686500217,
        10.086655968018,
        -0.005608791128302,
        0.071452738081455,
        -0.40710498223928,
        1.4240819171444,
        -4.383951131945,
        -0.28408632460772,
        0.021268463753307,
    )
)
# Region 2, residual part, table 11, eq. 17.
_I2 = np.array(
    (
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        2.0,
        2.0,
        2.0,
        2.0,
        2.0,
        3.0,
        3.0,
        3.0,
        3.0,
        3.0,
        4.0,
        4.0,
        4.0,
        5.0,
        6.0,
        6.0,
        6.0,
        7.0,
        7.0,
        7.0,
        8.0,
        8.0,
        9.0,
        10.0,
        10.0,
        10.0,
        16.0,
        16.0,
        18.0,
        20.0,
        20.0,
        20.0,
        21.0,
        22.0,
        23.0,
        24.0,
        24.0,
        24.0,
    )
)
_J2 = np.array(
    (
        0.0,
        1.0,
        2.0,
        3.0,
        6.0,
        1.0,
        2.0,
        4.0,
        7.0,
        36.0,
        0.0,
        1.0,
        3.0,
        6.0,
        35.0,
        1.0,
        2.0,
        3.0,
        7.0,
        3.0,
        16.0,
        35.0,
        0.0,
        11.0,
        25.0,
        8.0,
        36.0,
        13.0,
        4.0,
        10.0,
        14.0,
        29.0,
        50.0,
        57.0,
        20.0,
        35.0,
        48.0,
        21.0,
        53.0,
        39.0,
        26.0,
        40.0,
        58.0,
    )
)
_N2 = np.array(
    (
        -0.0017731742473213,
        -0.017834862292358,
        -0.045996013696365,
        -0.057581259083432,
        -0.05032527872793,
        -3.3032641670203e-05,
        -0.00018948987516315,
        -0.0039392777243355,
        -0.043797295650573,
        -2.6674547914087e-05,
        2.0481737692309e-08,
        4.3870667284435e-07,
        -3.227767723857e-05,
        -0.0015033924542148,
        -0.040668253562649,
        -7.8847309559367e-10,
        1.2790717852285e-08,
        4.8225372718507e-07,
        2.2922076337661e-06,
        -1.6714766451061e-11,
        -0.0021171472321355,
        -23.895741934104,
        -5.905956432427e-18,
        -1.2621808899101e-06,
        -0.038946842435739,
        1.1256211360459e-11,
        -8.2311340897998,
        1.9809712802088e-08,
        1.0406965210174e-19,
        -1.0234747095929e-13,
        -1.0018179379511e-09,
        -8.0882908646985e-11,
        0.10693031879409,
        -0.33662250574171,
        8.9185845355421e-25,
        3.0629316876232e-13,
        -4.2002467698208e-06,
        -5.9056029685639e-26,
        3.7826947613457e-06,
        -1.2768608934681e-15,
        7.3087610595061e-29,
        5.5414715350778e-17,
        -9.436970724121e-07,
    )
)
# Region 4, table 34: coefficients of the saturation line, eq. 29 to 31.
_N4 = (
    1167.0521452767,
    -724213.16703206,
    -17.073846940092,
    12020.82470247,
    -3232555.0322333,
    14.91510861353,
    -4823.2657361591,
    405113.40542057,
    -0.23855557567849,
    650.17534844798,
)
# Boundary of regions 2 and 3, table 1, eq. 5 and 6.
_N23 = (348.05185628969, -1.1671859879975, 0.0010192970039326)


def saturation_pressure(temperature: Array) -> Array:
    """Return the saturation pressure, eq. 30.

    Parameters
    ----------
    temperature : array, shape (n,)
        273.15 to 647.096. [K]

    Returns
    -------
    array, shape (n,)
        Absolute. [MPa]
    """
    n = _N4
    theta = temperature + n[8] / (temperature - n[9])
    a = theta**2 + n[0] * theta + n[1]
    b = n[2] * theta**2 + n[3] * theta + n[4]
    c = n[5] * theta**2 + n[6] * theta + n[7]
    return np.asarray((2.0 * c / (-b + np.sqrt(b**2 - 4.0 * a * c))) ** 4)


def saturation_temperature(pressure: Array) -> Array:
    """Return the saturation temperature, eq. 31.

    Parameters
    ----------
    pressure : array, shape (n,)
        611.213 Pa to 22.064 MPa, absolute. [MPa]

    Returns
    -------
    array, shape (n,)
        Temperature. [K]
    """
    n = _N4
    beta = pressure**0.25
    e = beta**2 + n[2] * beta + n[5]
    f = n[0] * beta**2 + n[3] * beta + n[6]
    g = n[1] * beta**2 + n[4] * beta + n[7]
    d = 2.0 * g / (-f - np.sqrt(f**2 - 4.0 * e * g))
    return np.asarray((n[9] + d - np.sqrt((n[9] + d) ** 2 - 4.0 * (n[8] + n[9] * d))) / 2.0)


def boundary_pressure(temperature: Array) -> Array:
    """Return the pressure above which region 3 begins, eq. 5, in MPa, from 623.15 to 863.15 K."""
    return np.asarray(_N23[0] + _N23[1] * temperature + _N23[2] * temperature**2)


def enthalpy_liquid(pressure: Array, temperature: Array) -> Array:
    """Return the specific enthalpy of region 1, table 3: h = R T tau dgamma/dtau.

    Parameters
    ----------
    pressure, temperature : array, shape (n,)
        Absolute pressure [MPa] and temperature [K] inside region 1.

    Returns
    -------
    array, shape (n,)
        Specific enthalpy. [kJ/kg]
    """
    x = 7.1 - np.asarray(pressure)[..., None] / 16.53
    y = 1386.0 / np.asarray(temperature)[..., None] - 1.222
    slope = np.sum(_N1 * x**_I1 * _J1 * y ** (_J1 - 1.0), axis=-1)
    return np.asarray(R * 1386.0 * slope)


def enthalpy_vapour(pressure: Array, temperature: Array) -> Array:
    """Return the specific enthalpy of region 2, table 12.

    Parameters
    ----------
    pressure, temperature : array, shape (n,)
        Absolute pressure [MPa] and temperature [K] inside region 2.

    Returns
    -------
    array, shape (n,)
        Specific enthalpy. [kJ/kg]
    """
    tau = 540.0 / np.asarray(temperature)[..., None]
    ideal = np.sum(_N2_IDEAL * _J2_IDEAL * tau ** (_J2_IDEAL - 1.0), axis=-1)
    p = np.asarray(pressure)[..., None]
    residual = np.sum(_N2 * p**_I2 * _J2 * (tau - 0.5) ** (_J2 - 1.0), axis=-1)
    return np.asarray(R * 540.0 * (ideal + residual))


def regions(pressure: Array, temperature: Array) -> NDArray[np.int8]:
    """Tell the region of each point: 1, 2, 3, 5, or 0 outside of the formulation.

    Parameters
    ----------
    pressure, temperature : array, shape (n,)
        Absolute pressure [MPa] and temperature [K].

    Returns
    -------
    array, shape (n,)
        A point on the saturation line itself counts as region 1.
    """
    pressure, temperature = np.broadcast_arrays(
        np.asarray(pressure, dtype=np.float64), np.asarray(temperature, dtype=np.float64)
    )
    inside = (pressure > 0.0) & (pressure <= P_HIGH)
    cold = inside & (temperature >= T_LOW) & (temperature <= T_13)
    warm = inside & (temperature > T_13) & (temperature <= T_HIGH)
    hot = (pressure > 0.0) & (pressure <= 50.0) & (temperature > T_HIGH) & (temperature <= 2273.15)
    edge = saturation_pressure(np.clip(temperature, T_LOW, T_13))
    border = boundary_pressure(np.maximum(temperature, T_13))
    found = np.zeros(pressure.shape, dtype=np.int8)
    found[cold] = np.where(pressure[cold] >= edge[cold], 1, 2)
    found[warm] = np.where(pressure[warm] > border[warm], 3, 2)
    found[hot] = 5
    return found
