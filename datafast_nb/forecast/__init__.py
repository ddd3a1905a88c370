"""Says what came true of a history, and how that compares with its predictions."""

from datafast_nb.forecast.attribution import Attribution as Attribution
from datafast_nb.forecast.attribution import attribution as attribution
from datafast_nb.forecast.calibration import Calibration as Calibration
from datafast_nb.forecast.calibration import calibration as calibration
from datafast_nb.forecast.time_to_purchase import TimeToPurchase as TimeToPurchase
from datafast_nb.forecast.time_to_purchase import time_to_purchase as time_to_purchase
