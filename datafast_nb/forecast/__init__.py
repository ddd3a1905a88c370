"""Compares the predictions in a history with what came true."""

from datafast_nb.forecast.calibration import Calibration as Calibration
from datafast_nb.forecast.calibration import calibration as calibration
