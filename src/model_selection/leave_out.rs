//! Every selection of so many rows, or groups, left out.

use serde::{Deserialize, Serialize};

use super::splitter::{
    CrossValidator, Split, Splits, at_least, by_part, check_rows, groups_of, made_lazily,
    separated, splitter, too_large,
};
use crate::check;
use crate::error::{Error, Result};
use crate::params::Hyperparameters;
use crate::targets::Targets;

/// Each row tested by itself, in order, on all others: as many splits as rows.
///
/// The same as [`LeavePOut`] with one row and as [`KFold`](super::KFold) with as many folds as rows. For more than a few
/// hundred rows five or ten folds take a fraction of the time, and their mean varies less.
///
/// # Errors
/// `TooFewSamples` for fewer than two rows.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, LeaveOneOut};
///
/// let splits = LeaveOneOut::new().split(3, &())?;
/// assert_eq!((&splits[1].train[..], &splits[1].test[..]), (&[0, 2][..], &[1][..]));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct LeaveOneOut {}

/// Every selection of `p` rows tested on all others, in lexicographic order.
///
/// Test sets overlap. Their number is n! / (p! (n − p)!), which soon is more than anyone can wait for: it is computed first,
/// and a list or a cross-validation of too many splits is refused with their number.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `p` | 2 | the number of rows to test on, at least 1, fewer than there are |
///
/// scikit-learn has no default.
///
/// # Errors
/// `TooFewSamples` for `p` rows or fewer; `TooLarge` for too many splits.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, LeavePOut};
///
/// let splits = LeavePOut::new(2).split(4, &())?;
/// assert_eq!(splits.len(), 6);
/// assert_eq!(splits[1].test, [0, 2]);
///
/// let refused = LeavePOut::new(30).split(60, &()).unwrap_err();
/// assert!(refused.to_string().contains("118264581564861424 splits"));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct LeavePOut {
    p: usize,
}

/// Each group tested by itself, in the order of their names, on all others: as many splits as groups.
///
/// Groups come with the target, [`Targets::grouped`]: a year, a site, a patient.
///
/// # Errors
/// `InvalidInput` for a target without groups or with fewer than two; `ShapeMismatch` when there is not one for each row.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, LeaveOneGroupOut};
/// use fitwell::prelude::*;
///
/// let sites = Labels::from(["rome", "oslo", "rome", "bern"]);
/// let splits = LeaveOneGroupOut::new().split(4, &().grouped(&sites))?;
/// assert_eq!(splits.iter().map(|split| &split.test[..]).collect::<Vec<_>>(), [&[3][..], &[1], &[0, 2]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct LeaveOneGroupOut {}

/// Every selection of `n_groups` groups tested on all others, in lexicographic order.
///
/// Groups come with the target, [`Targets::grouped`]. Too many splits are refused with their number, as by [`LeavePOut`].
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_groups` | 2 | the number of groups to test on, at least 1, fewer than there are |
///
/// scikit-learn has no default.
///
/// # Errors
/// `InvalidInput` for a target without groups or with `n_groups` of them or fewer; `ShapeMismatch` when there is not one for
/// each row; `TooLarge` for too many splits.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, LeavePGroupsOut};
/// use fitwell::prelude::*;
///
/// let groups = Labels::from([1, 2, 3, 3]);
/// let splits = LeavePGroupsOut::new(2).split(4, &().grouped(&groups))?;
/// assert_eq!(splits.len(), 3);
/// assert_eq!(splits[2].test, [1, 2, 3]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct LeavePGroupsOut {
    n_groups: usize,
}

impl LeaveOneOut {
    /// Each row by itself.
    pub fn new() -> Self {
        Self::default()
    }

    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        check_rows(n_samples, y)?;
        at_least("leaving one row out", 2, n_samples)?;
        Ok(Splits::new(n_samples, move |k| {
            separated(n_samples, 1, |row| row == k)
        }))
    }
}

impl Hyperparameters for LeaveOneOut {
    const NAME: &'static str = "LeaveOneOut";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl Default for LeavePOut {
    fn default() -> Self {
        LeavePOut { p: 2 }
    }
}

impl LeavePOut {
    /// Every `p` rows.
    pub fn new(p: usize) -> Self {
        LeavePOut { p }
    }

    /// The number of rows to test on.
    pub fn p(mut self, p: usize) -> Self {
        self.p = p;
        self
    }

    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        check_rows(n_samples, y)?;
        let needed = self.p.saturating_add(1);
        at_least(format!("leaving {} rows out", self.p), needed, n_samples)?;
        let selections = Selections::new(Self::NAME, n_samples, self.p)?;
        Ok(Splits::new(selections.len, move |k| {
            let left_out = selections.get(k);
            separated(n_samples, left_out.len(), |row| {
                left_out.binary_search(&row).is_ok()
            })
        }))
    }
}

impl Hyperparameters for LeavePOut {
    const NAME: &'static str = "LeavePOut";
    fn check(&self) -> Result<()> {
        check::count(Self::NAME, "p", self.p, 1)
    }
}

impl LeaveOneGroupOut {
    /// Each group by itself.
    pub fn new() -> Self {
        Self::default()
    }

    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        let groups = groups_of(Self::NAME, n_samples, y)?;
        let n_groups = groups.classes().len();
        enough(Self::NAME, 1, n_groups)?;
        let parts = groups.codes().iter().map(|&group| group as usize);
        Ok(by_part(parts.collect(), n_groups))
    }
}

impl Hyperparameters for LeaveOneGroupOut {
    const NAME: &'static str = "LeaveOneGroupOut";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl Default for LeavePGroupsOut {
    fn default() -> Self {
        LeavePGroupsOut { n_groups: 2 }
    }
}

impl LeavePGroupsOut {
    /// Every `n_groups` groups.
    pub fn new(n_groups: usize) -> Self {
        LeavePGroupsOut { n_groups }
    }

    /// The number of groups to test on.
    pub fn n_groups(mut self, n_groups: usize) -> Self {
        self.n_groups = n_groups;
        self
    }

    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        let groups = groups_of(Self::NAME, n_samples, y)?;
        enough(Self::NAME, self.n_groups, groups.classes().len())?;
        let selections = Selections::new(Self::NAME, groups.classes().len(), self.n_groups)?;
        Ok(Splits::new(selections.len, move |k| {
            let left_out = selections.get(k);
            separated(n_samples, 0, |row| {
                let group = groups.codes()[row] as usize;
                left_out.binary_search(&group).is_ok()
            })
        }))
    }
}

impl Hyperparameters for LeavePGroupsOut {
    const NAME: &'static str = "LeavePGroupsOut";
    fn check(&self) -> Result<()> {
        check::count(Self::NAME, "n_groups", self.n_groups, 1)
    }
}

splitter!(LeaveOneOut);
splitter!(LeavePOut);
splitter!(LeaveOneGroupOut);
splitter!(LeavePGroupsOut);

fn enough(splitter: &str, left_out: usize, n_groups: usize) -> Result<()> {
    if n_groups > left_out {
        return Ok(());
    }
    let reason = format!("`{splitter}` leaves {left_out} out and there are {n_groups} in all");
    Err(Error::invalid_input("groups", reason))
}

/// Every selection of `p` positions below `n`, in lexicographic order, each found by its number.
struct Selections {
    n: usize,
    p: usize,
    len: usize,
}

impl Selections {
    fn new(splitter: &str, n: usize, p: usize) -> Result<Self> {
        let too_many = |size| {
            let what = format!("number of splits of `{splitter}` ({p} of {n})");
            too_large(what, size, usize::MAX as u64)
        };
        let len = binomial(n, p).ok_or_else(|| too_many(u64::MAX))?;
        match usize::try_from(len) {
            Ok(len) => Ok(Selections { n, p, len }),
            Err(_) => Err(too_many(len)),
        }
    }

    /// Selection number `k`, ascending.
    fn get(&self, k: usize) -> Vec<usize> {
        let mut rest = k as u64;
        let mut selection = Vec::with_capacity(self.p);
        let mut position = 0;
        while selection.len() < self.p {
            // So many selections go on with this position; there are at most `len` of them.
            let with = binomial(self.n - position - 1, self.p - selection.len() - 1);
            let with = with.unwrap_or(u64::MAX);
            if rest < with {
                selection.push(position);
            } else {
                rest -= with;
            }
            position += 1;
        }
        selection
    }
}

/// n! / (p! (n − p)!), if it is below 2⁶⁴.
fn binomial(n: usize, p: usize) -> Option<u64> {
    if p > n {
        return Some(0);
    }
    let p = p.min(n - p);
    let mut value: u128 = 1;
    for k in 0..p {
        // The product of k + 1 neighbours is divisible by (k + 1)!. Values grow until the end, so that one that does not fit
        // is final.
        value = value * (n - k) as u128 / (k as u128 + 1);
        if value > u128::from(u64::MAX) {
            return None;
        }
    }
    Some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_are_found_by_their_number() {
        let all = Selections::new("", 6, 3).unwrap();
        let mut listed = Vec::new();
        for a in 0..6 {
            for b in a + 1..6 {
                for c in b + 1..6 {
                    listed.push(vec![a, b, c]);
                }
            }
        }
        assert_eq!(all.len, listed.len());
        assert_eq!((0..20).map(|k| all.get(k)).collect::<Vec<_>>(), listed);
    }

    #[test]
    fn binomials_are_exact_up_to_the_limit() {
        assert_eq!(binomial(60, 30), Some(118_264_581_564_861_424));
        assert_eq!(binomial(67, 33), Some(14_226_520_737_620_288_370));
        assert_eq!(binomial(68, 34), None);
        assert_eq!(binomial(usize::MAX, 1), Some(u64::MAX));
        assert_eq!(binomial(usize::MAX, 2), None);
        assert_eq!(binomial(usize::MAX, usize::MAX), Some(1));
        assert_eq!((binomial(3, 0), binomial(3, 4)), (Some(1), Some(0)));
    }
}
