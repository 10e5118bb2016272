//! From the cells of a column to its values: the kind is found while reading.

use std::borrow::Cow;

use super::CsvOptions;
use super::number::{Form, Missing, boolean, number, short_number, trim};
use super::scan::{Cell, Fault, unquoted};
use super::texts::{Seed, Texts, key, short_key};
use crate::table::{ColumnKind, LARGEST_INTEGER};

/// What is wanted of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Nothing: it has been read before.
    Skip,
    /// Values of the narrowest kind that fits.
    Infer,
    /// Values of the narrowest kind that fits, which is known to be categorical.
    Text,
    /// Values of this kind, and nothing else.
    Given(ColumnKind),
}

/// What every column needs to know.
pub(super) struct Rules {
    pub(super) missing: Missing,
    pub(super) point: u8,
    pub(super) quote: u8,
    pub(super) seed: Seed,
    /// Rows a chunk seems to have.
    pub(super) rows: usize,
}

impl Rules {
    pub(super) fn new(options: &CsvOptions) -> Self {
        Rules {
            missing: Missing::new(options),
            point: if options.decimal_comma { b',' } else { b'.' },
            quote: options.quote.unwrap_or_default(),
            seed: Seed::new(),
            rows: 0,
        }
    }
}

/// Cells of one column in a block.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) data: &'a [u8],
    /// The byte cells count from.
    pub(super) base: usize,
    pub(super) cells: &'a [Cell],
    pub(super) width: usize,
    pub(super) rows: usize,
    pub(super) column: usize,
}

impl<'a> Block<'a> {
    #[inline]
    fn cell(&self, row: usize) -> (&'a [u8], Cell) {
        let cell = self.cells[row * self.width + self.column];
        let start = self.base + cell.start();
        (&self.data[start..start + cell.len()], cell)
    }

    /// The data from a cell on.
    #[inline]
    fn from(&self, row: usize) -> &'a [u8] {
        &self.data[self.at(row)..]
    }

    #[inline]
    fn length(&self, row: usize) -> usize {
        self.cells[row * self.width + self.column].len()
    }

    #[inline]
    fn content(&self, row: usize, quote: u8) -> (Cow<'a, [u8]>, Cell) {
        let (raw, cell) = self.cell(row);
        if cell.doubled() {
            return (Cow::Owned(unquoted(raw, quote)), cell);
        }
        (Cow::Borrowed(raw), cell)
    }

    fn at(&self, row: usize) -> usize {
        self.base + self.cells[row * self.width + self.column].start()
    }

    #[cold]
    fn fault(&self, row: usize, reason: impl Into<String>) -> Box<Fault> {
        Fault::new(self.at(row), Some(self.column), self.cell(row).0, reason)
    }
}

/// Numbers of a column, and what they could be.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) values: Vec<f64>,
    /// Some value is written as a whole number of which a double loses no digit.
    pub(super) whole: bool,
    /// Some value is digits of which a number loses some.
    pub(super) digits: bool,
    /// Some value has a point or an exponent.
    pub(super) decimal: bool,
    /// Where the first number beyond the largest double stands, and its text.
    pub(super) overflow: Option<(usize, String)>,
}

impl Numbers {
    #[inline]
    fn note(&mut self, form: Form) {
        match form {
            Form::Whole => self.whole = true,
            Form::Digits => self.digits = true,
            Form::Decimal => self.decimal = true,
        }
    }

    #[inline]
    fn push(&mut self, value: f64, form: Form, text: &[u8], at: usize) {
        self.note(form);
        if value.is_infinite() && self.overflow.is_none() {
            self.overflow = Some((at, String::from_utf8_lossy(text).into_owned()));
        }
        self.values.push(value);
    }
}

/// The values of a column in a chunk of the file.
pub(super) enum Part {
    Skipped,
    /// Only missing values so far; some of them in quotes, which a categorical column takes as texts.
    Missing {
        rows: usize,
        quoted: bool,
    },
    Numbers(Numbers),
    Booleans(Vec<Option<bool>>),
    Texts(Texts),
    /// Not all numbers, not all booleans: to be read again as texts.
    Mixed,
}

impl Part {
    pub(super) fn new(want: Want, seed: Seed) -> Self {
        match want {
            Want::Skip => Part::Skipped,
            Want::Infer => Part::Missing {
                rows: 0,
                quoted: false,
            },
            Want::Text | Want::Given(ColumnKind::Categorical) => Part::Texts(Texts::new(seed)),
            Want::Given(ColumnKind::Boolean) => Part::Booleans(Vec::new()),
            Want::Given(ColumnKind::Float | ColumnKind::Integer) => {
                Part::Numbers(Numbers::default())
            }
        }
    }

    /// Appends a block.
    pub(super) fn read(
        &mut self,
        block: Block<'_>,
        want: Want,
        rules: &Rules,
    ) -> Result<(), Box<Fault>> {
        if let Want::Given(kind) = want {
            return match self {
                Part::Numbers(numbers) => given_numbers(numbers, block, kind, rules),
                Part::Booleans(values) => given_booleans(values, block, rules),
                Part::Texts(texts) => {
                    read_texts(texts, block, rules);
                    Ok(())
                }
                _ => Ok(()),
            };
        }
        let mut row = 0;
        while row < block.rows {
            row = match self {
                Part::Skipped | Part::Mixed => return Ok(()),
                Part::Texts(texts) => {
                    read_texts(texts, block, rules);
                    return Ok(());
                }
                Part::Missing { rows, quoted } => {
                    let at = skip_missing(block, row, quoted, rules);
                    *rows += at - row;
                    if at < block.rows {
                        let (text, _) = block.cell(at);
                        let text = trim(text);
                        let before = *rows;
                        *self = if number(text, rules.point).is_some() {
                            let mut values = Vec::with_capacity(rules.rows.max(before));
                            values.resize(before, f64::NAN);
                            Part::Numbers(Numbers {
                                values,
                                ..Numbers::default()
                            })
                        } else if boolean(text).is_some() {
                            Part::Booleans(vec![None; before])
                        } else if *quoted {
                            // What seemed missing may be quoted text.
                            Part::Mixed
                        } else {
                            let mut texts = Texts::new(rules.seed);
                            (0..before - at).for_each(|_| texts.push_missing());
                            // The rows before in this block are read with the rest.
                            Part::Texts(texts)
                        };
                    }
                    at
                }
                Part::Numbers(numbers) => {
                    let at = read_numbers(numbers, block, row, rules);
                    if at < block.rows {
                        *self = Part::Mixed;
                    }
                    at
                }
                Part::Booleans(values) => {
                    let at = read_booleans(values, block, row, rules);
                    if at < block.rows {
                        *self = Part::Mixed;
                    }
                    at
                }
            };
        }
        Ok(())
    }
}

impl Part {
    /// Appends the same column of the next chunk. `rows` is how many rows there will be, as far as is known.
    pub(super) fn append(&mut self, next: Part, rows: usize, rules: &Rules) {
        // The first chunk is taken as it is if it is the only one.
        if rows == 0 && self.is_new() {
            *self = next;
            return;
        }
        match (&mut *self, next) {
            (Part::Skipped, _) | (_, Part::Skipped) | (Part::Mixed, _) => {}
            (Part::Numbers(all), Part::Numbers(next)) => {
                all.whole |= next.whole;
                all.digits |= next.digits;
                all.decimal |= next.decimal;
                all.overflow = all.overflow.take().or(next.overflow);
                expect(&mut all.values, rows);
                all.values.extend_from_slice(&next.values);
            }
            (Part::Numbers(all), Part::Missing { rows, .. }) => {
                all.values.resize(all.values.len() + rows, f64::NAN);
            }
            (Part::Booleans(all), Part::Booleans(next)) => {
                expect(all, rows);
                all.extend_from_slice(&next);
            }
            (Part::Booleans(all), Part::Missing { rows, .. }) => {
                all.resize(all.len() + rows, None);
            }
            (Part::Texts(all), Part::Texts(next)) => {
                expect(all.codes_mut(), rows);
                all.append(&next);
            }
            (
                Part::Texts(all),
                Part::Missing {
                    rows,
                    quoted: false,
                },
            ) => (0..rows).for_each(|_| all.push_missing()),
            (
                Part::Missing {
                    rows: before,
                    quoted,
                },
                next,
            ) => {
                let (before, quoted) = (*before, *quoted);
                *self = match &next {
                    Part::Missing {
                        rows: more,
                        quoted: also,
                    } => {
                        *self = Part::Missing {
                            rows: before + more,
                            quoted: quoted || *also,
                        };
                        return;
                    }
                    Part::Numbers(_) => Part::Numbers(Numbers {
                        values: vec![f64::NAN; before],
                        ..Numbers::default()
                    }),
                    Part::Booleans(_) => Part::Booleans(vec![None; before]),
                    Part::Texts(_) if !quoted => {
                        let mut texts = Texts::new(rules.seed);
                        (0..before).for_each(|_| texts.push_missing());
                        Part::Texts(texts)
                    }
                    _ => Part::Mixed,
                };
                self.append(next, rows.max(1), rules);
            }
            _ => *self = Part::Mixed,
        }
    }

    /// Nothing has been read.
    fn is_new(&self) -> bool {
        match self {
            Part::Skipped | Part::Mixed => false,
            Part::Missing { rows, .. } => *rows == 0,
            Part::Numbers(numbers) => numbers.values.is_empty(),
            Part::Booleans(values) => values.is_empty(),
            Part::Texts(texts) => texts.len() == 0,
        }
    }
}

/// Makes room for all rows at once.
fn expect<T>(values: &mut Vec<T>, rows: usize) {
    if values.capacity() < rows {
        values.reserve_exact(rows - values.len());
        crate::parallel::advise_huge_pages(values.spare_capacity_mut());
    }
}

/// The first row from `row` on that is not missing.
fn skip_missing(block: Block<'_>, row: usize, quoted: &mut bool, rules: &Rules) -> usize {
    for row in row..block.rows {
        let (text, cell) = block.cell(row);
        if !rules.missing.contains(trim(text)) {
            return row;
        }
        *quoted |= cell.quoted();
    }
    block.rows
}

/// Reads numbers from `row` on; the first row that is neither a number nor missing.
fn read_numbers(numbers: &mut Numbers, block: Block<'_>, row: usize, rules: &Rules) -> usize {
    numbers.values.reserve(block.rows - row);
    let simple = !rules.missing.numeric();
    for row in row..block.rows {
        if simple
            && let Some((value, form)) =
                short_number(block.from(row), block.length(row), rules.point)
        {
            numbers.note(form);
            numbers.values.push(value);
            continue;
        }
        let text = trim(block.cell(row).0);
        if rules.missing.numeric() && rules.missing.contains(text) {
            numbers.values.push(f64::NAN);
        } else if let Some((value, form)) = number(text, rules.point) {
            numbers.push(value, form, text, block.at(row));
        } else if rules.missing.contains(text) {
            numbers.values.push(f64::NAN);
        } else {
            return row;
        }
    }
    block.rows
}

/// Reads booleans from `row` on; the first row that is neither a boolean nor missing.
fn read_booleans(
    values: &mut Vec<Option<bool>>,
    block: Block<'_>,
    row: usize,
    rules: &Rules,
) -> usize {
    values.reserve(block.rows - row);
    let simple = !rules.missing.boolean();
    let spellings = |s: [&[u8]; 3]| s.map(key);
    let yes = spellings([b"true", b"True", b"TRUE"]);
    let no = spellings([b"false", b"False", b"FALSE"]);
    for row in row..block.rows {
        // Which of the two it is decides no branch.
        if simple && let Some(key) = short_key(block.from(row), block.length(row)) {
            let is = |s: [u64; 3]| (s[0] == key) | (s[1] == key) | (s[2] == key);
            let value = is(yes);
            if value | is(no) {
                values.push(Some(value));
                continue;
            }
        }
        let text = trim(block.cell(row).0);
        match boolean(text) {
            value @ Some(_) if !rules.missing.boolean() || !rules.missing.contains(text) => {
                values.push(value);
            }
            _ if rules.missing.contains(text) => values.push(None),
            _ => return row,
        }
    }
    block.rows
}

fn read_texts(texts: &mut Texts, block: Block<'_>, rules: &Rules) {
    texts.reserve(block.rows);
    for row in 0..block.rows {
        let (text, cell) = block.cell(row);
        if !cell.doubled()
            && let Some(key) = short_key(block.from(row), cell.len())
        {
            texts.push_short(text, key, cell.quoted(), block.at(row), &rules.missing);
        } else if cell.doubled() {
            let (text, _) = block.content(row, rules.quote);
            texts.push(&text, true, block.at(row), &rules.missing);
        } else {
            texts.push(text, cell.quoted(), block.at(row), &rules.missing);
        }
    }
}

fn given_numbers(
    numbers: &mut Numbers,
    block: Block<'_>,
    kind: ColumnKind,
    rules: &Rules,
) -> Result<(), Box<Fault>> {
    let mut row = 0;
    while row < block.rows {
        let from = numbers.values.len();
        let end = read_numbers(numbers, block, row, rules);
        let values = &numbers.values[from..];
        // What has been read so far comes before the row that could not be read.
        if let Some(at) = values.iter().position(|v| v.is_infinite()) {
            let reason = "the number is beyond the largest 64-bit floating-point number";
            return Err(block.fault(row + at, reason));
        }
        if kind == ColumnKind::Integer {
            let whole = |v: &f64| v.is_nan() || v.fract() == 0.0 && v.abs() <= LARGEST_INTEGER;
            let exact = |row: usize, v: &f64| {
                v.abs() < LARGEST_INTEGER || is_largest(trim(block.cell(row).0))
            };
            for (i, v) in values.iter().enumerate() {
                if !whole(v) || !v.is_nan() && !exact(row + i, v) {
                    let reason = if v.fract() == 0.0 {
                        "the whole number is beyond 2^53; read the column as categorical to keep its digits"
                    } else {
                        "not a whole number"
                    };
                    return Err(block.fault(row + i, reason));
                }
            }
        }
        if end < block.rows {
            let text = trim(block.cell(end).0);
            return Err(block.fault(end, not_a_number(text, kind, rules.point)));
        }
        row = end;
    }
    Ok(())
}

/// Exactly 2^53, and not a larger number that was rounded to it.
fn is_largest(text: &[u8]) -> bool {
    let digits = text
        .strip_prefix(b"-")
        .or(text.strip_prefix(b"+"))
        .unwrap_or(text);
    let first = digits.iter().position(|b| *b != b'0').unwrap_or(0);
    &digits[first..] == b"9007199254740992"
}

fn not_a_number(text: &[u8], kind: ColumnKind, point: u8) -> String {
    let what = match kind {
        ColumnKind::Integer => "not a whole number",
        _ => "not a number",
    };
    let lower = text.to_ascii_lowercase();
    let bare = lower.strip_prefix(b"-").unwrap_or(&lower);
    let hint = if text.contains(&0) {
        "; it holds a NUL byte"
    } else if point == b'.' && number(text, b',').is_some() {
        "; for a decimal comma set `decimal_comma`"
    } else if point == b',' && number(text, b'.').is_some() {
        "; `decimal_comma` is set"
    } else if matches!(bare, b"inf" | b"infinity") {
        "; infinite values are not read"
    } else if matches!(bare, b"nan" | b"na" | b"null" | b"none" | b"") {
        "; it is not among the spellings of `missing`"
    } else {
        ""
    };
    format!("{what}{hint}")
}

fn given_booleans(
    values: &mut Vec<Option<bool>>,
    block: Block<'_>,
    rules: &Rules,
) -> Result<(), Box<Fault>> {
    values.reserve(block.rows);
    for row in 0..block.rows {
        let text = trim(block.cell(row).0);
        let value = match text {
            b"1" => Some(true),
            b"0" => Some(false),
            _ => boolean(text),
        };
        match value {
            Some(_) if !rules.missing.boolean() || !rules.missing.contains(text) => {
                values.push(value);
            }
            _ if rules.missing.contains(text) => values.push(None),
            _ => return Err(block.fault(row, "not a boolean (true, false, 1 or 0)")),
        }
    }
    Ok(())
}
