//! Distributions of hyper-parameters.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::param_grid::ParamGrid;
use crate::error::{Error, ErrorKind, Result};
use crate::params::Value;
use crate::random;

/// Where the values of one hyper-parameter are drawn from.
///
/// Made by [`uniform`], [`log_uniform`], [`integers`], [`log_integers`], [`normal`], from a list, or by
/// [`Draw::from_distribution`] from any distribution of the `rand_distr` crate.
///
/// ```
/// use fitwell::model_selection::Draw;
///
/// let gamma = rand_distr::Gamma::new(2.0, 0.5).unwrap();
/// let draw = Draw::from_distribution("gamma(2, 0.5)", gamma);
/// assert!(draw.sample(&mut fitwell::random::generator(0)).as_f64() > Some(0.0));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Draw(pub(super) Kind);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// One of these, each equally likely.
    List(Vec<Value>),
    /// Equally likely between two bounds; in the logarithm if so said.
    Real { low: f64, high: f64, log: bool },
    /// Whole numbers from `low` to `high`, both included.
    Whole { low: i64, high: i64, log: bool },
    /// Normal.
    Normal { mean: f64, std: f64 },
    /// Whatever it is.
    Own(Own),
}

/// A distribution of the user's.
#[derive(Clone)]
pub(super) struct Own {
    name: String,
    draw: Arc<dyn Fn(&mut ChaCha8Rng) -> f64 + Send + Sync>,
    /// Rounded to whole numbers.
    whole: bool,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.whole == other.whole && Arc::ptr_eq(&self.draw, &other.draw)
    }
}

/// Real numbers from `low` to `high`, each equally likely. SciPy's `uniform(low, high - low)`.
pub fn uniform(low: f64, high: f64) -> Draw {
    Draw(Kind::Real {
        low,
        high,
        log: false,
    })
}

/// Positive numbers from `low` to `high` whose logarithms are equally likely: for parameters that matter by factors, such as
/// strengths of regularisation and learning rates. SciPy's `loguniform(low, high)`.
pub fn log_uniform(low: f64, high: f64) -> Draw {
    Draw(Kind::Real {
        low,
        high,
        log: true,
    })
}

/// Whole numbers of a range, each equally likely: `integers(1..=10)`. SciPy's `randint(1, 11)`.
pub fn integers(range: RangeInclusive<i64>) -> Draw {
    let (low, high) = range.into_inner();
    Draw(Kind::Whole {
        low,
        high,
        log: false,
    })
}

/// Positive whole numbers of a range, equally likely in the logarithm: small ones more often.
pub fn log_integers(range: RangeInclusive<i64>) -> Draw {
    let (low, high) = range.into_inner();
    Draw(Kind::Whole {
        low,
        high,
        log: true,
    })
}

/// Normally distributed numbers. SciPy's `norm(mean, std)`.
pub fn normal(mean: f64, std: f64) -> Draw {
    Draw(Kind::Normal { mean, std })
}

impl Draw {
    /// One of these values, each equally likely.
    pub fn list<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Self {
        Draw(Kind::List(values.into_iter().map(Into::into).collect()))
    }

    /// Any distribution over `f64`, of the `rand_distr` crate or your own. The name is for people. A search with it cannot
    /// be saved.
    pub fn from_distribution(
        name: impl Into<String>,
        distribution: impl rand_distr::Distribution<f64> + Send + Sync + 'static,
    ) -> Self {
        Draw(Kind::Own(Own {
            name: name.into(),
            draw: Arc::new(move |rng| distribution.sample(rng)),
            whole: false,
        }))
    }

    /// Rounds what a distribution of [`from_distribution`](Self::from_distribution) draws to whole numbers; changes nothing
    /// of the others.
    pub fn rounded(mut self) -> Self {
        if let Kind::Own(own) = &mut self.0 {
            own.whole = true;
        }
        self
    }

    /// A value.
    pub fn sample(&self, rng: &mut ChaCha8Rng) -> Value {
        match &self.0 {
            Kind::List(values) => {
                let n = std::num::NonZeroUsize::new(values.len());
                n.map_or(Value::Null, |n| values[random::below(n, rng)].clone())
            }
            Kind::Real {
                low,
                high,
                log: false,
            } => {
                // Formed so that a range wider than the largest number does not overflow.
                let u = random::uniform(rng);
                number((low * (1.0 - u) + high * u).clamp(*low, *high))
            }
            Kind::Real {
                low,
                high,
                log: true,
            } => {
                let u = random::uniform(rng);
                let at = low.ln() * (1.0 - u) + high.ln() * u;
                number(at.exp().clamp(*low, *high))
            }
            Kind::Whole {
                low,
                high,
                log: false,
            } => self.at(below(self.count(), rng), *low, *high),
            Kind::Whole {
                low,
                high,
                log: true,
            } => {
                // Each whole number stands for the half units around it.
                let (from, to) = ((*low as f64 - 0.5).ln(), (*high as f64 + 0.5).ln());
                let u = random::uniform(rng);
                let drawn = (from * (1.0 - u) + to * u).exp().round() as i64;
                drawn.clamp(*low, *high).into()
            }
            Kind::Normal { mean, std } => number(mean + std * random::standard_normal(rng)),
            Kind::Own(own) => {
                let drawn = (own.draw)(rng);
                match own.whole && drawn.is_finite() {
                    true => (drawn.round() as i64).into(),
                    false => number(drawn),
                }
            }
        }
    }

    /// How many values there are, each equally likely; 0 where they cannot be counted.
    fn count(&self) -> u64 {
        match &self.0 {
            Kind::List(values) => values.len() as u64,
            Kind::Whole {
                low,
                high,
                log: false,
            } => (i128::from(*high) - i128::from(*low) + 1)
                .try_into()
                .unwrap_or(0),
            _ => 0,
        }
    }

    /// The value number `index` of a countable distribution.
    fn at(&self, index: u64, low: i64, high: i64) -> Value {
        match &self.0 {
            Kind::List(values) => values.get(index as usize).cloned().unwrap_or_default(),
            _ => low.saturating_add_unsigned(index).min(high).into(),
        }
    }

    fn nth(&self, index: u64) -> Value {
        match &self.0 {
            Kind::Whole { low, high, .. } => self.at(index, *low, *high),
            _ => self.at(index, 0, 0),
        }
    }

    fn check(&self, name: &str) -> Result<()> {
        let wrong = |expected: &str| {
            let reason = format!("`{name}`: {self} must have {expected}");
            Err(Error::invalid_input("parameter distributions", reason))
        };
        match &self.0 {
            Kind::List(values) if values.is_empty() => {
                let reason = format!("`{name}` has no values to try");
                Err(Error::invalid_input("parameter distributions", reason))
            }
            Kind::Real { low, high, log } => {
                match low.is_finite() && high.is_finite() && low <= high {
                    true if *log && *low <= 0.0 => wrong("a positive lower bound"),
                    true => Ok(()),
                    false => wrong("finite bounds in order"),
                }
            }
            Kind::Whole { low, high, log } => match low <= high {
                true if *log && *low < 1 => wrong("a positive lower bound"),
                true => Ok(()),
                false => wrong("bounds in order"),
            },
            Kind::Normal { mean, std } => {
                match mean.is_finite() && std.is_finite() && *std >= 0.0 {
                    true => Ok(()),
                    false => wrong("a finite mean and a finite deviation of at least 0"),
                }
            }
            _ => Ok(()),
        }
    }

    /// Values to try names and kinds with before anything is fitted.
    fn examples(&self) -> Vec<Value> {
        match &self.0 {
            Kind::List(values) => values.clone(),
            Kind::Real { low, high, .. } => vec![number(*low), number(*high)],
            Kind::Whole { low, high, .. } => vec![(*low).into(), (*high).into()],
            Kind::Normal { mean, .. } => vec![number(*mean)],
            Kind::Own(_) => vec![self.sample(&mut random::generator(0))],
        }
    }
}

/// A number as JSON holds it: by name where it is not finite.
pub(super) fn number(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "nan".into(),
        None if value > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}

/// A number below `n`, each equally likely; 0 stands for 2⁶⁴.
fn below(n: u64, rng: &mut ChaCha8Rng) -> u64 {
    if n == 0 {
        return rng.next_u64();
    }
    // Rejection of what is beyond the last whole multiple of n.
    let beyond = (u64::MAX % n + 1) % n;
    loop {
        let drawn = rng.next_u64();
        if drawn <= u64::MAX - beyond {
            return drawn % n;
        }
    }
}

impl fmt::Display for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::List(values) => {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                write!(f, "{}", values.join(", "))
            }
            Kind::Real { low, high, log } => {
                write!(
                    f,
                    "{}uniform({low}, {high})",
                    if *log { "log_" } else { "" }
                )
            }
            Kind::Whole { low, high, log } => {
                write!(
                    f,
                    "{}integers({low}..={high})",
                    if *log { "log_" } else { "" }
                )
            }
            Kind::Normal { mean, std } => write!(f, "normal({mean}, {std})"),
            Kind::Own(own) => write!(
                f,
                "{}{}",
                own.name,
                if own.whole { ", rounded" } else { "" }
            ),
        }
    }
}

impl<V: Into<Value>> From<Vec<V>> for Draw {
    fn from(values: Vec<V>) -> Self {
        Draw::list(values)
    }
}

impl<V: Into<Value>, const N: usize> From<[V; N]> for Draw {
    fn from(values: [V; N]) -> Self {
        Draw::list(values)
    }
}

impl From<RangeInclusive<i64>> for Draw {
    fn from(range: RangeInclusive<i64>) -> Self {
        integers(range)
    }
}

/// Hyper-parameters by name, each with a distribution or a list: the space of a random or model-based search.
///
/// Several spaces, joined by [`or`](Self::or), are drawn from with equal chances: parameters that matter only for some
/// choices stand in a space of their own.
///
/// ```
/// use fitwell::model_selection::{ParamDistributions, integers, log_uniform};
///
/// let space = ParamDistributions::new()
///     .with("clf__C", log_uniform(1e-3, 1e3))
///     .with("clf__max_iter", integers(50..=500))
///     .with("scale__with_mean", [true, false]);
/// let drawn = space.draw(5, 0)?;
/// assert!(drawn.iter().all(|c| c["clf__max_iter"].as_i64() >= Some(50)));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ParamDistributions {
    pub(super) spaces: Vec<BTreeMap<String, Draw>>,
}

impl Default for ParamDistributions {
    fn default() -> Self {
        ParamDistributions {
            spaces: vec![BTreeMap::new()],
        }
    }
}

impl ParamDistributions {
    /// No names yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name with its distribution or list; of several spaces, to the last. A name given again takes the new one.
    pub fn with(mut self, name: impl Into<String>, draw: impl Into<Draw>) -> Self {
        if let Some(last) = self.spaces.last_mut() {
            last.insert(name.into(), draw.into());
        }
        self
    }

    /// This space or another.
    pub fn or(mut self, other: ParamDistributions) -> Self {
        self.spaces.extend(other.spaces);
        self
    }

    /// The number of different candidates, if every parameter is a list or a range of whole numbers.
    pub fn n_candidates(&self) -> Option<u64> {
        let size = |space: &BTreeMap<String, Draw>| {
            space
                .values()
                .try_fold(1u64, |product, draw| match draw.count() {
                    0 => None,
                    count => product.checked_mul(count),
                })
        };
        self.spaces
            .iter()
            .try_fold(0u64, |sum, space| sum.checked_add(size(space)?))
    }

    /// Draws `n` candidates: without replacement if their number is finite, and then at most that number; with replacement
    /// otherwise.
    ///
    /// # Errors
    /// `InvalidInput` for an empty list or bounds out of order; `TooLarge` for more than
    /// [`ParamGrid::MAX_CANDIDATES`].
    pub fn draw(&self, n: usize, random_state: u64) -> Result<Vec<BTreeMap<String, Value>>> {
        self.check()?;
        if n as u64 > ParamGrid::MAX_CANDIDATES {
            return Err(ErrorKind::TooLarge {
                what: "number of candidates".into(),
                size: n as u64,
                limit: ParamGrid::MAX_CANDIDATES,
            }
            .into());
        }
        let mut rng = random::generator(random_state);
        if let Some(total) = self.n_candidates() {
            if total < n as u64 {
                log::warn!(
                    "there are {total} candidates, fewer than the {n} asked for: all are tried"
                );
            }
            let n = total.min(n as u64) as usize;
            return Ok(distinct(total, n, &mut rng)
                .into_iter()
                .map(|i| self.nth(i))
                .collect());
        }
        Ok((0..n).map(|_| self.sample(&mut rng)).collect())
    }

    /// One candidate, drawn independently of others.
    pub(super) fn sample(&self, rng: &mut ChaCha8Rng) -> BTreeMap<String, Value> {
        let space = &self.spaces[below(self.spaces.len() as u64, rng) as usize];
        let drawn = space
            .iter()
            .map(|(name, draw)| (name.clone(), draw.sample(rng)));
        drawn.collect()
    }

    /// Candidate number `index` of a finite number, in the order of a [`ParamGrid`].
    pub(super) fn nth(&self, mut index: u64) -> BTreeMap<String, Value> {
        for space in &self.spaces {
            let size: u64 = space.values().map(Draw::count).product();
            if index >= size {
                index -= size;
                continue;
            }
            let value = space.iter().rev().map(|(name, draw)| {
                let count = draw.count().max(1);
                let value = draw.nth(index % count);
                index /= count;
                (name.clone(), value)
            });
            return value.collect();
        }
        BTreeMap::new()
    }

    pub(super) fn check(&self) -> Result<()> {
        let mut all = self.spaces.iter().flatten();
        all.try_for_each(|(name, draw)| draw.check(name))
    }

    pub(super) fn examples(&self) -> Vec<(String, Value)> {
        let all = self.spaces.iter().flatten();
        all.flat_map(|(name, draw)| draw.examples().into_iter().map(move |v| (name.clone(), v)))
            .collect()
    }
}

/// `n` different numbers below `total`, in random order (R. W. Floyd's sample, shuffled).
fn distinct(total: u64, n: usize, rng: &mut ChaCha8Rng) -> Vec<u64> {
    let mut seen = HashSet::with_capacity(n);
    let mut chosen = Vec::with_capacity(n);
    for last in total - n as u64..total {
        let drawn = below(last + 1, rng);
        let new = if seen.insert(drawn) { drawn } else { last };
        seen.insert(new);
        chosen.push(new);
    }
    random::shuffle(&mut chosen, rng);
    chosen
}

/// Lists alone.
impl From<ParamGrid> for ParamDistributions {
    fn from(grid: ParamGrid) -> Self {
        let space = |grid: BTreeMap<String, Vec<Value>>| {
            let draws = grid
                .into_iter()
                .map(|(name, values)| (name, Draw::list(values)));
            draws.collect()
        };
        ParamDistributions {
            spaces: grid.into_grids().into_iter().map(space).collect(),
        }
    }
}

impl<const N: usize, K: Into<String>> From<[(K, Draw); N]> for ParamDistributions {
    fn from(entries: [(K, Draw); N]) -> Self {
        let all = entries.into_iter();
        all.fold(ParamDistributions::new(), |space, (name, draw)| {
            space.with(name, draw)
        })
    }
}

/// `clf__C: log_uniform(0.001, 1000)`, one line a name.
impl fmt::Display for ParamDistributions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, space) in self.spaces.iter().enumerate() {
            if i > 0 {
                writeln!(f, "\nor")?;
            }
            for (k, (name, draw)) in space.iter().enumerate() {
                let end = if k > 0 { "\n" } else { "" };
                write!(f, "{end}{name}: {draw}")?;
            }
        }
        Ok(())
    }
}

// Values travel as JSON text, as in `ParamGrid`.

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    List(Vec<String>),
    Real(f64, f64, bool),
    Whole(i64, i64, bool),
    Normal(f64, f64),
}

impl Serialize for Draw {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match &self.0 {
            Kind::List(values) => Stored::List(values.iter().map(Value::to_string).collect()),
            Kind::Real { low, high, log } => Stored::Real(*low, *high, *log),
            Kind::Whole { low, high, log } => Stored::Whole(*low, *high, *log),
            Kind::Normal { mean, std } => Stored::Normal(*mean, *std),
            Kind::Own(own) => {
                let reason = format!(
                    "the distribution `{}` is code and cannot be saved",
                    own.name
                );
                return Err(ser::Error::custom(reason));
            }
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Draw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Draw(match Stored::deserialize(deserializer)? {
            Stored::List(texts) => {
                let values = texts.iter().map(|t| serde_json::from_str(t));
                let values: std::result::Result<_, _> = values.collect();
                Kind::List(values.map_err(de::Error::custom)?)
            }
            Stored::Real(low, high, log) => Kind::Real { low, high, log },
            Stored::Whole(low, high, log) => Kind::Whole { low, high, log },
            Stored::Normal(mean, std) => Kind::Normal { mean, std },
        }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSpaces {
    spaces: Vec<BTreeMap<String, Draw>>,
}

impl Serialize for ParamDistributions {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let spaces = self.spaces.clone();
        StoredSpaces { spaces }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ParamDistributions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let spaces = StoredSpaces::deserialize(deserializer)?.spaces;
        if spaces.is_empty() {
            return Err(de::Error::custom("no space to draw from"));
        }
        Ok(ParamDistributions { spaces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_their_distributions() {
        let mut rng = random::generator(1);
        let mut many = |draw: Draw| -> Vec<f64> {
            (0..4000)
                .map(|_| draw.sample(&mut rng).as_f64().unwrap())
                .collect()
        };
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let flat = many(uniform(2.0, 4.0));
        assert!(flat.iter().all(|v| (2.0..=4.0).contains(v)) && (mean(&flat) - 3.0).abs() < 0.05);
        let log = many(log_uniform(1e-4, 1.0));
        assert!(log.iter().all(|v| (1e-4..=1.0).contains(v)));
        let below = log.iter().filter(|&&v| v < 1e-2).count() as f64 / 4000.0;
        assert!(
            (below - 0.5).abs() < 0.04,
            "half of the logarithms: {below}"
        );
        let whole = many(integers(-1..=1));
        for value in [-1.0, 0.0, 1.0] {
            let share = whole.iter().filter(|&&v| v == value).count() as f64 / 4000.0;
            assert!((share - 1.0 / 3.0).abs() < 0.04, "{value}: {share}");
        }
        let decades = many(log_integers(1..=1000));
        assert!(
            decades
                .iter()
                .all(|v| (1.0..=1000.0).contains(v) && v.fract() == 0.0)
        );
        assert!(
            decades.iter().filter(|&&v| v == 1.0).count() > 400,
            "small ones are frequent"
        );
        let bell = many(normal(5.0, 2.0));
        assert!((mean(&bell) - 5.0).abs() < 0.15);
        let own = Draw::from_distribution("poisson", rand_distr::Poisson::new(4.0).unwrap());
        assert!((mean(&many(own.rounded())) - 4.0).abs() < 0.15);
    }

    #[test]
    fn finite_spaces_are_drawn_without_replacement() {
        let space = ParamDistributions::new()
            .with("a", [1, 2, 3])
            .with("b", integers(0..=3))
            .or(ParamDistributions::new().with("c", [true, false]));
        assert_eq!(space.n_candidates(), Some(14));
        for n in [1, 7, 14, 20] {
            let drawn = space.draw(n, 3).unwrap();
            let texts: HashSet<String> = drawn.iter().map(|c| format!("{c:?}")).collect();
            assert_eq!((drawn.len(), texts.len()), (n.min(14), n.min(14)));
        }
        // Each candidate is as likely as any other.
        let mut first = BTreeMap::new();
        for seed in 0..2800 {
            *first
                .entry(format!("{:?}", space.draw(1, seed).unwrap()[0]))
                .or_insert(0) += 1;
        }
        assert!(
            first.len() == 14 && first.values().all(|&n| (140..260).contains(&n)),
            "{first:?}"
        );
        assert_eq!(space.draw(5, 3).unwrap(), space.draw(5, 3).unwrap());
        assert_ne!(space.draw(5, 3).unwrap(), space.draw(5, 4).unwrap());
        let wide = ParamDistributions::new().with("a", integers(i64::MIN..=i64::MAX));
        assert_eq!(
            (wide.n_candidates(), wide.draw(3, 0).unwrap().len()),
            (None, 3)
        );
        let large = ParamDistributions::new().with("a", integers(0..=i64::MAX));
        assert_eq!(large.draw(3, 0).unwrap().len(), 3);
    }

    #[test]
    fn bounds_are_checked_and_spaces_are_stored() {
        for bad in [
            uniform(1.0, 0.0),
            uniform(0.0, f64::INFINITY),
            uniform(f64::NAN, 1.0),
            log_uniform(0.0, 1.0),
            integers(std::ops::RangeInclusive::new(2, 1)),
            log_integers(0..=9),
            normal(0.0, -1.0),
            Draw::list(Vec::<f64>::new()),
        ] {
            let space = ParamDistributions::new().with("name", bad.clone());
            let error = space.draw(1, 0).unwrap_err().to_string();
            assert!(error.contains("`name`"), "{bad}: {error}");
        }
        assert!(
            ParamDistributions::new()
                .with("a", uniform(0.0, 1.0))
                .draw(1 << 53, 0)
                .is_err()
        );
        let space = ParamDistributions::new()
            .with("a", uniform(-1.0, 1.0))
            .with("b", [Value::Null, 1.into()])
            .or(ParamDistributions::from([
                ("c", log_integers(1..=9)),
                ("d", normal(0.0, 1.0)),
            ]));
        let json = serde_json::to_string(&space).unwrap();
        assert_eq!(
            serde_json::from_str::<ParamDistributions>(&json).unwrap(),
            space
        );
        let bytes = postcard::to_stdvec(&space).unwrap();
        assert_eq!(
            postcard::from_bytes::<ParamDistributions>(&bytes).unwrap(),
            space
        );
        let own = Draw::from_distribution("mine", rand_distr::StandardNormal);
        assert!(
            serde_json::to_string(&own)
                .unwrap_err()
                .to_string()
                .contains("`mine`")
        );
        assert!(serde_json::from_str::<ParamDistributions>("{\"spaces\":[]}").is_err());
    }
}
