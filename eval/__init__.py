"""The judge (imported as ``drivewm.eval``): rollouts, scores, results, forecasts and reports."""
