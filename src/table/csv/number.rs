//! The text of a number, boolean or missing value.

use super::CsvOptions;
use super::decimal::nearest;

/// How a number is written, which decides what a column of such numbers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Digits that a whole number up to 2^53 stands for.
    Whole,
    /// Digits of which a number would lose some: beyond 2^53, or with a needless zero in front.
    Digits,
    /// With a point or an exponent.
    Decimal,
}

/// 10^0 to 10^22, all exact.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Up to here every integer is a double.
const EXACT: u64 = 1 << 53;

/// Without spaces and tabs around.
#[inline]
pub(super) fn trim(mut s: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = s {
        s = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = s {
        s = rest;
    }
    s
}

/// The nearest double of a trimmed decimal number, possibly infinite, and its form; `None` for any other text.
///
/// When digits and power of ten are both exact doubles, one rounded operation gives the nearest result (Clinger 1990);
/// up to 19 digits go through [`nearest`], everything else to the standard library, which is exact as well.
#[inline]
pub(super) fn number(s: &[u8], point: u8) -> Option<(f64, Form)> {
    let (negative, body) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    };
    let (whole, digits) = leading(body, 0);
    let mut digits = digits;
    let mut at = whole;
    let sign = |v: f64| if negative { -v } else { v };
    if whole == body.len() {
        if whole == 0 {
            return None;
        }
        let padded = whole > 1 && body[0] == b'0';
        // 19 digits fit 64 bits.
        return Some(if whole <= 19 && digits <= EXACT {
            let form = if padded { Form::Digits } else { Form::Whole };
            (sign(digits as f64), form)
        } else {
            (parse(s, point)?, Form::Digits)
        });
    }
    let mut fraction = 0;
    if body[at] == point {
        at += 1;
        (fraction, digits) = leading(&body[at..], digits);
        at += fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    let mut exponent = 0i64;
    if let Some(b'e' | b'E') = body.get(at) {
        at += 1;
        let down = match body.get(at) {
            Some(b'-') => {
                at += 1;
                true
            }
            Some(b'+') => {
                at += 1;
                false
            }
            _ => false,
        };
        let first = at;
        while let Some(d) = body
            .get(at)
            .map(|b| b.wrapping_sub(b'0'))
            .filter(|d| *d < 10)
        {
            exponent = (exponent * 10 + i64::from(d)).min(1 << 20);
            at += 1;
        }
        if at == first {
            return None;
        }
        if down {
            exponent = -exponent;
        }
    }
    if at != body.len() {
        return None;
    }
    // A zero before the point is no digit that counts.
    if whole + fraction - usize::from(body[0] == b'0') <= 19 {
        let power = exponent - fraction as i64;
        if digits <= EXACT
            && let Some(p) =
                (usize::try_from(power.unsigned_abs()).ok()).and_then(|p| POWERS.get(p))
        {
            let v = digits as f64;
            return Some((sign(if power < 0 { v / p } else { v * p }), Form::Decimal));
        }
        if let Some(v) = nearest(digits, power) {
            return Some((sign(v), Form::Decimal));
        }
    }
    Some((parse(s, point)?, Form::Decimal))
}

/// How many digits a text begins with, and the number they continue, modulo 2^64.
#[inline]
fn leading(text: &[u8], mut digits: u64) -> (usize, u64) {
    let mut rest = text;
    while let Some((word, after)) = rest.split_first_chunk::<8>()
        && let Some(more) = eight(u64::from_le_bytes(*word))
    {
        digits = digits.wrapping_mul(100_000_000).wrapping_add(more);
        rest = after;
    }
    while let [byte @ b'0'..=b'9', after @ ..] = rest {
        digits = digits.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        rest = after;
    }
    (text.len() - rest.len(), digits)
}

/// The same byte eight times.
const fn eightfold(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The number of eight digits, the first in the lowest byte; `None` if one is no digit.
#[inline]
fn eight(word: u64) -> Option<u64> {
    let v = word ^ eightfold(b'0');
    // From 10 on the sum has the highest bit of its byte, or the byte itself has; a carry comes from such bytes only.
    if (v.wrapping_add(eightfold(0x80 - 10)) | v) & eightfold(0x80) != 0 {
        return None;
    }
    // Neighbours are joined: to two digits in each second byte, then to all eight.
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = v.wrapping_mul(10).wrapping_add(v >> 8);
    let first = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    Some(first.wrapping_add(second) >> 32)
}

/// What [`number`] says about the `length` bytes that `text` begins with, where that takes no more than a few operations on
/// whole words: digits, at most one point, perhaps a minus, 16 bytes behind it. `None` decides nothing.
///
/// The bytes after the number only need to be there: they are loaded and shifted out.
#[inline]
pub(super) fn short_number(text: &[u8], length: usize, point: u8) -> Option<(f64, Form)> {
    let minus = usize::from(*text.first()? == b'-');
    let mut n = length.wrapping_sub(minus);
    if n.wrapping_sub(1) >= 16 {
        return None;
    }
    let bytes = text.get(minus..)?.first_chunk::<16>()?;
    let padded = n > 1 && bytes[0] == b'0';
    let mut fraction = None;
    let digits = if n <= 8 {
        let mut word = u64::from_le_bytes(*bytes.first_chunk::<8>()?);
        // The lowest byte found is a point; those above it may not be.
        let x = word ^ eightfold(point);
        let found = x.wrapping_sub(eightfold(1)) & !x & eightfold(0x80);
        let at = (found.trailing_zeros() / 8) as usize;
        if at < n {
            let below = (1u64 << (8 * at)) - 1;
            word = word & below | word >> 8 & !below;
            n -= 1;
            fraction = Some(n - at);
            if n == 0 {
                return None;
            }
        }
        // The digits move up to the last byte, zeros go before them.
        let zeros = eightfold(b'0') >> (8 * (n - 1)) >> 8;
        eight(word << (64 - 8 * n) | zeros)?
    } else {
        let mut word = u128::from_le_bytes(*bytes);
        const ONES: u128 = u128::from_le_bytes([1; 16]);
        let x = word ^ (ONES * point as u128);
        let found = x.wrapping_sub(ONES) & !x & (ONES << 7);
        let at = (found.trailing_zeros() / 8) as usize;
        if at < n {
            let below = (1u128 << (8 * at)) - 1;
            word = word & below | word >> 8 & !below;
            n -= 1;
            fraction = Some(n - at);
        }
        let zeros = u128::from_le_bytes([b'0'; 16]) >> (8 * (n - 1)) >> 8;
        word = word << (128 - 8 * n) | zeros;
        const LOW: u128 = 0xffff_ffff_ffff_ffff;
        eight((word & LOW) as u64)? * 100_000_000 + eight((word >> 64) as u64)?
    };
    if digits > EXACT {
        return None;
    }
    let value = digits as i64 as f64;
    let (value, form) = match fraction {
        None if padded => (value, Form::Digits),
        None => (value, Form::Whole),
        Some(fraction) => (value / POWERS[fraction & 15], Form::Decimal),
    };
    let sign = (minus as u64) << 63;
    Some((f64::from_bits(value.to_bits() ^ sign), form))
}

/// What the standard library makes of a text that is known to be a number.
#[cold]
fn parse(s: &[u8], point: u8) -> Option<f64> {
    let text = std::str::from_utf8(s).ok()?;
    if point == b'.' {
        text.parse().ok()
    } else {
        text.replace(point as char, ".").parse().ok()
    }
}

/// A trimmed boolean.
#[inline]
pub(super) fn boolean(s: &[u8]) -> Option<bool> {
    match s {
        b"true" | b"True" | b"TRUE" => Some(true),
        b"false" | b"False" | b"FALSE" => Some(false),
        _ => None,
    }
}

/// The spellings of a missing value.
pub(super) struct Missing {
    spellings: Vec<Vec<u8>>,
    /// The empty field is one.
    empty: bool,
    /// A bit for each length up to 63: which lengths there are.
    lengths: u64,
    /// A number is one, so that the spellings come before numbers.
    numeric: bool,
    boolean: bool,
}

impl Missing {
    pub(super) fn new(options: &CsvOptions) -> Self {
        let spellings: Vec<Vec<u8>> = options.missing.iter().map(|s| s.clone().into()).collect();
        let point = if options.decimal_comma { b',' } else { b'.' };
        Missing {
            empty: spellings.iter().any(Vec::is_empty),
            lengths: spellings.iter().fold(0, |l, s| l | 1 << s.len().min(63)),
            numeric: spellings.iter().any(|s| number(s, point).is_some()),
            boolean: spellings
                .iter()
                .any(|s| boolean(s).is_some() || matches!(s.as_slice(), b"0" | b"1")),
            spellings,
        }
    }

    /// No spelling at all.
    pub(super) fn none() -> Self {
        Missing {
            spellings: Vec::new(),
            empty: false,
            lengths: 0,
            numeric: false,
            boolean: false,
        }
    }

    /// Whether a trimmed text is a spelling.
    #[inline]
    pub(super) fn contains(&self, s: &[u8]) -> bool {
        if s.is_empty() {
            return self.empty;
        }
        self.lengths >> s.len().min(63) & 1 == 1 && self.spellings.iter().any(|m| m == s)
    }

    pub(super) fn numeric(&self) -> bool {
        self.numeric
    }

    pub(super) fn boolean(&self) -> bool {
        self.boolean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(s: &str) -> Option<(f64, Form)> {
        number(s.as_bytes(), b'.')
    }

    #[test]
    fn what_is_a_number_and_of_which_form() {
        for (text, expected, form) in [
            ("0", 0.0, Form::Whole),
            ("-12", -12.0, Form::Whole),
            ("+5", 5.0, Form::Whole),
            ("9007199254740992", 9007199254740992.0, Form::Whole),
            ("9007199254740993", 9007199254740992.0, Form::Digits),
            ("00", 0.0, Form::Digits),
            ("-01234", -1234.0, Form::Digits),
            ("99999999999999999999999", 1e23, Form::Digits),
            ("1.", 1.0, Form::Decimal),
            (".5", 0.5, Form::Decimal),
            ("1e3", 1000.0, Form::Decimal),
            ("1E-3", 0.001, Form::Decimal),
            ("2e+2", 200.0, Form::Decimal),
            ("1e400", f64::INFINITY, Form::Decimal),
            ("-1e400", f64::NEG_INFINITY, Form::Decimal),
            ("1e-400", 0.0, Form::Decimal),
            ("1e999999999999999999999", f64::INFINITY, Form::Decimal),
            ("0.1", 0.1, Form::Decimal),
            ("123456789.123456789", 123456789.12345679, Form::Decimal),
            ("1.7976931348623157e308", f64::MAX, Form::Decimal),
            ("5e-324", 5e-324, Form::Decimal),
        ] {
            let (v, f) = value(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(v.to_bits(), expected.to_bits(), "{text}: {v}");
            assert_eq!(f, form, "{text}");
        }
        assert_eq!(value("-0").unwrap().0.to_bits(), (-0.0f64).to_bits());
        for text in [
            "", "-", "+", ".", "-.", "e5", "1e", "1e+", "1.5.2", "1,5", "1_000", "0x1F", "inf",
            "nan", "1 2", "--1", "1-", "½", "1\0", "infinity", "1e5.0",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn a_decimal_comma_replaces_the_point() {
        assert_eq!(number(b"-1,5", b','), Some((-1.5, Form::Decimal)));
        assert_eq!(number(b"1.5", b','), None);
        let long = number(b"0,1234567890123456789", b',').unwrap().0;
        assert_eq!(long.to_bits(), 0.12345678901234568f64.to_bits());
    }

    #[test]
    fn short_numbers_are_numbers() {
        let behind = [&b"0000000000000000"[..], b",.5-e99999999999", &[0xff; 16]];
        let check = |text: &[u8], point: u8| {
            for behind in behind {
                let long = [text, behind].concat();
                let bits = |v: Option<(f64, Form)>| v.map(|(v, f)| (v.to_bits(), f));
                if let Some(short) = short_number(&long, text.len(), point) {
                    assert_eq!(bits(Some(short)), bits(number(text, point)), "{text:?}");
                }
            }
        };
        // All texts of four characters around what matters, alone and inside longer ones.
        let alphabet = b"0159.,-+e /:\x00\xb0";
        for i in 0..alphabet.len().pow(4) {
            let text: Vec<u8> = (0..4)
                .map(|k| alphabet[i / alphabet.len().pow(k) % alphabet.len()])
                .collect();
            for n in 0..=4 {
                check(&text[..n], b'.');
            }
            check(&[&text[..2], b"204", &text[2..]].concat(), b',');
            check(&[&text[..2], b"2040371", &text[2..]].concat(), b'.');
            check(&[&text[..1], b"204.03719999", &text[1..]].concat(), b'.');
        }
        for text in [
            "-7",
            "12.5",
            "00012",
            "9007199254740992",
            "0.12345678901234",
            "-123456789.25",
        ] {
            let long = format!("{text},next field and more");
            let short = short_number(long.as_bytes(), text.len(), b'.');
            assert_eq!(short, value(text), "{text}");
            assert!(short.is_some());
        }
        assert_eq!(short_number(b"9007199254740993", 16, b'.'), None);
        assert_eq!(short_number(b"1,2", 1, b'.'), None);
    }

    proptest! {
        #[test]
        fn any_short_number_is_what_the_standard_library_reads(s in "-?[0-9]{0,16}\\.?[0-9]{0,16}", behind in "[0-9.,]{16}") {
            let long = format!("{s}{behind}");
            if let Some((v, _)) = short_number(long.as_bytes(), s.len(), b'.') {
                prop_assert_eq!(Some(v.to_bits()), s.parse::<f64>().ok().map(f64::to_bits));
            }
        }

        #[test]
        fn every_accepted_text_is_what_the_standard_library_reads(s in "[+-]?[0-9]{0,22}\\.?[0-9]{0,22}([eE][+-]?[0-9]{0,3})?") {
            let ours = value(&s).map(|(v, _)| v.to_bits());
            prop_assert_eq!(ours, s.parse::<f64>().ok().map(f64::to_bits));
        }

        #[test]
        fn any_double_is_read_back(bits: u64) {
            let v = f64::from_bits(bits);
            prop_assume!(v.is_finite());
            prop_assert_eq!(value(&format!("{v:?}")).unwrap().0.to_bits(), bits);
            prop_assert_eq!(value(&format!("{v:e}")).unwrap().0.to_bits(), bits);
        }

        #[test]
        fn any_text_is_a_number_only_if_the_standard_library_says_so(s in ".{0,12}") {
            if let Some((v, _)) = value(&s) {
                prop_assert_eq!(v.to_bits(), s.parse::<f64>().unwrap().to_bits());
            }
        }
    }
}
