//! Probabilities that mean what they say: of the rows that get 0.8, eight in ten are of the class.

mod calibrated;
mod calibrator;
mod fit;

pub use calibrated::{CalibratedClassifier, CalibratedClassifierCv, FittedCalibratedClassifierCv};
pub use calibrator::{CalibrationMethod, Calibrator};
