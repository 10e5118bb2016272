//! Sums that keep their digits.

/// The sum of `term(0..n)`, pairwise: blocks of 128 are added in eight lanes, blocks in a balanced tree. The error grows
/// with log n instead of n, and the order depends on `n` alone.
pub(crate) fn sum(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    const LANES: usize = 8;
    const BLOCK: usize = 128;
    // partial[k] holds the sum of 2^k blocks while bit k of the number of blocks is set.
    let mut partial = [0.0; usize::BITS as usize];
    let blocks = n / BLOCK;
    for block in 0..blocks {
        let first = block * BLOCK;
        let mut lanes = [0.0; LANES];
        for i in (first..first + BLOCK).step_by(LANES) {
            for (lane, value) in lanes.iter_mut().enumerate() {
                *value += term(i + lane);
            }
        }
        let mut total = lanes.chunks(2).map(|l| l[0] + l[1]).sum::<f64>();
        let mut level = 0;
        while block >> level & 1 == 1 {
            total += partial[level];
            level += 1;
        }
        partial[level] = total;
    }
    let mut total: f64 = (blocks * BLOCK..n).map(&term).sum();
    for (level, value) in partial.iter().enumerate() {
        if blocks >> level & 1 == 1 {
            total += value;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn every_term_is_added_once() {
        for n in [0, 1, 7, 127, 128, 129, 1000, 1024, 12_345] {
            let expected = (n * (n + 1) / 2) as f64;
            assert!((sum(n, |i| (i + 1) as f64) - expected).abs() < 0.5, "{n}");
        }
    }

    #[test]
    fn ten_million_tenths_keep_their_digits() {
        let n = 10_000_000;
        let error = (sum(n, |_| 0.1) - 1e6).abs() / 1e6;
        let naive = ((0..n).map(|_| 0.1).sum::<f64>() - 1e6).abs() / 1e6;
        assert!(error < 1e-14 && naive > 1e-11, "{error} {naive}");
    }
}
