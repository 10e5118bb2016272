//! Surfaces rolled up in space, to be unrolled.

use std::f64::consts::PI;
use std::num::NonZeroUsize;

use ndarray::{Array1, Array2};

use super::settings::setters;
use super::{add_noise, between, zeros};
use crate::check::{self, Interval};
use crate::error::Result;
use crate::random;

/// Points on a surface that is an S seen from the side; set up with the methods of [`MakeSCurve`], then
/// [`build`](MakeSCurve::build).
///
/// ```
/// use fitwell::datasets::make_s_curve;
///
/// let (x, t) = make_s_curve().n_samples(50).build()?;
/// assert_eq!(x.dim(), (50, 3));
/// assert!((x[[0, 0]] - t[0].sin()).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_s_curve() -> MakeSCurve {
    MakeSCurve::default()
}

/// Points on a surface rolled up like a Swiss roll; set up with the methods of [`MakeSwissRoll`], then
/// [`build`](MakeSwissRoll::build).
///
/// ```
/// use fitwell::datasets::make_swiss_roll;
///
/// let (x, t) = make_swiss_roll().n_samples(50).build()?;
/// assert!((x[[0, 0]].hypot(x[[0, 2]]) - t[0]).abs() < 1e-13);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_swiss_roll() -> MakeSwissRoll {
    MakeSwissRoll::default()
}

/// Settings of [`make_s_curve`]: `n_samples` (100, at least 1), `noise` (0, `[0, inf)`, standard deviation of normal noise
/// on all three coordinates), `random_state` (0).
///
/// With t uniform in ±3π/2 and u uniform in `[0, 2)` a point is (sin t, u, sign(t) (cos t − 1)).
#[derive(Clone, Debug, PartialEq)]
pub struct MakeSCurve {
    n_samples: usize,
    noise: f64,
    random_state: u64,
}

/// Settings of [`make_swiss_roll`]: `n_samples` (100, at least 1), `noise` (0, `[0, inf)`, standard deviation of normal
/// noise on all three coordinates), `hole` (false: true leaves a rectangle in the middle of the sheet empty),
/// `random_state` (0).
///
/// With t uniform in `[3π/2, 9π/2)` and u uniform in `[0, 21)` a point is (t cos t, u, t sin t).
///
/// # Source
/// S. Marsland, "Machine Learning: An Algorithmic Perspective", 2nd edition, chapter 6, 2014.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeSwissRoll {
    n_samples: usize,
    noise: f64,
    hole: bool,
    random_state: u64,
}

impl Default for MakeSCurve {
    fn default() -> Self {
        MakeSCurve {
            n_samples: 100,
            noise: 0.0,
            random_state: 0,
        }
    }
}

impl Default for MakeSwissRoll {
    fn default() -> Self {
        MakeSwissRoll {
            n_samples: 100,
            noise: 0.0,
            hole: false,
            random_state: 0,
        }
    }
}

impl MakeSCurve {
    setters! {
        /// The number of samples.
        n_samples: usize,
        /// The standard deviation of normal noise.
        noise: f64,
        /// The seed.
        random_state: u64,
    }

    /// Points (n_samples, 3) and the place t of each along the curve, (n_samples).
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Array1<f64>)> {
        const NAME: &str = "make_s_curve";
        let mut rng = random::generator(self.random_state);
        let (mut x, mut t) = room(NAME, self.n_samples, self.noise)?;
        for (mut point, t) in x.rows_mut().into_iter().zip(&mut t) {
            *t = between(-1.5 * PI, 1.5 * PI, &mut rng);
            point[0] = t.sin();
            point[1] = between(0.0, 2.0, &mut rng);
            point[2] = t.signum() * (t.cos() - 1.0);
        }
        add_noise(&mut x, self.noise, &mut rng);
        check::learned(NAME, "a sample", &x)?;
        Ok((x, t))
    }
}

impl MakeSwissRoll {
    setters! {
        /// The number of samples.
        n_samples: usize,
        /// The standard deviation of normal noise.
        noise: f64,
        /// Whether the middle of the sheet is empty.
        hole: bool,
        /// The seed.
        random_state: u64,
    }

    /// Points (n_samples, 3) and the place t of each along the roll, (n_samples).
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Array1<f64>)> {
        const NAME: &str = "make_swiss_roll";
        let mut rng = random::generator(self.random_state);
        let (mut x, mut t) = room(NAME, self.n_samples, self.noise)?;
        for (mut point, t) in x.rows_mut().into_iter().zip(&mut t) {
            if self.hole {
                // The sheet as 3 x 3 tiles, without the one in the middle.
                let tile = random::below(NonZeroUsize::MIN.saturating_add(7), &mut rng);
                let tile = (tile + usize::from(tile >= 4)) as f64;
                let (along, across) = ((tile / 3.0).floor(), tile % 3.0);
                *t = PI * (1.5 + along + random::uniform(&mut rng));
                point[1] = 7.0 * (across + random::uniform(&mut rng));
            } else {
                *t = between(1.5 * PI, 4.5 * PI, &mut rng);
                point[1] = between(0.0, 21.0, &mut rng);
            }
            point[0] = *t * t.cos();
            point[2] = *t * t.sin();
        }
        add_noise(&mut x, self.noise, &mut rng);
        check::learned(NAME, "a sample", &x)?;
        Ok((x, t))
    }
}

fn room(maker: &str, n_samples: usize, noise: f64) -> Result<(Array2<f64>, Array1<f64>)> {
    check::count(maker, "n_samples", n_samples, 1)?;
    check::real(maker, "noise", noise, Interval::at_least(0.0))?;
    let t = zeros(maker, n_samples, 1)?.column(0).to_owned();
    Ok((zeros(maker, n_samples, 3)?, t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_on_the_s() -> Result<()> {
        let (x, t) = make_s_curve().n_samples(2000).build()?;
        for (point, t) in x.rows().into_iter().zip(&t) {
            // Two circles of radius 1 around heights ±1.
            let center = -t.signum();
            assert!((point[0].hypot(point[2] - center) - 1.0).abs() < 1e-14);
            assert!((0.0..2.0).contains(&point[1]) && t.abs() <= 1.5 * PI);
        }
        assert!(t.mean().unwrap().abs() < 5.0 * 3.0 * PI / f64::sqrt(12.0 * 2000.0));
        Ok(())
    }

    #[test]
    fn points_lie_on_the_roll_and_outside_its_hole() -> Result<()> {
        for hole in [false, true] {
            let (x, t) = make_swiss_roll().n_samples(2000).hole(hole).build()?;
            let mut in_middle = 0;
            for (point, t) in x.rows().into_iter().zip(&t) {
                assert!((point[0].hypot(point[2]) - t).abs() < 1e-13);
                assert!((1.5 * PI..=4.5 * PI).contains(t) && (0.0..21.0).contains(&point[1]));
                let middle = (2.5 * PI..3.5 * PI).contains(t) && (7.0..14.0).contains(&point[1]);
                in_middle += usize::from(middle);
            }
            // A ninth of the sheet: 222 on average, deviation 14.
            assert_eq!(in_middle > 150, !hole);
            assert!(!hole || in_middle == 0);
        }
        Ok(())
    }

    #[test]
    fn noise_and_seed_act() -> Result<()> {
        let plain = make_s_curve().n_samples(4000);
        let noise = plain.clone().noise(0.2).build()?.0 - plain.build()?.0;
        assert!((noise.std(1.0) - 0.2).abs() < 5.0 * 0.2 / 24_000f64.sqrt());
        assert_eq!(plain.build()?, plain.build()?);
        assert_ne!(
            make_swiss_roll().build()?.0,
            make_swiss_roll().random_state(3).build()?.0
        );
        let roll = make_swiss_roll().n_samples(4000);
        let noise = roll.clone().noise(0.2).build()?.0 - roll.build()?.0;
        assert!((noise.std(1.0) - 0.2).abs() < 5.0 * 0.2 / 24_000f64.sqrt());
        Ok(())
    }

    #[test]
    fn bad_settings_are_refused() {
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(
                make_s_curve()
                    .noise(bad)
                    .build()
                    .unwrap_err()
                    .to_string()
                    .contains("`noise`")
            );
            assert!(
                make_swiss_roll()
                    .noise(bad)
                    .build()
                    .unwrap_err()
                    .to_string()
                    .contains("`noise`")
            );
        }
        assert!(make_s_curve().n_samples(0).build().is_err());
        assert!(make_swiss_roll().n_samples(0).build().is_err());
        assert!(make_swiss_roll().n_samples(usize::MAX).build().is_err());
    }
}
