//! From decimal digits and a power of ten to the nearest double.
//!
//! w · 10^q = w · 5^q · 2^q. The product of `w` (64 bits) with 5^q, rounded to 128 bits, decides the nearest double in all
//! but very few cases; those are left to the standard library.
//!
//! Source: D. Lemire, "Number parsing at a gigabyte per second", Software: Practice and Experience 51 (2021), section 5; for
//! why no fallback is needed in the range of exponents here, N. Mushtak and D. Lemire, "Fast number parsing without
//! fallback", Software: Practice and Experience 53 (2023).

/// Powers of five up to here fit 128 bits exactly.
const LARGEST: i32 = 55;

/// The lower half of 128 bits.
const LOW: u128 = 0xffff_ffff_ffff_ffff;

/// For q from −55 to 55 the highest 128 bits of 5^q, the highest bit set.
static FIVES: [u128; 2 * LARGEST as usize + 1] = fives();

const fn fives() -> [u128; 2 * LARGEST as usize + 1] {
    let mut table = [0; 2 * LARGEST as usize + 1];
    let mut power: u128 = 1;
    let mut q = 0;
    while q <= LARGEST as usize {
        table[LARGEST as usize + q] = power << power.leading_zeros();
        if q > 0 {
            table[LARGEST as usize - q] = reciprocal(power, q <= 27);
        }
        if q < LARGEST as usize {
            power *= 5;
        }
        q += 1;
    }
    table
}

/// The highest 128 bits of 1 / d, for a d that is no power of two; rounded up or down.
const fn reciprocal(d: u128, up: bool) -> u128 {
    // Long division: 128 digits from the first that is not 0.
    let mut rest: u128 = 1;
    let mut quotient: u128 = 0;
    while quotient >> 127 == 0 {
        let carry = rest >> 127 == 1;
        rest <<= 1;
        quotient <<= 1;
        if carry || rest >= d {
            rest = rest.wrapping_sub(d);
            quotient |= 1;
        }
    }
    if up { quotient + 1 } else { quotient }
}

/// The double nearest to `digits` · 10^`power`, of two equally near ones the even; `None` where this method does not know.
#[inline]
pub(super) fn nearest(digits: u64, power: i64) -> Option<f64> {
    if digits == 0 {
        return Some(0.0);
    }
    let q = i32::try_from(power).ok()?;
    let five = *FIVES.get(usize::try_from(q.checked_add(LARGEST)?).ok()?)?;
    let zeros = digits.leading_zeros();
    let w = digits << zeros;
    // The product with the high half decides, unless all bits below those needed are ones.
    let high = u128::from(w) * (five >> 64);
    let (mut upper, mut lower) = ((high >> 64) as u64, (high & LOW) as u64);
    const BELOW: u64 = u64::MAX >> 55;
    if upper & BELOW == BELOW {
        let low = ((u128::from(w) * (five & LOW)) >> 64) as u64;
        let (sum, carry) = lower.overflowing_add(low);
        lower = sum;
        upper += u64::from(carry);
    }
    if lower == u64::MAX && q < -27 {
        return None;
    }
    let top = upper >> 63;
    let shift = top as u32 + 9;
    let mut mantissa = upper >> shift;
    // log2(5) · q + 63, then the exponent's bias.
    let exponent = ((q * (152_170 + 65_536)) >> 16) + 63 + top as i32 - zeros as i32 + 1023;
    if !(1..2046).contains(&exponent) {
        return None;
    }
    // Exactly half-way between two doubles: to the even one.
    if lower <= 1 && (-4..=23).contains(&q) && mantissa & 3 == 1 && mantissa << shift == upper {
        mantissa &= !1;
    }
    mantissa += mantissa & 1;
    mantissa >>= 1;
    // Rounding up to the next power of two carries into the exponent, as it should.
    let exponent = u64::try_from(exponent - 1).ok()?;
    Some(f64::from_bits((exponent << 52) + mantissa))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;
    use rand_chacha::rand_core::Rng;

    fn check(digits: u64, power: i64) -> bool {
        let expected: f64 = format!("{digits}e{power}").parse().unwrap();
        match nearest(digits, power) {
            Some(ours) => {
                assert_eq!(ours.to_bits(), expected.to_bits(), "{digits}e{power}");
                true
            }
            None => false,
        }
    }

    #[test]
    fn random_decimals_are_those_of_the_standard_library() {
        let mut rng = generator(0);
        let mut decided = 0;
        const N: usize = 2_000_000;
        for i in 0..N {
            // Of all lengths, up to 19 digits, most of them long.
            let digits = rng.next_u64() % 10u64.pow(19 - (rng.next_u64() % 8) as u32);
            let power = (rng.next_u64() % 111) as i64 - 55;
            decided += usize::from(check(
                digits,
                if i % 2 == 0 { power } else { power / 3 - 17 },
            ));
        }
        assert!(decided >= N - 2, "{decided}");
    }

    #[test]
    fn written_doubles_come_back() {
        let mut rng = generator(1);
        for _ in 0..300_000 {
            // Doubles of ordinary size as `{}` and Python's repr write them, and their neighbours' middles.
            let v = f64::from_bits(
                (rng.next_u64() & 0x000f_ffff_ffff_ffff) | (1000 + rng.next_u64() % 40) << 52,
            );
            let text = format!("{v:.17e}");
            let (digits, power) = text.split_once('e').unwrap();
            let digits: u64 = digits.replace('.', "").parse().unwrap();
            let power: i64 = power.parse::<i64>().unwrap() - 17;
            assert_eq!(nearest(digits, power), Some(v), "{text}");
        }
    }

    #[test]
    fn ties_go_to_the_even_double() {
        // m + 1/2 units in the last place, written exactly: (2m + 1) · 5^k · 10^-k with 2^-k the half unit.
        let mut rng = generator(2);
        for _ in 0..300_000 {
            let k = rng.next_u64() % 5;
            let m = (1 << 53) | rng.next_u64() >> 11 | 1;
            if let Some(digits) = m.checked_mul(5u64.pow(k as u32)) {
                check(digits, -(k as i64));
            }
            check(m, (rng.next_u64() % 24) as i64);
        }
        for digits in [(1 << 54) - 1, (1 << 54) + 2, (1 << 53) + 1, u64::MAX, 1] {
            for power in -55..=55 {
                check(digits, power);
            }
        }
    }

    #[test]
    fn what_is_out_of_range_is_left_to_others() {
        assert_eq!(nearest(0, 9999), Some(0.0));
        for power in [
            -56,
            56,
            400,
            -400,
            i64::MAX,
            i64::MIN,
            i64::from(i32::MAX) + 3,
        ] {
            assert_eq!(nearest(1, power), None);
        }
    }
}
