//! Distances that are taken pair by pair.

use super::metric::Metric;
use crate::float::Float;

/// The distance of two rows of equal length, in `f64`.
pub(super) fn distance<F: Float>(metric: Metric, a: &[F], b: &[F]) -> f64 {
    let pairs = a.iter().zip(b).map(|(a, b)| (a.f64(), b.f64()));
    match metric {
        Metric::Canberra => pairs
            .map(|(a, b)| {
                let size = a.abs() + b.abs();
                if size > 0.0 {
                    (a - b).abs() / size
                } else {
                    0.0
                }
            })
            .sum(),
        Metric::BrayCurtis => {
            let (apart, together) = pairs.fold((0.0, 0.0), |(apart, together), (a, b)| {
                (apart + (a - b).abs(), together + (a + b).abs())
            });
            if together > 0.0 {
                apart / together
            } else {
                0.0
            }
        }
        Metric::Hamming => {
            let differ = pairs.filter(|(a, b)| a != b).count();
            differ as f64 / a.len() as f64
        }
        Metric::Haversine => {
            let at = |v: &[F], i: usize| v.get(i).map_or(0.0, |v| v.f64());
            let (lat_a, lon_a, lat_b, lon_b) = (at(a, 0), at(a, 1), at(b, 0), at(b, 1));
            let (s, t) = (
                libm::sin((lat_a - lat_b) * 0.5),
                libm::sin((lon_a - lon_b) * 0.5),
            );
            let h = s * s + libm::cos(lat_a) * libm::cos(lat_b) * t * t;
            2.0 * libm::asin(h.sqrt().min(1.0))
        }
        _ => {
            let (mut tt, mut tf, mut ft, mut ff) = (0.0, 0.0, 0.0, 0.0);
            for (a, b) in pairs {
                match (a != 0.0, b != 0.0) {
                    (true, true) => tt += 1.0,
                    (true, false) => tf += 1.0,
                    (false, true) => ft += 1.0,
                    (false, false) => ff += 1.0,
                }
            }
            let differ: f64 = tf + ft;
            let over = |a: f64, b: f64| if a == 0.0 { 0.0 } else { a / b };
            match metric {
                Metric::Jaccard => over(differ, tt + differ),
                Metric::Dice => over(differ, 2.0 * tt + differ),
                Metric::RogersTanimoto => over(2.0 * differ, tt + ff + 2.0 * differ),
                Metric::RussellRao => (a.len() as f64 - tt) / a.len() as f64,
                Metric::SokalSneath => over(2.0 * differ, tt + 2.0 * differ),
                Metric::Yule => over(2.0 * tf * ft, tt * ff + tf * ft),
                // The others are sums, see `Form`.
                _ => 0.0,
            }
        }
    }
}
