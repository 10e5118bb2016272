//! Where records and fields begin and end.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use super::CsvOptions;

/// Longest field that a [`Cell`] can hold.
pub(super) const LONGEST_FIELD: usize = (1 << 30) - 1;
/// Longest record: a block of cells counts from its first byte in 32 bits.
const LONGEST_RECORD: usize = u32::MAX as usize - LONGEST_FIELD;
/// Bytes of a block after which no further record is begun.
const BLOCK_BYTES: usize = 1 << 22;

/// A field: where it begins in its block and how long it is, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    start: u32,
    length: u32,
}

impl Cell {
    const QUOTED: u32 = 1 << 31;
    const DOUBLED: u32 = 1 << 30;

    /// Both are less than 2^32: a block ends after `BLOCK_BYTES`, its last record before [`LONGEST_RECORD`], and a field
    /// is no longer than [`LONGEST_FIELD`] once the record is accepted.
    #[inline]
    #[allow(clippy::cast_possible_truncation)]
    fn plain(start: usize, end: usize) -> Self {
        Cell {
            start: start as u32,
            length: (end - start) as u32,
        }
    }

    #[inline]
    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        (self.length & !(Self::QUOTED | Self::DOUBLED)) as usize
    }

    /// The field stood in quotes.
    #[inline]
    pub(super) fn quoted(self) -> bool {
        self.length & Self::QUOTED != 0
    }

    /// The field holds doubled quotes, which stand for one.
    #[inline]
    pub(super) fn doubled(self) -> bool {
        self.length & Self::DOUBLED != 0
    }
}

/// A fault in the file: at which byte, in which column, what stands there and why it cannot be.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) column: Option<usize>,
    pub(super) text: String,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(
        at: usize,
        column: Option<usize>,
        text: &[u8],
        reason: impl Into<String>,
    ) -> Box<Self> {
        // What a reader of the message sees: a few characters, whatever the bytes.
        let shown = &text[..text.len().min(4 * 41)];
        Box::new(Fault {
            at,
            column,
            text: crate::error::shorten(&String::from_utf8_lossy(shown)),
            reason: reason.into(),
        })
    }
}

/// The positions of delimiters, quotes and line ends, in order.
struct Marks<'a> {
    data: &'a [u8],
    bytes: [u8; 4],
    base: usize,
    /// Bit `i`: the byte at `base + i` is one of `bytes`, and has not been handed out.
    mask: u64,
}

impl<'a> Marks<'a> {
    fn new(data: &'a [u8], bytes: [u8; 4], at: usize) -> Self {
        let mut marks = Marks {
            data,
            bytes,
            base: at,
            mask: 0,
        };
        marks.load();
        marks
    }

    #[inline]
    fn load(&mut self) {
        let rest = self.data.get(self.base..).unwrap_or_default();
        self.mask = match rest.first_chunk::<64>() {
            Some(window) => self.find(window),
            None => {
                // Zero is none of the special bytes.
                let mut window = [0; 64];
                window[..rest.len()].copy_from_slice(rest);
                self.find(&window)
            }
        };
    }

    /// Compares 64 bytes at once, which compiles to vector instructions, then gathers 8 bits a multiplication.
    #[inline]
    fn find(&self, window: &[u8; 64]) -> u64 {
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let [a, b, c, d] = self.bytes;
        let mut hits = [0u8; 64];
        for (hit, &byte) in hits.iter_mut().zip(window) {
            *hit = u8::from((byte == a) | (byte == b) | (byte == c) | (byte == d));
        }
        let mut mask = 0;
        let (words, _) = hits.as_chunks::<8>();
        for (i, word) in words.iter().enumerate() {
            mask |= (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56) << (8 * i);
        }
        mask
    }

    /// The next position, and forgets it.
    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            self.base += 64;
            if self.base >= self.data.len() {
                return None;
            }
            self.load();
        }
        let position = self.base + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(position)
    }

    /// Forgets everything before `at`.
    #[inline]
    fn seek(&mut self, at: usize) {
        if at < self.base + 64 {
            self.mask &= u64::MAX << (at - self.base);
        } else {
            self.base = at;
            self.load();
        }
    }
}

/// What a block of records gave.
pub(super) struct Split {
    /// The byte its cells count from.
    pub(super) base: usize,
    /// Complete records. Cells beyond them belong to the faulty one.
    pub(super) rows: usize,
    /// What stopped it.
    pub(super) fault: Option<Box<Fault>>,
}

/// Splits records into cells, from a position that begins a record.
pub(super) struct Scanner<'a> {
    data: &'a [u8],
    marks: Marks<'a>,
    position: usize,
    delimiter: u8,
    quote: Option<u8>,
    comment: Option<u8>,
    longest: usize,
    /// Cells every record must have.
    width: Option<usize>,
    /// Cells of a record that are kept; the others are counted.
    most: usize,
    /// Cells of the last record that were not kept.
    surplus: usize,
    core: Reader,
    scratch: Vec<u8>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(
        data: &'a [u8],
        options: &CsvOptions,
        at: usize,
        width: Option<usize>,
    ) -> Self {
        let quote = options.quote.unwrap_or(options.delimiter);
        Scanner {
            data,
            marks: Marks::new(data, [options.delimiter, quote, b'\n', b'\r'], at),
            position: at,
            delimiter: options.delimiter,
            quote: options.quote,
            comment: options.comment,
            longest: options.max_field_bytes,
            width,
            most: width.unwrap_or(options.max_columns),
            surplus: 0,
            core: ReaderBuilder::new()
                .delimiter(options.delimiter)
                .quote(quote)
                .build(),
            scratch: Vec::new(),
        }
    }

    /// Where the next line begins.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Cells of the last record beyond those that are kept.
    pub(super) fn surplus(&self) -> usize {
        self.surplus
    }

    /// Appends the cells of up to `rows` records that begin before `until`.
    pub(super) fn block(&mut self, cells: &mut Vec<Cell>, rows: usize, until: usize) -> Split {
        let base = self.position;
        let until = until.min(base.saturating_add(BLOCK_BYTES));
        let mut split = Split {
            base,
            rows: 0,
            fault: None,
        };
        while split.rows < rows && self.position < until {
            let start = self.position;
            match self.record(cells, base) {
                Ok(0) => {}
                Ok(got) if self.width.is_none_or(|width| got == width) => split.rows += 1,
                Ok(got) => {
                    let fields = |n: usize| format!("{n} field{}", if n == 1 { "" } else { "s" });
                    let expected = fields(self.width.unwrap_or_default());
                    let reason = format!("expected {expected}, found {}", fields(got));
                    split.fault = Some(Fault::new(start, None, self.line(start), reason));
                    break;
                }
                Err(fault) => {
                    split.fault = Some(fault);
                    break;
                }
            }
        }
        split
    }

    /// The text up to the next line end, for messages.
    fn line(&self, start: usize) -> &'a [u8] {
        let rest = &self.data[start..];
        let shown = &rest[..rest.len().min(200)];
        let end = shown.iter().position(|b| matches!(b, b'\n' | b'\r'));
        &shown[..end.unwrap_or(shown.len())]
    }

    /// Appends the cells of the record at the position, at most `most`, and says how many there are; none for an empty line
    /// or a comment.
    #[inline]
    fn record(&mut self, cells: &mut Vec<Cell>, base: usize) -> Result<usize, Box<Fault>> {
        let start = self.position;
        let first = cells.len();
        if self.comment.is_some() && self.data.get(start).copied() == self.comment {
            self.skip_line();
            return Ok(0);
        }
        let mut field = start;
        self.surplus = 0;
        let end = loop {
            let Some(at) = self.marks.next() else {
                // The last line need not end.
                if field == self.data.len() && cells.len() == first {
                    self.position = self.data.len();
                    return Ok(0);
                }
                cells.push(Cell::plain(field - base, self.data.len() - base));
                self.position = self.data.len();
                break self.data.len();
            };
            let byte = self.data[at];
            if byte == self.delimiter {
                cells.push(Cell::plain(field - base, at - base));
                field = at + 1;
                if cells.len() - first > self.most {
                    cells.pop();
                    self.surplus += 1;
                }
            } else if Some(byte) == self.quote {
                if at == field {
                    let (cell, after) = self.quoted(field, base, cells.len() - first)?;
                    cells.push(cell);
                    self.fits(start, after)?;
                    self.marks.seek(after);
                    match self.data.get(after) {
                        Some(&b) if b == self.delimiter => {
                            self.marks.seek(after + 1);
                            field = after + 1;
                            if cells.len() - first > self.most {
                                cells.pop();
                                self.surplus += 1;
                            }
                        }
                        Some(_) => {
                            self.end_line(after);
                            break after;
                        }
                        None => {
                            self.position = after;
                            break after;
                        }
                    }
                }
            } else {
                let empty = cells.len() == first && field == at;
                if !empty {
                    cells.push(Cell::plain(field - base, at - base));
                }
                self.end_line(at);
                if empty {
                    return Ok(0);
                }
                break at;
            }
        };
        self.fits(start, end)?;
        if end - start > self.longest
            && let Some((column, cell)) = cells[first..]
                .iter()
                .enumerate()
                .find(|(_, c)| !c.quoted() && c.len() > self.longest)
        {
            let at = base + cell.start();
            let reason = format!(
                "the field has {} bytes, the limit is {}",
                cell.len(),
                self.longest
            );
            return Err(Fault::new(
                at,
                Some(column),
                &self.data[at..at + cell.len()],
                reason,
            ));
        }
        Ok(cells.len() - first + self.surplus)
    }

    /// A record is short enough for the positions in its cells.
    #[inline]
    fn fits(&self, start: usize, at: usize) -> Result<(), Box<Fault>> {
        // The block has begun at most `BLOCK_BYTES` earlier.
        if at - start > LONGEST_RECORD - BLOCK_BYTES {
            let reason = format!(
                "the record is longer than {} bytes",
                LONGEST_RECORD - BLOCK_BYTES
            );
            return Err(Fault::new(start, None, self.line(start), reason));
        }
        Ok(())
    }

    /// The next line begins after the line end at `at`.
    #[inline]
    fn end_line(&mut self, at: usize) {
        let crlf = self.data[at] == b'\r' && self.data.get(at + 1) == Some(&b'\n');
        self.position = at + 1 + usize::from(crlf);
        self.marks.seek(self.position);
    }

    fn skip_line(&mut self) {
        loop {
            match self.marks.next() {
                Some(at) if matches!(self.data[at], b'\n' | b'\r') => return self.end_line(at),
                Some(_) => {}
                None => {
                    self.position = self.data.len();
                    return;
                }
            }
        }
    }

    /// The quoted field at `start`, and the position after its closing quote: a delimiter, a line end or the end of the
    /// data. `csv_core` says where it ends; what it lets pass is refused here.
    fn quoted(
        &mut self,
        start: usize,
        base: usize,
        column: usize,
    ) -> Result<(Cell, usize), Box<Fault>> {
        let rest = &self.data[start..];
        // Every byte of the field may be a doubled quote; then quotes around, and what ends it.
        let window = &rest[..rest.len().min(self.longest.saturating_mul(2) + 3)];
        self.scratch.resize(4096, 0);
        self.core.reset();
        let (mut read, mut written) = (0, 0);
        let ended = loop {
            let (result, nin, nout) = self.core.read_field(&window[read..], &mut self.scratch);
            read += nin;
            written += nout;
            match result {
                ReadFieldResult::Field { .. } => break true,
                ReadFieldResult::OutputFull if written <= self.longest => {}
                _ => break false,
            }
        };
        let raw = &window[..if ended { read - 1 } else { read }];
        let quote = rest[0];
        let quotes = raw.iter().filter(|b| **b == quote).count();
        // All that is not content: the quotes around, and one of each pair inside.
        let closed = raw.len() > 1
            && raw.last() == Some(&quote)
            && quotes % 2 == 0
            && written == raw.len() - 2 - (quotes - 2) / 2;
        if written > self.longest {
            let reason = format!(
                "the field is longer than the limit of {} bytes; is the quote that opens it closed?",
                self.longest
            );
            return Err(Fault::new(start, Some(column), rest, reason));
        }
        if !closed {
            // With an even number of quotes the last field ended earlier, and text follows its closing quote.
            let reason = if quotes % 2 == 1 && !ended {
                "the quote that opens this field is never closed"
            } else {
                "text follows the closing quote; a quote inside a quoted field is written twice"
            };
            return Err(Fault::new(start, Some(column), self.line(start), reason));
        }
        let mut cell = Cell::plain(start + 1 - base, start + raw.len() - 1 - base);
        cell.length |= Cell::QUOTED;
        if quotes > 2 {
            cell.length |= Cell::DOUBLED;
        }
        Ok((cell, start + raw.len()))
    }
}

/// What a field with doubled quotes says.
pub(super) fn unquoted(raw: &[u8], quote: u8) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        text.push(byte);
        if byte == quote {
            bytes.next();
        }
    }
    text
}
