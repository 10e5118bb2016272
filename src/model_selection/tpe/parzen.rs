//! Densities of points from kernels around those that were seen.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use rand_chacha::ChaCha8Rng;

use crate::model_selection::distributions::number;
use crate::params::Value;
use crate::random;

/// One parameter as a coordinate.
pub(super) enum Dimension {
    /// The position in a list.
    Choice(Vec<Value>),
    Number(Range),
}

/// A bounded coordinate.
pub(super) struct Range {
    /// Bounds of the coordinate. Whole numbers have half a unit on either side.
    low: f64,
    high: f64,
    log: bool,
    /// Whole numbers, with their bounds.
    whole: Option<(i64, i64)>,
    /// Mean and deviation of what is known beforehand.
    prior: (f64, f64),
}

impl Range {
    fn width(&self) -> f64 {
        self.high - self.low
    }
}

impl Dimension {
    pub(super) fn choice(values: Vec<Value>) -> Self {
        Dimension::Choice(values)
    }

    pub(super) fn real(low: f64, high: f64, log: bool) -> Self {
        let (low, high) = if log {
            (low.ln(), high.ln())
        } else {
            (low, high)
        };
        Self::bounded(low, high, log, None)
    }

    pub(super) fn whole(low: i64, high: i64, log: bool) -> Self {
        let (from, to) = (low as f64 - 0.5, high as f64 + 0.5);
        let (from, to) = if log {
            (from.ln(), to.ln())
        } else {
            (from, to)
        };
        Self::bounded(from, to, log, Some((low, high)))
    }

    fn bounded(low: f64, high: f64, log: bool, whole: Option<(i64, i64)>) -> Self {
        Dimension::Number(Range {
            prior: (0.5 * low + 0.5 * high, high - low),
            low,
            high,
            log,
            whole,
        })
    }

    /// A normal variable, bounded five deviations from its mean.
    pub(super) fn normal(mean: f64, std: f64) -> Self {
        Dimension::Number(Range {
            low: mean - 5.0 * std,
            high: mean + 5.0 * std,
            log: false,
            whole: None,
            prior: (mean, std),
        })
    }

    pub(super) fn encode(&self, value: &Value) -> Option<f64> {
        match self {
            Dimension::Choice(values) => Some(values.iter().position(|v| v == value)? as f64),
            Dimension::Number(range) => {
                let value = value.as_f64()?;
                let at = if range.log { value.ln() } else { value };
                Some(at.clamp(range.low, range.high))
            }
        }
    }

    pub(super) fn decode(&self, at: f64) -> Value {
        match self {
            Dimension::Choice(values) => values.get(at as usize).cloned().unwrap_or_default(),
            Dimension::Number(range) => {
                let value = if range.log { at.exp() } else { at };
                match range.whole {
                    Some((low, high)) => (value.round() as i64).clamp(low, high).into(),
                    // `exp` of a bound's logarithm may miss it by rounding.
                    None if range.log => number(value.clamp(range.low.exp(), range.high.exp())),
                    None => number(value),
                }
            }
        }
    }
}

/// The kernels of one coordinate, the prior's last.
enum Kernels<'a> {
    /// For each kernel the probability of each choice.
    Choice(Vec<Vec<f64>>),
    /// Normal densities, cut off at the bounds.
    Number {
        range: &'a Range,
        means: Vec<f64>,
        deviations: Vec<f64>,
    },
}

/// A weighted mean of kernels, one around each point and one for what is known beforehand.
pub(super) struct Mixture<'a> {
    weights: Vec<f64>,
    dimensions: Vec<Kernels<'a>>,
}

impl<'a> Mixture<'a> {
    /// Points in the order in which they were tried: of more than 25, the oldest weigh less.
    pub(super) fn new(
        dimensions: &[&'a Dimension],
        points: &[Vec<f64>],
        prior_weight: f64,
        multivariate: bool,
    ) -> Self {
        let mut weights = ages(points.len());
        weights.push(prior_weight);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        let kernels = |(d, dimension): (usize, &&'a Dimension)| {
            let seen: Vec<f64> = points.iter().map(|p| p[d]).collect();
            match *dimension {
                Dimension::Choice(values) => {
                    Kernels::Choice(choices(&seen, values.len(), prior_weight))
                }
                Dimension::Number(range) => {
                    let together = multivariate.then_some(dimensions.len());
                    let mut deviations = widths(&seen, range, together);
                    let mut means = seen;
                    means.push(range.prior.0);
                    deviations.push(range.prior.1);
                    Kernels::Number {
                        range,
                        means,
                        deviations,
                    }
                }
            }
        };
        Mixture {
            dimensions: dimensions.iter().enumerate().map(kernels).collect(),
            weights,
        }
    }

    /// A point of one of the kernels.
    pub(super) fn sample(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let kernel = pick(&self.weights, rng);
        let at = |kernels: &Kernels<'_>| match kernels {
            Kernels::Choice(rows) => pick(&rows[kernel], rng) as f64,
            Kernels::Number {
                range,
                means,
                deviations,
            } => inside(range, means[kernel], deviations[kernel], rng),
        };
        self.dimensions.iter().map(at).collect()
    }

    /// The logarithm of the density at a point.
    pub(super) fn log_density(&self, point: &[f64]) -> f64 {
        let of = |kernel: usize| {
            let each = self
                .dimensions
                .iter()
                .zip(point)
                .map(|(kernels, &at)| match kernels {
                    Kernels::Choice(rows) => rows[kernel].get(at as usize).map_or(0.0, |p| p.ln()),
                    Kernels::Number {
                        range,
                        means,
                        deviations,
                    } => log_normal_inside(range, means[kernel], deviations[kernel], at),
                });
            self.weights[kernel].ln() + each.sum::<f64>()
        };
        let logs: Vec<f64> = (0..self.weights.len()).map(of).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !most.is_finite() {
            return most;
        }
        most + logs.iter().map(|l| (l - most).exp()).sum::<f64>().ln()
    }
}

/// The last 25 weigh 1 each; those before them rise to that in a straight line.
fn ages(n: usize) -> Vec<f64> {
    const RECENT: usize = 25;
    let old = n.saturating_sub(RECENT);
    let rise = |i: usize| match old {
        0 | 1 => 1.0 / n as f64,
        _ => 1.0 / n as f64 + i as f64 * (1.0 - 1.0 / n as f64) / (old - 1) as f64,
    };
    (0..n)
        .map(|i| if i < old { rise(i) } else { 1.0 })
        .collect()
}

/// For each kernel the probability of each choice: that which was seen, and a little of every one.
fn choices(seen: &[f64], n_choices: usize, prior_weight: f64) -> Vec<Vec<f64>> {
    let n_kernels = (seen.len() + 1) as f64;
    let little = match seen.is_empty() {
        true => 1.0,
        false => prior_weight / n_kernels,
    };
    let row = |seen: Option<&f64>| {
        let mut row = vec![little; n_choices];
        if let Some(place) = seen.and_then(|&s| row.get_mut(s as usize)) {
            *place += 1.0;
        }
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
        row
    };
    seen.iter().map(Some).chain([None]).map(row).collect()
}

/// The deviations of the kernels: of a joint density all the same, by the number of points; of a coordinate by itself the
/// greater distance to a neighbour. Not narrower than a share of the range that falls with the number of points.
fn widths(seen: &[f64], range: &Range, together: Option<usize>) -> Vec<f64> {
    let (n, width) = (seen.len(), range.width());
    let narrowest = width / f64::min(100.0, n as f64 + 2.0);
    let raw = match together {
        Some(n_dimensions) => {
            let shrink = (n.max(1) as f64).powf(-1.0 / (n_dimensions as f64 + 4.0));
            vec![0.2 * shrink * width; n]
        }
        None => {
            // The prior's mean is a neighbour too.
            let mut order: Vec<(f64, usize)> = seen.iter().copied().zip(0..).collect();
            order.push((range.prior.0, n));
            order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let last = order.len() - 1;
            let mut raw = vec![width; n + 1];
            for (place, &(at, i)) in order.iter().enumerate() {
                let left = place.checked_sub(1).map(|p| at - order[p].0);
                let right = (place < last).then(|| order[place + 1].0 - at);
                // The outermost look inwards; a single one has the bounds for neighbours.
                raw[i] = match (left, right) {
                    (Some(left), Some(right)) => left.max(right),
                    (Some(one), None) | (None, Some(one)) => one,
                    (None, None) => width,
                };
            }
            raw.truncate(n);
            raw
        }
    };
    raw.into_iter()
        .map(|w| w.max(narrowest).min(width))
        .collect()
}

/// A position, each as likely as its weight; weights sum to 1.
fn pick(weights: &[f64], rng: &mut ChaCha8Rng) -> usize {
    let mut left = random::uniform(rng);
    for (i, w) in weights.iter().enumerate() {
        left -= w;
        if left < 0.0 {
            return i;
        }
    }
    weights.len().saturating_sub(1)
}

/// A normal number within the bounds; of whole numbers the nearest one.
fn inside(range: &Range, mean: f64, deviation: f64, rng: &mut ChaCha8Rng) -> f64 {
    const TRIES: usize = 100;
    // The mean is within the bounds and the deviation at most their distance: one of three is accepted at least.
    let drawn = (0..TRIES)
        .map(|_| mean + deviation * random::standard_normal(rng))
        .find(|v| (range.low..=range.high).contains(v))
        .unwrap_or(mean);
    match (range.whole, range.log) {
        (Some((low, high)), false) => drawn.round().clamp(low as f64, high as f64),
        (Some((low, high)), true) => drawn.exp().round().clamp(low as f64, high as f64).ln(),
        (None, _) => drawn,
    }
}

/// Φ(z).
fn below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// The logarithm of the density of a normal variable given that it is within the bounds; for whole numbers of the
/// probability of the unit around them.
fn log_normal_inside(range: &Range, mean: f64, deviation: f64, at: f64) -> f64 {
    if deviation <= 0.0 {
        return 0.0; // the bounds leave one value
    }
    let z = |v: f64| (v - mean) / deviation;
    let mass = below(z(range.high)) - below(z(range.low));
    if range.whole.is_some() && !range.log {
        let unit = below(z(at + 0.5)) - below(z(at - 0.5));
        return unit.ln() - mass.ln();
    }
    -0.5 * z(at).powi(2) - deviation.ln() - 0.5 * (2.0 * PI).ln() - mass.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_sum_to_one_and_follow_the_points() {
        let line = Dimension::real(0.0, 10.0, false);
        let points = vec![vec![2.0], vec![2.5], vec![3.0]];
        let density = |at: f64| {
            Mixture::new(&[&line], &points, 1.0, false)
                .log_density(&[at])
                .exp()
        };
        let sum: f64 = (0..10_000)
            .map(|i| density(f64::from(i) / 1000.0 + 0.0005) / 1000.0)
            .sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert!(density(2.5) > 3.0 * density(8.0));

        let whole = Dimension::whole(1, 6, false);
        let mixture = Mixture::new(&[&whole], &points, 1.0, false);
        let sum: f64 = (1..=6)
            .map(|i| mixture.log_density(&[f64::from(i)]).exp())
            .sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");

        let list = Dimension::choice(vec!["a".into(), "b".into(), "c".into()]);
        let seen = vec![vec![1.0], vec![1.0]];
        let mixture = Mixture::new(&[&list], &seen, 1.0, false);
        let shares: Vec<f64> = (0..3)
            .map(|i| mixture.log_density(&[f64::from(i)]).exp())
            .collect();
        // Two kernels of (1/3, 4/3, 1/3) / 2 and one of thirds, a third of the weight each.
        let expected = [
            2.0 / 3.0 / 6.0 + 1.0 / 9.0,
            2.0 / 3.0 * 4.0 / 6.0 + 1.0 / 9.0,
        ];
        assert!((shares[0] - expected[0]).abs() < 1e-15 && (shares[1] - expected[1]).abs() < 1e-15);

        // Two coordinates together: the product of bounded densities over a square.
        let both = Mixture::new(&[&line, &list], &[vec![2.0, 1.0]], 1.0, true);
        let sum: f64 = (0..1000)
            .flat_map(|i| (0..3).map(move |c| [f64::from(i) / 100.0 + 0.005, f64::from(c)]))
            .map(|point| both.log_density(&point).exp() / 100.0)
            .sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    }

    #[test]
    fn samples_stay_inside_and_come_back_as_values() {
        let mut rng = random::generator(3);
        for (dimension, low, high) in [
            (Dimension::real(-1.0, 1.0, false), -1.0, 1.0),
            (Dimension::real(1e-5, 1e5, true), 1e-5, 1e5),
            (Dimension::whole(1, 9, false), 1.0, 9.0),
            (Dimension::whole(1, 1000, true), 1.0, 1000.0),
            (Dimension::normal(0.0, 2.0), -10.0, 10.0),
            (Dimension::real(3.0, 3.0, false), 3.0, 3.0),
        ] {
            let points = vec![vec![dimension.encode(&low.into()).unwrap()]];
            let mixture = Mixture::new(&[&dimension], &points, 1.0, false);
            for _ in 0..200 {
                let point = mixture.sample(&mut rng);
                let value = dimension.decode(point[0]);
                let number = value.as_f64().unwrap();
                assert!(
                    number >= low * (1.0 - 1e-12) - 1e-300 || low < 0.0 && number >= low,
                    "{number}"
                );
                assert!(number <= high * (1.0 + 1e-12), "{number}");
                assert!(!mixture.log_density(&point).is_nan());
                let again = dimension.encode(&value).unwrap();
                assert!((again - point[0]).abs() <= 1e-9 * (1.0 + again.abs()));
            }
        }
    }

    #[test]
    fn widths_are_distances_to_neighbours() {
        let Dimension::Number(range) = Dimension::real(0.0, 10.0, false) else {
            unreachable!()
        };
        // In order: 1, 2, 5 (the prior), 9; the least width is 10 / 5.
        assert_eq!(widths(&[9.0, 1.0, 2.0], &range, None), [4.0, 2.0, 3.0]);
        let same = widths(&[9.0, 1.0, 2.0], &range, Some(2));
        assert!(
            same.iter()
                .all(|w| (w - f64::max(2.0, 2.0 * 3f64.powf(-1.0 / 6.0))).abs() < 1e-12)
        );
        assert_eq!(ages(3), [1.0; 3]);
        let old = ages(28);
        assert_eq!((old[0], old[2], old[27]), (1.0 / 28.0, 1.0, 1.0));
    }
}
