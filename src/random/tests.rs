//! Golden values. Those of the generator and of every sampler but the normal one come from
//! `tests/reference/random_values.py`, an implementation of its own; those of the normal sampler were computed once by
//! this one and only guard against change.

use rand::rand_core::Rng;

use super::*;
use crate::error::ErrorKind;

/// FNV-1a over the little-endian bytes.
fn hash(values: impl IntoIterator<Item = u64>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in values.into_iter().flat_map(u64::to_le_bytes) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

fn golden<T: Copy + std::fmt::Debug + PartialEq>(
    values: &[T],
    to_u64: impl Fn(T) -> u64,
    first: [T; 4],
    hashed: u64,
) {
    assert_eq!(values.len(), 1000);
    assert_eq!(values[..4], first);
    let got = hash(values.iter().map(|&v| to_u64(v)));
    assert_eq!(got, hashed, "got 0x{got:016x}");
}

fn bits(first: [f64; 4]) -> [u64; 4] {
    first.map(f64::to_bits)
}

#[test]
fn chacha8_gives_the_published_test_vector() {
    // draft-strombergson-chacha-test-vectors-00, TC1 (key and nonce zero), 256 bits, 8 rounds, first block.
    let mut block = [0; 64];
    ChaCha8Rng::from_seed([0; 32]).fill_bytes(&mut block);
    let hex: String = block.iter().map(|b| format!("{b:02x}")).collect();
    let published = "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e\
                     984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42";
    assert_eq!(hex, published);
}

#[test]
fn generators_and_streams_are_stable() {
    let take = |mut rng: ChaCha8Rng| (0..1000).map(|_| rng.next_u64()).collect::<Vec<_>>();
    let seeded = [
        0xae90_bfb5_395d_5ba1,
        0xf345_3fc6_2579_9188,
        0x6d71_b708_c5b6_538c,
        0xa09a_b2f9_5816_6752,
    ];
    golden(&take(generator(42)), |v| v, seeded, 0xf83e_fb4f_1e17_9fd4);
    let stream_0 = [
        0xaf9e_41ee_2b1c_a865,
        0x61bf_749b_b493_cecd,
        0x4c21_f509_d0ae_684a,
        0xb98e_11ba_1979_3fd6,
    ];
    golden(&take(stream(42, 0)), |v| v, stream_0, 0xc75c_f92e_b81c_9bf4);
    let stream_1 = [
        0xec6f_f07a_6cff_9cc3,
        0xb58f_3298_d060_831f,
        0x4ffd_6f86_d6cc_22f3,
        0x113b_28ee_7253_fd4b,
    ];
    golden(&take(stream(42, 1)), |v| v, stream_1, 0x8806_d644_27ca_b446);
    let stream_max = [
        0x72e3_fdd4_d892_8e98,
        0x8119_fccb_8d0c_0332,
        0xe000_e0ad_8642_d644,
        0x2181_4d5f_e17a_eb04,
    ];
    golden(
        &take(stream(42, u64::MAX)),
        |v| v,
        stream_max,
        0x582b_19c4_375d_abc2,
    );
}

#[test]
fn uniform_numbers_are_stable_and_in_range() {
    let mut rng = generator(42);
    let values: Vec<f64> = (0..1000).map(|_| uniform(&mut rng)).collect();
    assert!(values.iter().all(|v| (0.0..1.0).contains(v)));
    let first = bits([
        0.6818961923066714,
        0.950275407672484,
        0.4275164028565197,
        0.6273605211973403,
    ]);
    let values: Vec<u64> = values.into_iter().map(f64::to_bits).collect();
    golden(&values, |v| v, first, 0xc6ef_2255_d7a4_cc34);
}

#[test]
fn normal_numbers_are_stable_and_normal() {
    let mut rng = generator(42);
    let values: Vec<f64> = (0..1000).map(|_| standard_normal(&mut rng)).collect();
    let first = bits([
        0.47798123835102174,
        1.3340706102318078,
        -0.21086668327103028,
        0.4763469238088213,
    ]);
    let as_bits: Vec<u64> = values.into_iter().map(f64::to_bits).collect();
    golden(&as_bits, |v| v, first, 0x8eaf_20af_e9e7_deb4);

    // The moments of the distribution: 0, 1, 0, 3, within five standard errors of 1,000,000 draws.
    let n = 1_000_000;
    let mut moments = [0.0; 4];
    for _ in 0..n {
        let v = standard_normal(&mut rng);
        for (power, moment) in moments.iter_mut().enumerate() {
            *moment += v.powi(power as i32 + 1) / f64::from(n);
        }
    }
    let variances = [1.0, 2.0, 15.0, 96.0];
    for ((moment, expected), variance) in moments.iter().zip([0.0, 1.0, 0.0, 3.0]).zip(variances) {
        let error = (moment - expected).abs();
        assert!(
            error < 5.0 * f64::sqrt(variance / f64::from(n)),
            "{moments:?}"
        );
    }
}

#[test]
fn positions_are_stable_and_unbiased() {
    let ten = NonZeroUsize::MIN.saturating_add(9);
    let mut rng = generator(42);
    let values: Vec<usize> = (0..1000).map(|_| below(ten, &mut rng)).collect();
    golden(&values, |v| v as u64, [6, 9, 4, 6], 0x5a75_17b0_998e_858f);

    // A bound of 3/4 of the range rejects every fourth draw: the path the small bounds hardly ever take.
    let mut rng = generator(42);
    let values: Vec<u64> = (0..1000).map(|_| below_u64(3 << 62, &mut rng)).collect();
    let first = [
        9434073408238650552,
        8679569232357281149,
        2074689676371173878,
        12476499239732397242,
    ];
    golden(&values, |v| v, first, 0xbfac_718d_9a09_3afa);

    let mut counts = [0; 10];
    (0..100_000).for_each(|_| counts[below(ten, &mut rng)] += 1);
    // Chi-square with 9 degrees of freedom: 27.9 is exceeded once in a thousand seeds, and this seed is fixed.
    let chi_square: f64 = counts
        .iter()
        .map(|&c| f64::from(c - 10_000).powi(2) / 1e4)
        .sum();
    assert!(chi_square < 27.9, "{counts:?}");
}

#[test]
fn permutations_are_stable_and_complete() {
    let order = permutation(1000, &mut generator(42));
    golden(
        &order,
        |v| v as u64,
        [633, 348, 994, 332],
        0xf924_5b9d_4513_df39,
    );
    let mut sorted = order;
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..1000));
    assert!(permutation(0, &mut generator(42)).is_empty());
    assert_eq!(permutation(1, &mut generator(42)), [0]);
}

#[test]
fn every_order_of_three_is_equally_likely() {
    let mut rng = generator(0);
    let mut counts = HashMap::new();
    for _ in 0..60_000 {
        *counts.entry(permutation(3, &mut rng)).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 6);
    // Five standard deviations of a binomial count.
    assert!(
        counts.values().all(|&c: &i32| (c - 10_000).abs() < 457),
        "{counts:?}"
    );
}

#[test]
fn selections_are_stable_and_without_repetition() -> Result<()> {
    let sparse = sample_without_replacement(1_000_000, 1000, &mut generator(42))?;
    golden(
        &sparse,
        |v| v as u64,
        [681_896, 950_275, 427_517, 627_361],
        0xe4fb_6941_6cbe_0f75,
    );
    let dense = sample_without_replacement(1500, 1000, &mut generator(42))?;
    golden(
        &dense,
        |v| v as u64,
        [1022, 1425, 642, 942],
        0x9cc9_d194_649c_aacb,
    );
    for mut chosen in [sparse, dense] {
        chosen.sort_unstable();
        chosen.dedup();
        assert_eq!(chosen.len(), 1000);
    }
    let all = sample_without_replacement(5, 5, &mut generator(1))?;
    assert_eq!(all.iter().sum::<usize>(), 10);
    assert!(sample_without_replacement(0, 0, &mut generator(1))?.is_empty());
    let refused = sample_without_replacement(5, 6, &mut generator(1)).unwrap_err();
    assert!(matches!(
        refused.kind(),
        ErrorKind::TooFewSamples {
            needed: 6,
            got: 5,
            ..
        }
    ));
    Ok(())
}

#[test]
fn poisson_numbers_are_stable_and_have_their_moments() {
    let mut rng = generator(42);
    let values: Vec<u64> = (0..1000).map(|_| poisson(40.5, &mut rng)).collect();
    golden(&values, |v| v, [40, 42, 41, 49], 0xe8cf_eba0_3199_4591);
    for mean in [0.3, 16.0, 50.0] {
        let n = 100_000.0;
        let values: Vec<f64> = (0..n as usize)
            .map(|_| poisson(mean, &mut rng) as f64)
            .collect();
        let average = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        // Mean and variance are both the mean; their variances are mean / n and (mean + 2 mean²) / n.
        assert!(
            (average - mean).abs() < 5.0 * f64::sqrt(mean / n),
            "{average}"
        );
        assert!(
            (variance - mean).abs() < 5.0 * f64::sqrt((mean + 2.0 * mean * mean) / n),
            "{variance}"
        );
    }
    for none in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(poisson(none, &mut rng), 0);
    }
}

#[test]
fn weighted_choices_are_stable_and_proportional() -> Result<()> {
    let choice = WeightedIndex::new(&[1.0, 0.0, 2.5, 0.25])?;
    assert_eq!((choice.len(), choice.is_empty()), (4, false));
    let mut rng = generator(42);
    let values: Vec<usize> = (0..1000).map(|_| choice.sample(&mut rng)).collect();
    golden(&values, |v| v as u64, [2, 3, 2, 2], 0x3b62_a8c6_121f_e6a7);

    let mut counts = [0.0; 4];
    (0..100_000).for_each(|_| counts[choice.sample(&mut rng)] += 1.0);
    for (count, weight) in counts.iter().zip([1.0, 0.0, 2.5, 0.25]) {
        let p = weight / 3.75;
        let error = f64::abs(count - 1e5 * p);
        assert!(error <= 5.0 * f64::sqrt(1e5 * p * (1.0 - p)), "{counts:?}");
    }
    Ok(())
}

#[test]
fn a_weight_that_vanishes_beside_the_total_is_not_overrun() -> Result<()> {
    // The running sum does not move over the last weights: the draw must not leave the list or hit a zero weight.
    let choice = WeightedIndex::new(&[1.0, 1e-300, 0.0])?;
    let mut rng = generator(0);
    assert!((0..10_000).all(|_| choice.sample(&mut rng) == 0));
    Ok(())
}

#[test]
fn bad_weights_are_refused() {
    let kind = |weights: &[f64]| format!("{:?}", WeightedIndex::new(weights).unwrap_err().kind());
    assert!(kind(&[]).starts_with("EmptyInput"));
    assert!(
        kind(&[1.0, f64::NAN]).starts_with("NonFinite { what: \"weights of a choice\", row: 1")
    );
    assert!(kind(&[f64::INFINITY]).starts_with("NonFinite"));
    assert!(kind(&[1.0, -1.0]).starts_with("InvalidInput"));
    assert!(kind(&[0.0, 0.0]).starts_with("InvalidInput"));
    assert!(kind(&[f64::MAX, f64::MAX]).starts_with("Overflow"));
}
