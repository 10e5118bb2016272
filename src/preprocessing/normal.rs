//! The standard normal distribution: its distribution function Φ and the inverse.

/// Φ(x), the probability of a value up to x.
pub(crate) fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Φ⁻¹(p): −∞ for 0, ∞ for 1, NaN outside of [0, 1].
///
/// M. J. Wichura (1988), "Algorithm AS 241: the percentage points of the normal distribution", PPND16: some 16 digits.
#[inline(always)]
pub(crate) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &CENTRE, &BELOW_CENTRE);
    }
    tail(p, q)
}

/// Outside of the central 85 %.
#[inline(never)]
fn tail(p: f64, q: f64) -> f64 {
    let p = if q < 0.0 { p } else { 1.0 - p };
    if p <= 0.0 {
        let outside = p < 0.0;
        return if outside {
            f64::NAN
        } else {
            f64::INFINITY.copysign(q)
        };
    }
    let r = (-p.ln()).sqrt();
    let x = if r <= 5.0 {
        ratio(r - 1.6, &MIDDLE, &BELOW_MIDDLE)
    } else {
        ratio(r - 5.0, &FAR, &BELOW_FAR)
    };
    x.copysign(q)
}

/// Two polynomials of degree 7, coefficients from the constant on.
#[inline(always)]
fn ratio(r: f64, above: &[f64; 8], below: &[f64; 8]) -> f64 {
    let polynomial = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(above) / polynomial(below)
}

const CENTRE: [f64; 8] = [
    3.387_132_872_796_366_5,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const BELOW_CENTRE: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_854e3,
];
const MIDDLE: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const BELOW_MIDDLE: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const BELOW_FAR: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats.norm.ppf of SciPy 1.17.
    #[test]
    fn quantiles_are_scipys() {
        for (p, x) in [
            (1e-300, -37.0470962993612),
            (1e-20, -9.262340089798409),
            (1e-12, -7.034483825301131),
            (1e-07, -5.1993375821928165),
            (0.001, -3.090232306167813),
            (0.02, -2.053748910631823),
            (0.0749, -1.4402382675279635),
            (0.0751, -1.4388253927525403),
            (0.2, -0.8416212335729142),
            (0.45, -0.12566134685507402),
            (0.5000001, 2.506628273311648e-07),
            (0.75, 0.6744897501960817),
            (0.9249, 1.4388253927525403),
            (0.9251, 1.4402382675279635),
            (0.99, 2.3263478740408408),
            (0.999999999, 5.997807019601637),
        ] {
            assert!(
                (quantile(p) - x).abs() <= 4e-15 * x.abs(),
                "{p}: {} {x}",
                quantile(p)
            );
        }
        assert_eq!(quantile(0.5), 0.0);
        assert_eq!(
            (quantile(0.0), quantile(1.0)),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
        assert!(quantile(f64::NAN).is_nan() && quantile(-0.1).is_nan() && quantile(1.1).is_nan());
    }

    /// scipy.stats.norm.cdf of SciPy 1.17.
    #[test]
    fn probabilities_are_scipys() {
        for (x, p) in [
            (-20.0, 2.7536241186061556e-89),
            (-8.0, 6.22096057427174e-16),
            (-5.2, 9.96442631693347e-08),
            (-3.0, 0.0013498980316300933),
            (-1.0, 0.15865525393145707),
            (-0.1, 0.460172162722971),
            (0.0, 0.5),
            (0.3, 0.6179114221889526),
            (1.0, 0.8413447460685429),
            (2.5, 0.9937903346742238),
            (5.2, 0.9999999003557368),
            (8.0, 0.9999999999999993),
            (9.0, 1.0),
        ] {
            // The rounding of x counts x² times in the tail.
            assert!(
                (cdf(x) - p).abs() <= 1e-15 * (1.0 + x * x) * p,
                "{x}: {} {p}",
                cdf(x)
            );
        }
    }

    #[test]
    fn there_and_back() {
        for i in 1..10_000 {
            let p = f64::from(i) / 10_000.0;
            assert!((cdf(quantile(p)) - p).abs() < 4e-16 + 4e-15 * p);
        }
    }
}
