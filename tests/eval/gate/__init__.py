"""Tests of the gate."""

from datetime import date

TODAY = date(2030, 6, 1)
