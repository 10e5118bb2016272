//! From the bytes of a file to a table, in parallel chunks.
//!
//! Chunks are of a size that depends on the file alone. Where one may begin is guessed from the number of quotes before it
//! and confirmed afterwards: a chunk counts only if the one before it ended exactly where it began, otherwise it is read
//! again from there. Each chunk finds the kinds of its columns by itself; a column in which chunks disagree is read again
//! as texts. Positions are bytes; lines are counted only when there is an error to report.
//!
//! A large file is read window by window into memory that is used again: fresh memory for all of it costs more than
//! splitting it does. A window ends where a line seems to end outside of quotes. Were that a mistake, the last field would
//! not be closed: on any fault, and when the file changes meanwhile, the windows are given up and the file is read whole.

mod batches;
#[cfg(unix)]
mod windows;

use std::collections::HashSet;
use std::ops::Range;

use rayon::prelude::*;

use super::cells::{Block, Numbers, Part, Rules, Want};
use super::scan::{Cell, Fault, Scanner, unquoted};
use super::{CsvOptions, too_large};
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::parallel;
use crate::table::{Column, ColumnKind, Table};

pub use batches::CsvBatches;
#[cfg(unix)]
pub(super) use windows::read_windows;

/// Bytes of a chunk, if its records are not longer than usual.
const CHUNK: usize = 1 << 19;
/// Chunks of a wave for each thread.
const CHUNKS_A_THREAD: usize = 4;
/// Bytes looked at before anything else, to know which columns are texts.
const SAMPLE: usize = 1 << 15;
/// Cells split before their values are read.
const CELLS: usize = 1 << 13;

/// A chunk of the file, read.
struct Chunk {
    /// Where the next chunk begins.
    end: usize,
    rows: usize,
    parts: Vec<Part>,
}

/// All chunks read so far, each column in one piece.
struct Chunks {
    /// Where each chunk begins and ends, and how many rows it has.
    ranges: Vec<(usize, usize, usize)>,
    rows: usize,
    parts: Vec<Part>,
    /// The columns of chunks that are still to be appended.
    waiting: Vec<Vec<Part>>,
}

/// The file and what is known about it.
struct Source<'a> {
    data: &'a [u8],
    options: &'a CsvOptions,
    rules: Rules,
    names: Vec<String>,
    /// Where the first row begins.
    first: usize,
    /// Bytes of the first record, and where it ends.
    record: usize,
    opened: usize,
    /// Rows there seem to be, from the sample.
    rows: usize,
    /// Lines of the file before the data.
    lines: u64,
}

pub(super) fn read(options: &CsvOptions, data: &[u8]) -> Result<Table> {
    if data.starts_with(&[0xff, 0xfe]) || data.starts_with(&[0xfe, 0xff]) {
        return Err(at_line(1, None, "", "the file is UTF-16; save it as UTF-8"));
    }
    let start = if data.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let mut source = Source::open(options, data, start)?;
    let mut wants = source.wants()?;
    source.sample(&mut wants, data.len());
    let mut chunks = source.first_pass(&wants)?;
    if chunks.rows > options.max_rows {
        let limit = options.max_rows as u64;
        return Err(too_large("rows of the file", chunks.rows, limit));
    }
    source.second_pass(&mut chunks, &wants, &mut Whole(data))?;
    source.table(chunks, &wants)
}

/// The bytes of a file by range.
trait Ranges {
    /// The bytes of a range; `None` where they cannot be had.
    fn get(&mut self, range: Range<usize>) -> Option<&[u8]>;
}

/// All of them in memory.
struct Whole<'a>(&'a [u8]);

impl Ranges for Whole<'_> {
    fn get(&mut self, range: Range<usize>) -> Option<&[u8]> {
        self.0.get(range)
    }
}

impl Source<'_> {
    /// Looks at the first rows: columns with a text are texts all the way, others are found out chunk by chunk; and how many
    /// rows `size` bytes seem to have. Says where the sample ends.
    fn sample(&mut self, wants: &mut [Want], size: usize) -> Option<usize> {
        let until = self.first.saturating_add(SAMPLE);
        let sample = self.chunk(self.data, self.first, until, wants).ok()?;
        let read = sample.end - self.first;
        self.rows = expected(sample.rows, read, size - self.first);
        self.rules.rows = expected(sample.rows, read, CHUNK.max(self.record.saturating_mul(32)));
        for (want, part) in wants.iter_mut().zip(&sample.parts) {
            if *want == Want::Infer && matches!(part, Part::Mixed | Part::Texts(_)) {
                *want = Want::Text;
            }
        }
        Some(sample.end)
    }

    /// The table of what has been read.
    fn table(self, chunks: Chunks, wants: &[Want]) -> Result<Table> {
        let (source, rows, width) = (self, chunks.rows, wants.len());
        let finish = |(column, part): (usize, Part)| {
            let nul = wants[column] == Want::Given(ColumnKind::Categorical);
            let kind = match wants[column] {
                Want::Given(kind) => Some(kind),
                _ => None,
            };
            finish(part, kind, column, nul)
        };
        let several = chunks.ranges.len() > 1;
        let parts: Vec<(usize, Part)> = chunks.parts.into_iter().enumerate().collect();
        let finished: Vec<std::result::Result<Column, Box<Fault>>> = match several {
            true => parts.into_par_iter().map(finish).collect(),
            false => parts.into_iter().map(finish).collect(),
        };
        let mut columns = Vec::with_capacity(width);
        let mut first: Option<Box<Fault>> = None;
        for column in finished {
            match column {
                Ok(column) => columns.push(column),
                Err(fault) if first.as_ref().is_none_or(|f| fault.at < f.at) => first = Some(fault),
                Err(_) => {}
            }
        }
        match first {
            Some(fault) => Err(source.error(*fault)),
            None => Ok(Table::from_trusted(source.names, columns, rows)),
        }
    }
}

impl<'a> Source<'a> {
    /// Reads the header, or the width of a file without one.
    fn open(options: &'a CsvOptions, data: &'a [u8], start: usize) -> Result<Self> {
        let mut source = Source {
            data,
            options,
            rules: Rules::new(options),
            names: Vec::new(),
            first: start,
            record: 0,
            opened: 0,
            rows: 0,
            lines: 0,
        };
        let mut scanner = Scanner::new(data, options, start, None);
        let mut cells = Vec::new();
        let base = loop {
            let split = scanner.block(&mut cells, 1, data.len());
            if let Some(fault) = split.fault {
                return Err(source.error(*fault));
            }
            if split.rows == 1 {
                break split.base;
            }
            if scanner.position() >= data.len() {
                let what = "the file".into();
                return Err(ErrorKind::EmptyInput { what }.into());
            }
        };
        if cells.len() > options.max_columns || scanner.surplus() > 0 {
            let width = cells.len() + scanner.surplus();
            return Err(too_large(
                "columns of the file",
                width,
                options.max_columns as u64,
            ));
        }
        source.record = scanner.position() - base;
        source.opened = scanner.position();
        if options.has_header {
            source.first = scanner.position();
        }
        source.names = match &options.names {
            Some(names) if names.len() != cells.len() => {
                return Err(Error::shape("number of names", cells.len(), names.len()));
            }
            Some(names) => names.clone(),
            None if options.has_header => cells
                .iter()
                .enumerate()
                .map(|(i, cell)| source.name(i, *cell, base))
                .collect::<Result<_>>()?,
            None => (0..cells.len()).map(|i| format!("column_{i}")).collect(),
        };
        let mut seen = HashSet::with_capacity(source.names.len());
        for (i, name) in source.names.iter().enumerate() {
            let reason = if name.trim().is_empty() {
                format!("column {i} has no name; `names` gives names")
            } else if !seen.insert(name.as_str()) {
                format!("column {i} has the name of an earlier one; `names` gives other names")
            } else {
                continue;
            };
            let at = base + cells[i].start();
            return Err(at_line(line_of(data, at), None, name, reason));
        }
        Ok(source)
    }

    fn name(&self, column: usize, cell: Cell, base: usize) -> Result<String> {
        let at = base + cell.start();
        let raw = &self.data[at..at + cell.len()];
        let refuse = |reason: &str| {
            let fault = Fault::new(
                at,
                None,
                raw,
                format!("the name of column {column} {reason}"),
            );
            Err(self.error(*fault))
        };
        let text = if cell.doubled() {
            unquoted(raw, self.rules.quote)
        } else {
            raw.to_vec()
        };
        if text.contains(&0) {
            return refuse("holds a NUL byte; is the file UTF-16 or binary?");
        }
        match String::from_utf8(text) {
            Ok(name) => Ok(name),
            Err(_) => refuse("is not UTF-8"),
        }
    }

    /// What the options say about each column.
    fn wants(&self) -> Result<Vec<Want>> {
        let mut wants = vec![Want::Infer; self.names.len()];
        let mut given = 0;
        for (want, name) in wants.iter_mut().zip(&self.names) {
            if let Some(kind) = self.options.kinds.get(name) {
                *want = Want::Given(*kind);
                given += 1;
            }
        }
        if given < self.options.kinds.len() {
            let names: HashSet<&str> = self.names.iter().map(String::as_str).collect();
            if let Some(name) = self
                .options
                .kinds
                .keys()
                .find(|k| !names.contains(k.as_str()))
            {
                return Err(ErrorKind::UnknownColumn {
                    name: shorten(name),
                    known: self.names.clone(),
                }
                .into());
            }
        }
        Ok(wants)
    }

    /// Reads the records that begin in a range, of which the first begins at its start.
    fn chunk(
        &self,
        data: &[u8],
        start: usize,
        until: usize,
        wants: &[Want],
    ) -> std::result::Result<Chunk, Box<Fault>> {
        let width = wants.len();
        let mut parts: Vec<Part> = wants
            .iter()
            .map(|w| Part::new(*w, self.rules.seed))
            .collect();
        let until = until.min(data.len());
        let mut scanner = Scanner::new(data, self.options, start, Some(width));
        let block_rows = (CELLS / width).max(1);
        let mut cells: Vec<Cell> = Vec::with_capacity(CELLS + width);
        let mut rows = 0;
        while scanner.position() < until {
            cells.clear();
            let split = scanner.block(&mut cells, block_rows, until);
            let mut first: Option<Box<Fault>> = None;
            for (column, (part, want)) in parts.iter_mut().zip(wants).enumerate() {
                let block = Block {
                    data,
                    base: split.base,
                    cells: &cells,
                    width,
                    rows: split.rows,
                    column,
                };
                if let Err(fault) = part.read(block, *want, &self.rules)
                    && first.as_ref().is_none_or(|f| fault.at < f.at)
                {
                    first = Some(fault);
                }
            }
            if let Some(fault) = first.or(split.fault) {
                return Err(fault);
            }
            rows += split.rows;
        }
        Ok(Chunk {
            end: scanner.position(),
            rows,
            parts,
        })
    }

    /// Reads all chunks, in parallel as far as they begin where they were thought to.
    fn first_pass(&self, wants: &[Want]) -> Result<Chunks> {
        let chunks = Cut {
            first: self.first,
            size: CHUNK.max(self.record.saturating_mul(32)),
            end: self.data.len(),
        };
        let n = chunks.len();
        let quotes = parallel::map(n, |i| match self.options.quote {
            Some(quote) if i + 1 < n => count(&self.data[chunks.from(i)..chunks.until(i)], quote),
            _ => 0,
        });
        let starts = self.starts(self.data, &chunks, &quotes);
        let (mut all, mut now) = (self.no_chunks(wants), wants.to_vec());
        let mut at = self.first;
        for wave in waves(n) {
            self.wave(
                self.data, 0, &chunks, wave, &starts, &mut at, &mut all, &mut now,
            )
            .map_err(|fault| self.error(*fault))?;
        }
        self.settle(&mut all, n > 1);
        Ok(all)
    }

    fn no_chunks(&self, wants: &[Want]) -> Chunks {
        Chunks {
            ranges: Vec::new(),
            rows: 0,
            parts: (wants.iter())
                .map(|w| Part::new(*w, self.rules.seed))
                .collect(),
            waiting: Vec::new(),
        }
    }

    /// Reads some chunks of `data`, which begins at `base` in the file, while the columns of the chunks before them are
    /// appended. The first record begins at `at`, which becomes where the record after them begins. A column that turns out
    /// to need another pass is left out of the chunks to come.
    #[allow(clippy::too_many_arguments)]
    fn wave(
        &self,
        data: &[u8],
        base: usize,
        chunks: &Cut,
        wave: Range<usize>,
        starts: &[Option<usize>],
        at: &mut usize,
        all: &mut Chunks,
        now: &mut [Want],
    ) -> std::result::Result<(), Box<Fault>> {
        let several = chunks.len() > 1 || base > 0;
        let guess = |k: usize| {
            let i = wave.start + k;
            Some(self.chunk(data, starts[i]?, chunks.until(i), now))
        };
        let (guessed, ()) = rayon::join(
            || parallel::map(wave.len(), guess),
            || self.settle(all, several),
        );
        for (i, guessed) in wave.zip(guessed) {
            let chunk = match guessed {
                Some(chunk) if starts[i] == Some(*at) => chunk,
                _ if *at >= chunks.until(i) => continue,
                _ => self.chunk(data, *at, chunks.until(i), now),
            }?;
            all.ranges.push((base + *at, base + chunk.end, chunk.rows));
            *at = chunk.end;
            all.rows += chunk.rows;
            all.waiting.push(chunk.parts);
        }
        for (now, part) in now.iter_mut().zip(&all.parts) {
            if matches!(part, Part::Mixed) {
                *now = Want::Skip;
            }
        }
        Ok(())
    }

    /// Reads the columns that turned out to be texts after something else once more, as texts.
    fn second_pass(&self, all: &mut Chunks, wants: &[Want], bytes: &mut impl Ranges) -> Result<()> {
        let again: Vec<Want> = all
            .parts
            .iter()
            .zip(wants)
            .map(|(part, want)| match (part, want) {
                (_, Want::Given(_)) => Want::Skip,
                (Part::Mixed, _) => Want::Text,
                // Digits that numbers would lose, and no decimal number that says they are numbers.
                (Part::Numbers(numbers), _) if numbers.digits && !numbers.decimal => Want::Text,
                _ => Want::Skip,
            })
            .collect();
        if again.iter().all(|w| *w == Want::Skip) {
            return Ok(());
        }
        let changed = || Error::invalid_input("the file", "it changed while it was read");
        let mut parts = self.no_chunks(&again).parts;
        for wave in waves(all.ranges.len()) {
            let ranges = &all.ranges[wave];
            let (Some(&(base, ..)), Some(&(_, end, _))) = (ranges.first(), ranges.last()) else {
                continue;
            };
            let data = bytes.get(base..end).ok_or_else(changed)?;
            let chunks = parallel::map(ranges.len(), |i| {
                let (from, until, _) = ranges[i];
                self.chunk(data, from - base, until - base, &again)
            });
            let mut read = Vec::with_capacity(chunks.len());
            for (chunk, (_, _, rows)) in chunks.into_iter().zip(ranges) {
                let chunk = chunk.map_err(|mut fault| {
                    fault.at += base;
                    self.error(*fault)
                })?;
                if chunk.rows != *rows {
                    return Err(changed());
                }
                read.push(chunk.parts);
            }
            self.append(&mut parts, read, all.ranges.len() > 1);
        }
        for (part, new) in all.parts.iter_mut().zip(parts) {
            if !matches!(new, Part::Skipped) {
                *part = new;
            }
        }
        Ok(())
    }

    /// Appends what waits.
    fn settle(&self, all: &mut Chunks, several: bool) {
        let waiting = std::mem::take(&mut all.waiting);
        self.append(&mut all.parts, waiting, several);
    }

    /// Appends the columns of several chunks to what has been read before.
    fn append(&self, all: &mut [Part], chunks: Vec<Vec<Part>>, several: bool) {
        // From chunks of columns to columns of chunks.
        let mut columns: Vec<Vec<Part>> = all
            .iter()
            .map(|_| Vec::with_capacity(chunks.len()))
            .collect();
        for chunk in chunks {
            for (column, part) in columns.iter_mut().zip(chunk) {
                column.push(part);
            }
        }
        let append = |(all, parts): (&mut Part, Vec<Part>)| {
            for part in parts {
                all.append(part, if several { self.rows } else { 0 }, &self.rules);
            }
        };
        match several {
            true => all.par_iter_mut().zip(columns).for_each(append),
            false => all.iter_mut().zip(columns).for_each(append),
        }
    }

    /// Where the first record of each chunk begins, if every quote opens or closes a field; `None` where none is found.
    fn starts(&self, data: &[u8], chunks: &Cut, quotes: &[usize]) -> Vec<Option<usize>> {
        let mut before = 0;
        (0..chunks.len())
            .map(|i| {
                let inside = before % 2 == 1;
                before += quotes[i];
                if i == 0 {
                    return Some(chunks.first);
                }
                self.line_start(data, chunks.from(i), chunks.until(i), inside)
            })
            .collect()
    }

    /// The first line start at or after `from`, outside of quotes.
    fn line_start(
        &self,
        data: &[u8],
        from: usize,
        until: usize,
        mut inside: bool,
    ) -> Option<usize> {
        // A line that begins at `from` itself ended one byte earlier, and that byte is no quote.
        let ended = matches!(data[from - 1], b'\n' | b'\r');
        let window = &data[if ended { from - 1 } else { from }..until];
        for (i, &byte) in window.iter().enumerate() {
            if Some(byte) == self.options.quote {
                inside = !inside;
            } else if !inside && matches!(byte, b'\n' | b'\r') {
                let at = until - window.len() + i;
                let crlf = byte == b'\r' && data.get(at + 1) == Some(&b'\n');
                return Some(at + 1 + usize::from(crlf));
            }
        }
        None
    }

    fn error(&self, fault: Fault) -> Error {
        let column = fault.column.and_then(|c| self.names.get(c));
        let column = column.map(|name| shorten(name));
        at_line(
            self.lines + line_of(self.data, fault.at),
            column,
            &fault.text,
            fault.reason,
        )
    }
}

/// How many rows so many bytes have, and two in a hundred more, if `rows` have `read` bytes.
fn expected(rows: usize, read: usize, bytes: usize) -> usize {
    let rows = rows as u128 * bytes as u128 / read.max(1) as u128;
    usize::try_from(rows + rows / 50).unwrap_or(bytes)
}

/// Chunks of one size, of which the last may be shorter.
struct Cut {
    first: usize,
    size: usize,
    end: usize,
}

impl Cut {
    fn len(&self) -> usize {
        (self.end - self.first).div_ceil(self.size).max(1)
    }

    fn from(&self, i: usize) -> usize {
        self.first + i * self.size
    }

    fn until(&self, i: usize) -> usize {
        if i + 1 == self.len() {
            self.end
        } else {
            self.from(i + 1)
        }
    }
}

/// How often a byte occurs.
fn count(data: &[u8], byte: u8) -> usize {
    // Sums of so few bytes fit one, which compiles to vector instructions.
    let blocks = data.chunks(192);
    let sums = blocks.map(|b| b.iter().fold(0u8, |sum, b| sum + u8::from(*b == byte)));
    sums.map(usize::from).sum()
}

/// The chunks of a wave: as many as keep every thread busy, few enough that their values are still in cache and their
/// memory is used again. How many there are changes no result.
fn waves(n: usize) -> impl Iterator<Item = Range<usize>> {
    let size = CHUNKS_A_THREAD * rayon::current_num_threads();
    (0..n)
        .step_by(size)
        .map(move |first| first..n.min(first + size))
}

/// The column of what has been read.
fn finish(
    part: Part,
    kind: Option<ColumnKind>,
    column: usize,
    nul: bool,
) -> std::result::Result<Column, Box<Fault>> {
    Ok(match part {
        Part::Numbers(Numbers {
            overflow: Some((at, text)),
            ..
        }) => {
            let reason = "the number is beyond the largest 64-bit floating-point number";
            return Err(Fault::new(at, Some(column), text.as_bytes(), reason));
        }
        Part::Numbers(mut numbers) => {
            if numbers.values.capacity() / 4 > numbers.values.len() / 3 {
                numbers.values.shrink_to_fit();
            }
            match kind {
                Some(ColumnKind::Integer) => Column::Integer(numbers.values),
                None if numbers.whole && !numbers.decimal => Column::Integer(numbers.values),
                _ => Column::Float(numbers.values),
            }
        }
        Part::Booleans(values) => Column::Boolean(values),
        Part::Texts(texts) => {
            if let Some(at) = texts.full() {
                let reason = "there are more different texts than a categorical column can have";
                return Err(Fault::new(at, Some(column), b"", reason));
            }
            if let Some((at, text)) = texts.find(|t| std::str::from_utf8(t).is_err()) {
                return Err(Fault::new(at, Some(column), text, "the text is not UTF-8"));
            }
            if !nul && let Some((at, text)) = texts.find(|t| t.contains(&0)) {
                let reason = "the text holds a NUL byte; is the file binary? a column given as categorical may hold some";
                return Err(Fault::new(at, Some(column), text, reason));
            }
            Column::Categorical(texts.finish())
        }
        Part::Missing { rows, .. } => Column::Float(vec![f64::NAN; rows]),
        // The second pass has read these.
        Part::Mixed | Part::Skipped => Column::Float(Vec::new()),
    })
}

/// The line of a byte, from 1: LF, CRLF and CR end lines.
fn line_of(data: &[u8], at: usize) -> u64 {
    let before = &data[..at.min(data.len())];
    let lf = before.iter().filter(|b| **b == b'\n').count();
    let lone = before
        .iter()
        .zip(before.iter().skip(1).chain([&0]))
        .filter(|(a, b)| **a == b'\r' && **b != b'\n')
        .count();
    1 + (lf + lone) as u64
}

fn at_line(line: u64, column: Option<String>, text: &str, reason: impl Into<String>) -> Error {
    ErrorKind::Csv {
        line,
        column,
        text: shorten(text),
        reason: reason.into(),
    }
    .into()
}
