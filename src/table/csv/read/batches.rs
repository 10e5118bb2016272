//! A file as tables of so many rows, one after the other: what is read is given out and forgotten.
//!
//! The buffer holds the records of one batch and what was read beyond it. A record counts as whole once something follows
//! it, or the reader has ended: until then more bytes may belong to it. A fault that more bytes could mend (a quote that is
//! not closed yet) waits for them, as far as a field may be long.

use std::fmt;
use std::io::Read;
use std::iter::FusedIterator;
use std::path::PathBuf;

use super::{CELLS, Source, Whole, at_line, count, line_of};
use crate::error::{Error, ErrorKind, Result};
use crate::table::csv::cells::{Rules, Want};
use crate::table::csv::scan::{Fault, Scanner};
use crate::table::csv::{CsvOptions, too_large};
use crate::table::{ColumnKind, Table};

/// Bytes read at a time, at least.
const READ: usize = 1 << 18;
/// The longest record that is waited for.
const LONGEST: usize = 1 << 31;

/// The rows of a delimited text file as tables of equal size, in order: for files larger than memory.
///
/// Made by [`CsvOptions::batches_path`] and [`CsvOptions::batches_from`]. Every table has the same columns with the same
/// names and kinds, and all but the last have the number of rows asked for. Only the batch at hand is in memory.
///
/// Kinds that are not [given](CsvOptions::kind) are those the first batch has by itself; a later value that does not fit is
/// an error that says on which line. Give the kinds where the first rows may not show them: a column of whole numbers that
/// goes on with `1.5`, or one whose first rows are all missing. [`kinds_of`](CsvOptions::kinds_of) takes them from a table
/// read before. A categorical column lists the categories of its own batch.
///
/// After an error, and after the last batch, the iterator ends.
///
/// ```
/// use fitwell::{prelude::*, table::CsvOptions};
///
/// let text = "size,weight,ripe\n1.0,2.5,true\n3.0,0.5,false\n2.0,2.0,true\n2.5,1.0,false\n1.5,3.0,true\n";
/// let mut rows = Vec::new();
/// for batch in CsvOptions::new().batches_from(text.as_bytes(), 2)? {
///     let batch = batch?;
///     assert_eq!(batch.names(), ["size", "weight", "ripe"]);
///     rows.push(batch.n_rows());
/// }
/// assert_eq!(rows, [2, 2, 1]);
/// # Ok::<(), Error>(())
/// ```
pub struct CsvBatches<R> {
    options: CsvOptions,
    reader: R,
    path: Option<PathBuf>,
    /// Rows of a batch.
    size: usize,
    /// Bytes read at a time, at least.
    block: usize,
    buffer: Vec<u8>,
    /// Where in the buffer the first record begins that has not been given out.
    start: usize,
    /// The reader has no more.
    ended: bool,
    /// Bytes read.
    bytes: u64,
    /// Line ends before `start`.
    lines: u64,
    names: Vec<String>,
    wants: Vec<Want>,
    /// The columns whose kind the first batch decides.
    inferred: Vec<bool>,
    /// Rows given out.
    rows: usize,
    done: bool,
}

/// Records that are there whole.
struct Gathered {
    /// Where they end, counted from the first.
    end: usize,
    rows: usize,
    /// What is wrong with the record after them.
    fault: Option<Box<Fault>>,
}

impl<R: Read> CsvBatches<R> {
    /// Reads as far as the header.
    pub(in crate::table::csv) fn open(
        options: &CsvOptions,
        reader: R,
        path: Option<PathBuf>,
        size: usize,
    ) -> Result<Self> {
        Self::open_reading(options, reader, path, size, READ)
    }

    /// The same, reading so many bytes at a time, which changes no result.
    fn open_reading(
        options: &CsvOptions,
        reader: R,
        path: Option<PathBuf>,
        size: usize,
        block: usize,
    ) -> Result<Self> {
        options.check()?;
        if size == 0 {
            let name = "rows of a batch";
            return Err(Error::invalid_parameter(
                "CsvOptions",
                name,
                "at least 1",
                "0",
            ));
        }
        let mut batches = CsvBatches {
            options: options.clone(),
            reader,
            path,
            size,
            block,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            bytes: 0,
            lines: 0,
            names: Vec::new(),
            wants: Vec::new(),
            inferred: Vec::new(),
            rows: 0,
            done: false,
        };
        match batches.header() {
            Ok(()) => Ok(batches),
            Err(e) => Err(batches.located(e)),
        }
    }

    fn header(&mut self) -> Result<()> {
        while self.buffer.len() < 3 && !self.ended {
            self.fill()?;
        }
        if self.buffer.starts_with(&[0xff, 0xfe]) || self.buffer.starts_with(&[0xfe, 0xff]) {
            return Err(at_line(1, None, "", "the file is UTF-16; save it as UTF-8"));
        }
        if self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.start = 3;
        }
        let header = self.gather(1, None)?;
        let data = &self.buffer[self.start..self.start + header.end];
        let source = Source::open(&self.options, data, 0)?;
        self.wants = source.wants()?;
        let used = source.first;
        self.names = source.names;
        self.inferred = (self.wants.iter()).map(|w| *w == Want::Infer).collect();
        self.give(used);
        Ok(())
    }

    /// Reads on. What has been given out is forgotten first.
    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let more = self.block.max(self.buffer.len() / 4);
        if self.buffer.try_reserve(more).is_err() {
            return Err(self.io(std::io::ErrorKind::OutOfMemory.into()));
        }
        let mut part = (&mut self.reader).take(more as u64);
        let read = part.read_to_end(&mut self.buffer);
        let read = read.map_err(|e| self.io(e))?;
        self.ended = read < more;
        self.bytes = self.bytes.saturating_add(read as u64);
        if self.bytes > self.options.max_bytes {
            let size = usize::try_from(self.bytes).unwrap_or(usize::MAX);
            return Err(too_large("bytes of the file", size, self.options.max_bytes));
        }
        Ok(())
    }

    /// The next `rows` records, or as many as there are, reading as far as that takes.
    fn gather(&mut self, rows: usize, width: Option<usize>) -> Result<Gathered> {
        let block_rows = width.map_or(1, |width| (CELLS / width.max(1)).max(1));
        let mut cells = Vec::new();
        let mut got = Gathered {
            end: 0,
            rows: 0,
            fault: None,
        };
        loop {
            let data = &self.buffer[self.start..];
            let mut scanner = Scanner::new(data, &self.options, got.end, width);
            while got.rows < rows && scanner.position() < data.len() {
                cells.clear();
                let most = block_rows.min(rows - got.rows);
                let split = scanner.block(&mut cells, most, data.len());
                let followed = scanner.position() < data.len();
                let certain = match &split.fault {
                    _ if self.ended => true,
                    None => followed || width.is_none() && scanner.surplus() > 0,
                    // The scanner is beyond the record: too few fields may become more, any other fault stays.
                    Some(fault) if fault.at < scanner.position() => {
                        followed
                            || fault.column.is_some()
                            || scanner.surplus() > 0
                            || data.len() - fault.at > LONGEST
                    }
                    // A field in quotes.
                    Some(fault) => {
                        let most = self.options.max_field_bytes.saturating_mul(2);
                        data.len() - fault.at > most.saturating_add(3)
                    }
                };
                if !certain {
                    break;
                }
                got.rows += split.rows;
                if split.fault.is_some() {
                    got.end = data.len();
                    got.fault = split.fault;
                    return Ok(got);
                }
                got.end = scanner.position();
            }
            if got.rows == rows || self.ended {
                return Ok(got);
            }
            self.fill()?;
        }
    }

    /// The next table; none after the last row.
    fn batch(&mut self) -> Result<Option<Table>> {
        let got = self.gather(self.size, Some(self.names.len()))?;
        if got.rows == 0 && got.fault.is_none() {
            return Ok(None);
        }
        let data = &self.buffer[self.start..self.start + got.end];
        let mut source = Source {
            data,
            options: &self.options,
            rules: Rules::new(&self.options),
            names: self.names.clone(),
            first: 0,
            record: data.len() / got.rows.max(1),
            opened: 0,
            rows: got.rows,
            lines: self.lines,
        };
        let mut wants = self.wants.clone();
        if self.rows == 0 {
            source.sample(&mut wants, data.len());
        }
        source.rules.rows = got.rows;
        let mut chunks = source.first_pass(&wants)?;
        if let Some(fault) = got.fault {
            return Err(source.error(*fault));
        }
        let rows = self.rows.saturating_add(chunks.rows);
        if rows > self.options.max_rows {
            let limit = self.options.max_rows as u64;
            return Err(too_large("rows of the file", rows, limit));
        }
        source.second_pass(&mut chunks, &wants, &mut Whole(data))?;
        let table = source.table(chunks, &wants)?;
        if self.rows == 0 {
            self.wants = table.kinds().into_iter().map(Want::Given).collect();
        }
        self.rows = rows;
        self.give(got.end);
        Ok(Some(table))
    }

    /// So many bytes have been given out.
    fn give(&mut self, bytes: usize) {
        let data = &self.buffer[self.start..self.start + bytes];
        self.lines += if data.contains(&b'\r') {
            line_of(data, bytes) - 1
        } else {
            count(data, b'\n') as u64
        };
        self.start += bytes;
    }

    fn io(&self, source: std::io::Error) -> Error {
        let path = self.path.clone().unwrap_or_else(|| "<reader>".into());
        ErrorKind::Io { path, source }.into()
    }

    /// The error with the path before it, and with advice where the first batch has decided a kind.
    fn located(&self, error: Error) -> Error {
        let error = match error.kind() {
            ErrorKind::Csv {
                line,
                column: Some(column),
                text,
                reason,
            } if self.rows > 0 => match self.decided(column) {
                Some(kind) => ErrorKind::Csv {
                    line: *line,
                    column: Some(column.clone()),
                    text: text.clone(),
                    reason: format!(
                        "{reason}; the first batch made the column {kind}, `kind` gives another kind"
                    ),
                }
                .into(),
                None => error,
            },
            ErrorKind::Io { .. } => return error,
            _ => error,
        };
        match &self.path {
            Some(path) => error.within(path.display().to_string()),
            None => error,
        }
    }

    /// The kind that the first batch has decided for a column.
    fn decided(&self, column: &str) -> Option<ColumnKind> {
        let at = self.names.iter().position(|name| name == column)?;
        match self.wants[at] {
            Want::Given(kind) if self.inferred[at] => Some(kind),
            _ => None,
        }
    }
}

impl<R> CsvBatches<R> {
    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The kinds of the columns; none before the first batch, unless all were given.
    pub fn kinds(&self) -> Option<Vec<ColumnKind>> {
        let kind = |want: &Want| match want {
            Want::Given(kind) => Some(*kind),
            _ => None,
        };
        self.wants.iter().map(kind).collect()
    }

    /// The rows given out so far.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl<R: Read> Iterator for CsvBatches<R> {
    type Item = Result<Table>;

    fn next(&mut self) -> Option<Result<Table>> {
        if self.done {
            return None;
        }
        let batch = self.batch();
        self.done = !matches!(batch, Ok(Some(_)));
        if self.done {
            self.buffer = Vec::new();
        }
        batch.map_err(|e| self.located(e)).transpose()
    }
}

impl<R: Read> FusedIterator for CsvBatches<R> {}

impl<R> fmt::Debug for CsvBatches<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvBatches")
            .field("names", &self.names)
            .field("kinds", &self.kinds())
            .field("size", &self.size)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every batch, reading `block` bytes at a time.
    fn batches(options: &CsvOptions, text: &str, size: usize, block: usize) -> Result<Vec<Table>> {
        CsvBatches::open_reading(options, text.as_bytes(), None, size, block)?.collect()
    }

    /// However the bytes arrive, the batches put together are the file.
    fn agree(options: &CsvOptions, text: &str) {
        let whole = options.read_str(text).unwrap();
        let fixed = options.clone().kinds_of(&whole);
        for size in [1, 2, 3, 7, whole.n_rows(), whole.n_rows() + 1] {
            for block in [1, 2, 3, 5, 16, 1000] {
                let tables = batches(&fixed, text, size, block).unwrap();
                let (last, full) = tables.split_last().unwrap();
                assert!(full.iter().all(|t| t.n_rows() == size), "{text:?}");
                assert!((1..=size).contains(&last.n_rows()));
                assert!(tables.iter().all(|t| t.kinds() == whole.kinds()));
                let joined = Table::concat_rows(&tables).unwrap();
                assert_eq!(joined, whole, "{text:?}, {size} rows, {block} bytes");
            }
        }
    }

    #[test]
    fn batches_put_together_are_the_file() {
        let options = CsvOptions::new();
        let text =
            "a,b,c\n1,x,true\n2.5,,false\n,\"y, \"\"z\"\"\n\",NA\n-4e3,x,true\n0.5,w,false\n";
        agree(&options, text);
        agree(&options, text.trim_end_matches('\n'));
        agree(&options, &text.replace('\n', "\r\n"));
        agree(&options, &text.replace('\n', "\r"));
        agree(&options, &format!("\u{feff}\n\n{text}\n\n"));
        agree(&options.clone().has_header(false), "1,2\n3,4\n\n5,6");
        let comments = options.clone().comment(b'#').quote(None).delimiter(b';');
        agree(&comments, "# one\na;b\n# two, \"\n1;5\"\n#\n2;6\"\n#");
        agree(&options, "a\n1\n\"\"\n3");
    }

    #[test]
    fn the_first_batch_decides_the_kinds() {
        let text = "n,zip,late\n1,00123,\n2,99,\n3.5,7,1\n";
        let mut read = CsvOptions::new().batches_from(text.as_bytes(), 2).unwrap();
        assert_eq!(read.kinds(), None);
        let first = read.next().unwrap().unwrap();
        use ColumnKind::{Categorical, Float, Integer};
        assert_eq!(first.kinds(), [Integer, Categorical, Float]);
        assert_eq!(read.kinds(), Some(vec![Integer, Categorical, Float]));
        let error = read.next().unwrap().unwrap_err().to_string();
        assert_eq!(
            error,
            "line 4, column `n`: not a whole number; the first batch made the column integer, `kind` gives another \
             kind: \"3.5\""
        );
        assert!(read.next().is_none());

        let options = CsvOptions::new().kind("n", Float);
        let tables = batches(&options, text, 2, READ).unwrap();
        assert_eq!(tables[1].kinds(), [Float, Categorical, Float]);
        let none = CsvOptions::new().kind("m", Float);
        assert!(matches!(
            batches(&none, text, 2, READ).unwrap_err().kind(),
            ErrorKind::UnknownColumn { .. }
        ));
    }

    #[test]
    fn errors_name_the_line_of_the_file() {
        let lines = |n: usize, bad: &str| {
            let rows: String = (0..n).map(|i| format!("{i},\"a\nb\"\r\n")).collect();
            format!("i,t\r\n{rows}{bad}\r\n9,z\r\n")
        };
        // Each good row has two lines.
        for (bad, line, reason) in [
            ("1,2,3", 22, "expected 2 fields, found 3"),
            ("1", 22, "expected 2 fields, found 1"),
            ("x,t", 22, "not a whole number"),
            ("1,\"t", 22, "never closed"),
            ("1,\"t\"u", 22, "text follows"),
        ] {
            for (size, block) in [(1, 1), (3, 7), (4, 1000), (100, 10)] {
                let options = CsvOptions::new().kind("i", ColumnKind::Integer);
                let error = batches(&options, &lines(10, bad), size, block).unwrap_err();
                let ErrorKind::Csv { line: at, .. } = error.kind() else {
                    panic!("{error}")
                };
                assert_eq!(*at, line, "{error}");
                assert!(error.to_string().contains(reason), "{error}");
            }
        }
        // The batches before the faulty one are given out.
        let mut read = CsvOptions::new()
            .batches_from("a\n1\n2\nx\n".as_bytes(), 2)
            .unwrap();
        assert_eq!(read.next().unwrap().unwrap().n_rows(), 2);
        assert_eq!(read.rows(), 2);
        assert!(read.next().unwrap().is_err() && read.next().is_none());
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let options = CsvOptions::new();
        let open = |options: &CsvOptions, text: &str| batches(options, text, 2, 3).err();
        assert!(matches!(
            open(&options, "").unwrap().kind(),
            ErrorKind::EmptyInput { .. }
        ));
        assert!(open(&options, "a,a\n1,2\n").is_some());
        assert!(open(&options, "\u{feff}").is_some());
        let utf16 = [0xff, 0xfe, 97, 0].as_slice();
        assert!(options.batches_from(utf16, 2).is_err());
        let zero = options.batches_from("a\n1".as_bytes(), 0).unwrap_err();
        assert!(matches!(zero.kind(), ErrorKind::InvalidParameter { .. }));
        let text = "a\n1\n2\n3\n";
        for limited in [options.clone().max_rows(2), options.clone().max_bytes(7)] {
            let error = open(&limited, text).unwrap();
            assert!(matches!(error.kind(), ErrorKind::TooLarge { .. }));
        }
        assert!(open(&options.clone().max_rows(3), text).is_none());
        assert!(open(&options.clone().max_columns(1), "a,b\n").is_some());
        // No rows: no batches, and the names are known.
        let mut none = options.batches_from("a,b\n".as_bytes(), 2).unwrap();
        assert_eq!(none.names(), ["a", "b"]);
        assert!(none.next().is_none());
        let missing = options.batches_path("no such file.csv", 5).unwrap_err();
        assert!(matches!(missing.kind(), ErrorKind::Io { .. }));
    }

    /// Repeats a line, and counts what has been read.
    struct Lines<'a> {
        line: &'a [u8],
        left: usize,
        read: &'a std::cell::Cell<usize>,
    }

    impl Read for Lines<'_> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let n = to.len().min(self.left);
            for byte in &mut to[..n] {
                *byte = self.line[self.read.get() % self.line.len()];
                self.read.set(self.read.get() + 1);
            }
            self.left -= n;
            Ok(n)
        }
    }

    #[test]
    fn memory_holds_a_batch_and_no_more() {
        let read = std::cell::Cell::new(0);
        let line = b"123.5,some text,7\n";
        let reader = Lines {
            line,
            left: line.len() * 150_000,
            read: &read,
        };
        let options = CsvOptions::new().has_header(false);
        let mut rows = 0;
        let mut all = options.batches_from(reader, 1000).unwrap();
        while let Some(batch) = all.next() {
            rows += batch.unwrap().n_rows();
            assert!(all.buffer.capacity() <= 3 * READ);
            assert!(read.get() <= rows * line.len() + 2 * READ);
        }
        assert_eq!(rows, 150_000);

        // A quote that is never closed is reported after the longest field there may be, not at the end of the file.
        read.set(0);
        let reader = Lines {
            line: b"a,\"b,",
            left: 50 << 20,
            read: &read,
        };
        let options = options.max_field_bytes(10_000);
        assert!(options.batches_from(reader, 10).is_err());
        assert!(read.get() < 1 << 20);
    }
}
