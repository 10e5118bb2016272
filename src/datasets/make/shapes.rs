//! Two classes in the plane that no line separates.

use std::f64::consts::PI;

use ndarray::Array2;

use super::settings::setters;
use super::{OneOrMany, add_noise, shuffle_rows, too_large, zeros};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::random;

/// Two interleaving half circles; set up with the methods of [`MakeMoons`], then [`build`](MakeMoons::build).
///
/// ```
/// use fitwell::datasets::make_moons;
///
/// let (x, y) = make_moons().n_samples(200).noise(0.1).build()?;
/// assert_eq!((x.dim(), y.counts()), ((200, 2), vec![100, 100]));
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_moons() -> MakeMoons {
    MakeMoons::default()
}

/// A large circle around a small one; set up with the methods of [`MakeCircles`], then [`build`](MakeCircles::build).
///
/// ```
/// use fitwell::datasets::make_circles;
///
/// let (x, y) = make_circles().n_samples([30, 10]).factor(0.5).build()?;
/// let inner = x.rows().into_iter().filter(|r| r[0].hypot(r[1]) < 0.75).count();
/// assert_eq!((inner, y.counts()), (10, vec![30, 10]));
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_circles() -> MakeCircles {
    MakeCircles::default()
}

/// Settings of [`make_moons`].
///
/// | setting | default | range |
/// | --- | --- | --- |
/// | `n_samples` | 100 | at least 1, the second class getting the odd one; or one number for each of the two |
/// | `shuffle` | true | |
/// | `noise` | 0 | `[0, inf)`, standard deviation of normal noise on both features |
/// | `random_state` | 0 | |
///
/// Without noise, class 0 lies on the upper half of the unit circle and class 1 on the lower half of the unit circle around
/// (1, 0.5), at equal angles from end to end.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeMoons {
    n_samples: OneOrMany<usize>,
    shuffle: bool,
    noise: f64,
    random_state: u64,
}

/// Settings of [`make_circles`].
///
/// | setting | default | range |
/// | --- | --- | --- |
/// | `n_samples` | 100 | at least 1, the inner circle getting the odd one; or one number for outer and inner circle |
/// | `shuffle` | true | |
/// | `noise` | 0 | `[0, inf)`, standard deviation of normal noise on both features |
/// | `factor` | 0.8 | `[0, 1)`, radius of the inner circle (class 1); the outer one's (class 0) is 1 |
/// | `random_state` | 0 | |
#[derive(Clone, Debug, PartialEq)]
pub struct MakeCircles {
    n_samples: OneOrMany<usize>,
    shuffle: bool,
    noise: f64,
    factor: f64,
    random_state: u64,
}

impl Default for MakeMoons {
    fn default() -> Self {
        MakeMoons {
            n_samples: OneOrMany::One(100),
            shuffle: true,
            noise: 0.0,
            random_state: 0,
        }
    }
}

impl Default for MakeCircles {
    fn default() -> Self {
        MakeCircles {
            n_samples: OneOrMany::One(100),
            shuffle: true,
            noise: 0.0,
            factor: 0.8,
            random_state: 0,
        }
    }
}

impl MakeMoons {
    /// The number of samples: `100` in all, or `[60, 40]` for each class.
    #[must_use]
    pub fn n_samples(mut self, n_samples: impl Into<OneOrMany<usize>>) -> Self {
        self.n_samples = n_samples.into();
        self
    }

    setters! {
        /// Whether the samples come in random order rather than class by class.
        shuffle: bool,
        /// The standard deviation of normal noise.
        noise: f64,
        /// The seed.
        random_state: u64,
    }

    /// Samples (n_samples, 2) and the class of each, 0 or 1.
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `ShapeMismatch` when there are not two sample counts; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Labels)> {
        let (upper, lower) = halves("make_moons", &self.n_samples)?;
        // From end to end, both ends included.
        let angle = |i: usize, n: usize| PI * i as f64 / (n.max(2) - 1) as f64;
        let points = (0..upper).map(|i| angle(i, upper).sin_cos());
        let points = points.map(|(sin, cos)| [cos, sin]).chain(
            (0..lower)
                .map(|i| angle(i, lower).sin_cos())
                .map(|(sin, cos)| [1.0 - cos, 0.5 - sin]),
        );
        finish(
            "make_moons",
            points,
            (upper, lower),
            self.shuffle,
            self.noise,
            self.random_state,
        )
    }
}

impl MakeCircles {
    /// The number of samples: `100` in all, or `[60, 40]` for the outer and the inner circle.
    #[must_use]
    pub fn n_samples(mut self, n_samples: impl Into<OneOrMany<usize>>) -> Self {
        self.n_samples = n_samples.into();
        self
    }

    setters! {
        /// Whether the samples come in random order rather than class by class.
        shuffle: bool,
        /// The standard deviation of normal noise.
        noise: f64,
        /// The radius of the inner circle.
        factor: f64,
        /// The seed.
        random_state: u64,
    }

    /// Samples (n_samples, 2) and the class of each, 0 or 1.
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `ShapeMismatch` when there are not two sample counts; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Labels)> {
        const NAME: &str = "make_circles";
        let (outer, inner) = halves(NAME, &self.n_samples)?;
        let range = Interval::open(0.0, 1.0).including_low();
        check::real(NAME, "factor", self.factor, range)?;
        // Once around, the end not repeating the start.
        let circle = |n: usize, radius: f64| {
            (0..n).map(move |i| {
                let (sin, cos) = (2.0 * PI * i as f64 / n as f64).sin_cos();
                [radius * cos, radius * sin]
            })
        };
        let points = circle(outer, 1.0).chain(circle(inner, self.factor));
        finish(
            NAME,
            points,
            (outer, inner),
            self.shuffle,
            self.noise,
            self.random_state,
        )
    }
}

/// The sizes of the two classes.
fn halves(maker: &str, n_samples: &OneOrMany<usize>) -> Result<(usize, usize)> {
    let (first, second) = match n_samples {
        OneOrMany::One(n) => (n / 2, n - n / 2),
        OneOrMany::Many(counts) => match counts[..] {
            [first, second] => (first, second),
            _ => {
                return Err(Error::shape(
                    format!("`{maker}`: number of sample counts"),
                    2,
                    counts.len(),
                ));
            }
        },
    };
    let all = first
        .checked_add(second)
        .ok_or_else(|| too_large(maker, u64::MAX, 2))?;
    check::count(maker, "n_samples", all, 1)?;
    Ok((first, second))
}

fn finish(
    maker: &str,
    points: impl Iterator<Item = [f64; 2]>,
    (first, second): (usize, usize),
    shuffle: bool,
    noise: f64,
    seed: u64,
) -> Result<(Array2<f64>, Labels)> {
    check::real(maker, "noise", noise, Interval::at_least(0.0))?;
    let mut x = zeros(maker, first + second, 2)?;
    for (mut row, point) in x.rows_mut().into_iter().zip(points) {
        row[0] = point[0];
        row[1] = point[1];
    }
    let mut y = vec![0; first];
    y.resize(first + second, 1);
    let mut rng = random::generator(seed);
    if shuffle {
        shuffle_rows(&mut x, &mut y, &mut rng);
    }
    add_noise(&mut x, noise, &mut rng);
    check::learned(maker, "a sample", &x)?;
    Ok((x, Labels::from(y)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far a point is from the curve of its class.
    fn distances(x: &Array2<f64>, y: &Labels, curve: impl Fn(f64, f64, u32) -> f64) -> f64 {
        (x.rows().into_iter().zip(y.codes())).fold(0.0, |worst, (r, &class)| {
            f64::max(worst, curve(r[0], r[1], class))
        })
    }

    #[test]
    fn moons_lie_on_their_half_circles() -> Result<()> {
        let curve = |a: f64, b: f64, class: u32| match class {
            0 => f64::max((a.hypot(b) - 1.0).abs(), -b),
            _ => f64::max(((a - 1.0).hypot(b - 0.5) - 1.0).abs(), b - 0.5),
        };
        let (x, y) = make_moons().n_samples(101).build()?;
        assert_eq!(y.counts(), [50, 51]);
        assert!(distances(&x, &y, curve) < 1e-15);
        let (x, _) = make_moons().n_samples([3, 1]).shuffle(false).build()?;
        let expected = ndarray::array![[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 0.5]];
        assert!((&x - &expected).iter().all(|d| d.abs() < 1e-15), "{x}");
        Ok(())
    }

    #[test]
    fn circles_lie_on_their_radii() -> Result<()> {
        for factor in [0.0, 0.3, 0.8] {
            let curve =
                |a: f64, b: f64, class: u32| (a.hypot(b) - [1.0, factor][class as usize]).abs();
            let (x, y) = make_circles().n_samples(51).factor(factor).build()?;
            assert_eq!(y.counts(), [25, 26]);
            assert!(distances(&x, &y, curve) < 1e-15);
        }
        // No point twice: the end does not repeat the start.
        let (x, _) = make_circles().n_samples([4, 0]).shuffle(false).build()?;
        let expected = ndarray::array![[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]];
        assert!((&x - &expected).iter().all(|d| d.abs() < 1e-15), "{x}");
        Ok(())
    }

    #[test]
    fn noise_has_its_deviation_and_the_seed_decides() -> Result<()> {
        let maker = make_moons().n_samples(5000).shuffle(false);
        let noise = maker.clone().noise(0.3).build()?.0 - maker.build()?.0;
        // Five standard errors of the deviation of 10,000 numbers.
        assert!((noise.std(1.0) - 0.3).abs() < 5.0 * 0.3 / 20_000f64.sqrt());
        assert_ne!(
            make_circles().build()?.0,
            make_circles().random_state(1).build()?.0
        );
        assert_eq!(
            make_circles().noise(0.1).build()?,
            make_circles().noise(0.1).build()?
        );
        let sorted = |seed| -> Result<Vec<u64>> {
            let mut bits: Vec<u64> = make_circles()
                .random_state(seed)
                .build()?
                .0
                .iter()
                .map(|v| v.to_bits())
                .collect();
            bits.sort_unstable();
            Ok(bits)
        };
        assert_eq!(sorted(0)?, sorted(1)?);
        Ok(())
    }

    #[test]
    fn bad_settings_are_refused() {
        let moons = |maker: MakeMoons| maker.build().unwrap_err().to_string();
        let circles = |maker: MakeCircles| maker.build().unwrap_err().to_string();
        assert!(moons(make_moons().n_samples(0)).contains("`n_samples`"));
        assert!(circles(make_circles().n_samples([0, 0])).contains("`n_samples`"));
        assert!(moons(make_moons().n_samples([1, 2, 3])).contains("expected 2, got 3"));
        assert!(moons(make_moons().n_samples([usize::MAX, 1])).contains("limit"));
        for bad in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(moons(make_moons().noise(bad)).contains("`noise`"));
            assert!(circles(make_circles().noise(bad)).contains("`noise`"));
            assert!(circles(make_circles().factor(bad)).contains("`factor`"));
        }
        assert!(circles(make_circles().factor(1.0)).contains("in [0, 1)"));
    }
}
