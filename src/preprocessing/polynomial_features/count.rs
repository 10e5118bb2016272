//! How many products there are.

/// n over k; `u64::MAX` for what is beyond it.
pub(super) fn binomial(n: u128, k: u128) -> u64 {
    let k = k.min(n.saturating_sub(k));
    let mut value = 1u128;
    for i in 1..=k {
        // The running product is a binomial itself: the division leaves no rest, and it only grows.
        value = match value.checked_mul(n - k + i) {
            Some(product) => product / i,
            None => return u64::MAX,
        };
        if value > u128::from(u64::MAX) {
            return u64::MAX;
        }
    }
    value as u64
}

/// The number of products of `n` columns of the degrees from `min` (at least 1) to `max`; `u64::MAX` for what is beyond.
pub(super) fn count(n: u64, min: u64, max: u64, interaction_only: bool) -> u64 {
    let min = min.max(1);
    if min > max {
        return 0;
    }
    let [n_, min_, max_] = [n, min, max].map(u128::from);
    if !interaction_only {
        // All up to a degree, the empty product included, are n + d over d.
        return match binomial(n_ + max_, max_) {
            u64::MAX => u64::MAX,
            all => all - binomial(n_ + min_ - 1, min_ - 1),
        };
    }
    let mut sum = 0u64;
    for degree in min..=max.min(n) {
        sum = sum.saturating_add(binomial(n_, u128::from(degree)));
        if sum == u64::MAX {
            break;
        }
    }
    sum
}
