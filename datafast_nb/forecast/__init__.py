"""What the record says about predictions: whether they come true."""

from datafast_nb.forecast.calibration import Calibration as Calibration
from datafast_nb.forecast.calibration import calibration as calibration
