//! The two formats, and files that are replaced in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserializer, Serialize};

use super::{Format, Limits, Model, walk};
use crate::error::{Error, ErrorKind, Result};

/// `fitwell` after a byte that starts neither JSON nor UTF-8 text.
const MAGIC: [u8; 8] = *b"\x89fitwell";
/// The format versions that are read; the newest is written.
const OLDEST: u64 = 1;
const NEWEST: u64 = 1;
const CRATE_VERSION: &str = env!("CARGO_PKG_VERSION");
/// What serde's traits return.
type Serde<T, E> = std::result::Result<T, E>;
/// The longest reason shown of what a parser says about a file.
const REASON: usize = 300;

pub(super) fn to_json<T: Model>(model: &T) -> Result<String> {
    #[derive(Serialize)]
    struct Header<'a> {
        format: u64,
        version: &'a str,
        r#type: &'a str,
    }
    #[derive(Serialize)]
    struct Envelope<'a, T> {
        fitwell: Header<'a>,
        model: &'a T,
    }
    fit_to_save(model)?;
    let envelope = Envelope {
        fitwell: Header {
            format: NEWEST,
            version: CRATE_VERSION,
            r#type: &T::type_name(),
        },
        model,
    };
    serde_json::to_string(&envelope).map_err(|e| unwritable::<T>(&e))
}

pub(super) fn to_bytes<T: Model>(model: &T) -> Result<Vec<u8>> {
    fit_to_save(model)?;
    let mut bytes = MAGIC.to_vec();
    let version = u32::try_from(NEWEST).map_err(|e| unwritable::<T>(&e))?;
    bytes.extend(version.to_le_bytes());
    for text in [CRATE_VERSION, &T::type_name()] {
        let length = u32::try_from(text.len()).map_err(|e| unwritable::<T>(&e))?;
        bytes.extend(length.to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    let length_at = bytes.len();
    bytes.extend([0; 8]);
    let mut bytes = postcard::to_extend(model, bytes).map_err(|e| unwritable::<T>(&e))?;
    let length = (bytes.len() - length_at - 8) as u64;
    bytes[length_at..length_at + 8].copy_from_slice(&length.to_le_bytes());
    let sum = checksum(&bytes);
    bytes.extend(sum.to_le_bytes());
    Ok(bytes)
}

/// What is saved can be loaded: the same checks on both sides.
fn fit_to_save<T: Model>(model: &T) -> Result<()> {
    model.validate()?;
    walk::inspect(model, u64::MAX, usize::MAX)
        .map_err(|reason| Error::model_file(format!("`{}`: {reason}", T::type_name())))
}

fn unwritable<T: Model>(e: &dyn std::fmt::Display) -> Error {
    Error::model_file(format!("`{}` cannot be written: {e}", T::type_name()))
}

/// Reads either format; when the caller named one, only that.
pub(super) fn decode<T: Model>(bytes: &[u8], only: Option<Format>, limits: Limits) -> Result<T> {
    let size = bytes.len() as u64;
    if size > limits.max_bytes {
        return Err(too_large(size, limits.max_bytes));
    }
    let found = format_of(bytes)?;
    if only.is_some_and(|format| format != found) {
        return Err(Error::model_file(format!(
            "is in the {found:?} format, expected {only:?}",
            only = only.unwrap_or(found)
        )));
    }
    let model: T = match found {
        Format::Json => from_json(bytes)?,
        Format::Binary => from_bytes(bytes)?,
    };
    walk::inspect(&model, size, limits.max_text)
        .and_then(|()| model.validate().map_err(|e| strip(&e)))
        .map_err(Error::model_file)?;
    Ok(model)
}

/// The text of an error without the words that [`ErrorKind::ModelFile`] will put in front again.
fn strip(e: &Error) -> String {
    let inner = match e.kind() {
        ErrorKind::ModelFile { reason } => reason.clone(),
        kind => kind.to_string(),
    };
    let mut places = e.context().to_vec();
    places.push(inner);
    printable(&places.join(": "))
}

/// The magic decides.
fn format_of(bytes: &[u8]) -> Result<Format> {
    let reason = match bytes {
        [first, ..] if *first == MAGIC[0] => return Ok(Format::Binary),
        [] => "is empty",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..] => {
            "is UTF-16 text; JSON model files are UTF-8"
        }
        [0xef, 0xbb, 0xbf, ..] => "starts with a byte order mark; JSON model files have none",
        _ => match bytes
            .iter()
            .find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
        {
            Some(b'{') => return Ok(Format::Json),
            _ => {
                "is no model file: it starts neither as JSON nor with the bytes of the binary format"
            }
        },
    };
    Err(Error::model_file(reason))
}

fn check_version(found: u64) -> Result<()> {
    if (OLDEST..=NEWEST).contains(&found) {
        return Ok(());
    }
    Err(ErrorKind::ModelVersion {
        found,
        oldest: OLDEST,
        newest: NEWEST,
    }
    .into())
}

fn check_type<T: Model>(found: &str) -> Result<()> {
    let expected = T::type_name();
    if found == expected {
        return Ok(());
    }
    let found = printable(found);
    Err(ErrorKind::ModelType { found, expected }.into())
}

fn from_bytes<T: Model>(bytes: &[u8]) -> Result<T> {
    let mut rest = bytes;
    if take(&mut rest, MAGIC.len(), "magic")? != MAGIC {
        return Err(Error::model_file("the magic bytes are damaged"));
    }
    check_version(u64::from(u32::from_le_bytes(word(&mut rest, "version")?)))?;
    let mut text = |what| -> Result<&str> {
        let length = u32::from_le_bytes(word(&mut rest, what)?);
        let bytes = take(
            &mut rest,
            usize::try_from(length).unwrap_or(usize::MAX),
            what,
        )?;
        std::str::from_utf8(bytes)
            .map_err(|_| Error::model_file(format!("the {what} is not UTF-8 text")))
    };
    text("crate version")?;
    check_type::<T>(text("type name")?)?;
    let length = u64::from_le_bytes(word(&mut rest, "length of the body")?);
    let body = take(
        &mut rest,
        usize::try_from(length).unwrap_or(usize::MAX),
        "body",
    )?;
    let sum = u64::from_le_bytes(word(&mut rest, "checksum")?);
    if !rest.is_empty() {
        return Err(Error::model_file(format!(
            "{} bytes follow the end of the model",
            rest.len()
        )));
    }
    if sum != checksum(&bytes[..bytes.len() - size_of::<u64>()]) {
        return Err(Error::model_file(
            "the checksum does not match: the file is damaged",
        ));
    }
    match postcard::take_from_bytes(body) {
        Ok((model, [])) => Ok(model),
        Ok((_, left)) => Err(Error::model_file(format!(
            "{} bytes of the body are left over",
            left.len()
        ))),
        Err(e) => Err(Error::model_file(printable(&format!("the body: {e}")))),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize, what: &str) -> Result<&'a [u8]> {
    match rest.split_at_checked(length) {
        Some((taken, left)) => {
            *rest = left;
            Ok(taken)
        }
        None => Err(Error::model_file(format!(
            "ends inside the {what}: {length} bytes announced, {} there",
            rest.len()
        ))),
    }
}

fn word<const N: usize>(rest: &mut &[u8], what: &str) -> Result<[u8; N]> {
    let mut word = [0; N];
    word.copy_from_slice(take(rest, N, what)?);
    Ok(word)
}

/// A 64-bit mix of the bytes, eight at a time, little-endian, the last word filled up with zeros, started from the length. Each step
/// is a bijection of the state and of the word, so a change within one word is always seen.
fn checksum(bytes: &[u8]) -> u64 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xc2b2_ae3d_27d4_eb4f;
    let mix = |state: u64, word: [u8; 8]| {
        (state ^ u64::from_le_bytes(word).wrapping_mul(A))
            .rotate_left(31)
            .wrapping_mul(B)
    };
    let (words, tail) = bytes.as_chunks::<8>();
    let state = words.iter().copied().fold(bytes.len() as u64, mix);
    let mut last = [0; 8];
    last[..tail.len()].copy_from_slice(tail);
    mix(state, last)
}

fn from_json<T: Model>(bytes: &[u8]) -> Result<T> {
    let mut refused = None;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let envelope = Envelope::<T> {
        refused: &mut refused,
        model: PhantomData,
    };
    let model = envelope
        .deserialize(&mut json)
        .and_then(|model| json.end().map(|()| model))
        .and_then(|model| serde_json::from_slice::<Unique>(bytes).map(|Unique| model));
    model.map_err(|e| refused.unwrap_or_else(|| Error::model_file(printable(&e.to_string()))))
}

/// `{"fitwell": {"format": .., "version": .., "type": ..}, "model": ..}` in this order: what the file claims to be is
/// known before its body is looked at.
struct Envelope<'a, T> {
    /// The typed error behind serde's.
    refused: &'a mut Option<Error>,
    model: PhantomData<T>,
}

impl<'de, T: Model> DeserializeSeed<'de> for Envelope<'_, T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Serde<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Model> Visitor<'de> for Envelope<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a model file: {\"fitwell\": {..}, \"model\": {..}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Serde<T, A::Error> {
        key(&mut map, "fitwell")?;
        map.next_value_seed(Header::<T> {
            refused: self.refused,
            model: PhantomData,
        })?;
        key(&mut map, "model")?;
        let model = map.next_value()?;
        end(&mut map)?;
        Ok(model)
    }
}

struct Header<'a, T> {
    refused: &'a mut Option<Error>,
    model: PhantomData<T>,
}

impl<'de, T: Model> DeserializeSeed<'de> for Header<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Serde<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Model> Visitor<'de> for Header<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a header: {\"format\": .., \"version\": .., \"type\": ..}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Serde<(), A::Error> {
        let refused = self.refused;
        let mut typed = |checked: Result<()>| {
            checked.map_err(|e| {
                let text = de::Error::custom(&e);
                *refused = Some(e);
                text
            })
        };
        // The version first: a later one may hold what this library does not know.
        key(&mut map, "format")?;
        typed(check_version(map.next_value()?))?;
        key(&mut map, "version")?;
        map.next_value::<String>()?;
        key(&mut map, "type")?;
        typed(check_type::<T>(&map.next_value::<String>()?))?;
        end(&mut map)
    }
}

/// The next key must be this one.
fn key<'de, A: MapAccess<'de>>(map: &mut A, expected: &'static str) -> Serde<(), A::Error> {
    match map.next_key::<String>()? {
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(de::Error::custom(format!(
            "no model file: found key {:?}, expected {expected:?}",
            crate::error::shorten(&found)
        ))),
        None => Err(de::Error::custom(format!(
            "no model file: there is no key {expected:?}"
        ))),
    }
}

fn end<'de, A: MapAccess<'de>>(map: &mut A) -> Serde<(), A::Error> {
    match map.next_key::<String>()? {
        Some(found) => Err(de::Error::custom(format!(
            "unknown or repeated key {:?}",
            crate::error::shorten(&found)
        ))),
        None => Ok(()),
    }
}

/// Any JSON in which no object has a key twice. Derived readers see that for their own fields; this sees it everywhere.
struct Unique;

impl<'de> de::Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Serde<Self, D::Error> {
        deserializer.deserialize_any(Unique)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Unique;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E>(self) -> Serde<Unique, E> {
        Ok(Unique)
    }
    fn visit_bool<E>(self, _: bool) -> Serde<Unique, E> {
        Ok(Unique)
    }
    fn visit_i64<E>(self, _: i64) -> Serde<Unique, E> {
        Ok(Unique)
    }
    fn visit_u64<E>(self, _: u64) -> Serde<Unique, E> {
        Ok(Unique)
    }
    fn visit_f64<E>(self, _: f64) -> Serde<Unique, E> {
        Ok(Unique)
    }
    fn visit_str<E>(self, _: &str) -> Serde<Unique, E> {
        Ok(Unique)
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Serde<Unique, A::Error> {
        while seq.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Serde<Unique, A::Error> {
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<Unique>()?;
            if let Some(key) = seen.replace(key) {
                let key = crate::error::shorten(&key);
                return Err(de::Error::custom(format!("key {key:?} is there twice")));
            }
        }
        Ok(Unique)
    }
}

/// A text that may hold anything, fit for a terminal and a log.
fn printable(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(REASON) {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(REASON).is_some() {
        out.push_str("...");
    }
    out
}

fn too_large(size: u64, limit: u64) -> Error {
    ErrorKind::TooLarge {
        what: "bytes of the model file".into(),
        size,
        limit,
    }
    .into()
}

pub(super) fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let failed = |source| io_error(path, source);
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > max_bytes {
        return Err(too_large(size, max_bytes).within(path.display().to_string()));
    }
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))
        .map_err(|e| failed(e.into()))?;
    // A pipe has no size, and a file may grow while it is read.
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let size = bytes.len() as u64;
    if size > max_bytes {
        return Err(too_large(size, max_bytes).within(path.display().to_string()));
    }
    Ok(bytes)
}

fn io_error(path: &Path, source: io::Error) -> Error {
    ErrorKind::Io {
        path: path.into(),
        source,
    }
    .into()
}

/// Writes a file in one step: readers see the old file or the new one, never a part of one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_by(path, |file| file.write_all(bytes)).map_err(|e| io_error(path, e))
}

fn replace_by(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    // Through a symbolic link: the file it points to is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let (temporary, mut file) = temporary(&target)?;
    let written = write(&mut file)
        .and_then(|()| match fs::metadata(&target) {
            Ok(old) => file.set_permissions(old.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| file.sync_all())
        .and_then(|()| {
            drop(file);
            fs::rename(&temporary, &target)
        });
    if written.is_err() {
        fs::remove_file(&temporary).ok();
        return written;
    }
    // The name is on the disk once its folder is. Not every system lets a folder be opened; the file is whole either way.
    if let Some(folder) = target.parent()
        && let Ok(folder) = File::open(folder)
    {
        folder.sync_all().ok();
    }
    Ok(())
}

/// A new file beside `target`, under a name that no other writer of this or another process uses.
fn temporary(target: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = target.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path names no file",
        ));
    };
    loop {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        hidden.push(format!(".{}-{count}.tmp", std::process::id()));
        let path = target.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("fitwell-{name}-{}", std::process::id()));
        fs::remove_dir_all(&path).ok();
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else() {
        let folder = folder("half");
        let path = folder.join("m.json");
        replace(&path, b"old").unwrap();
        let full = replace_by(&path, |file| {
            file.write_all(b"half of the new")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(&folder), ["m.json"]);
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(&folder), ["m.json"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn folders_and_paths_without_a_name_are_refused() {
        let folder = folder("odd");
        let inside = folder.join("inside");
        fs::create_dir(&inside).unwrap();
        fs::write(inside.join("kept"), b"kept").unwrap();
        for path in [
            inside.as_path(),
            Path::new("/"),
            Path::new(""),
            Path::new(".."),
        ] {
            assert!(replace(path, b"x").is_err(), "{path:?}");
        }
        assert!(replace(&folder.join("missing/m.json"), b"x").is_err());
        assert_eq!(names(&folder), ["inside"]);
        assert_eq!(names(&inside), ["kept"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = folder("links");
        let (path, link) = (folder.join("m.json"), folder.join("current.json"));
        replace(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_checksum_sees_every_byte_and_the_length() {
        let bytes: Vec<u8> = (0..83).collect();
        let sum = checksum(&bytes);
        for i in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[i] ^= 1 << bit;
                assert_ne!(checksum(&other), sum);
            }
        }
        assert_ne!(checksum(&[0; 3]), checksum(&[0; 4]));
        // The definition may never change: files hold it.
        assert_eq!(checksum(b"fitwell and more"), 0xb54c_921a_3269_3149);
    }

    #[test]
    fn the_first_byte_tells_the_format() {
        assert_eq!(format_of(b" \r\n\t{").unwrap(), Format::Json);
        assert_eq!(format_of(b"\x89PNG").unwrap(), Format::Binary);
        for (bytes, said) in [
            (&b""[..], "empty"),
            (b"\xff\xfe{\0", "UTF-16"),
            (b"\xfe\xff\0{", "UTF-16"),
            (b"{\0\"\0", "UTF-16"),
            (b"\0{\0\"", "UTF-16"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            (b"PK\x03\x04", "no model file"),
            (b"   ", "no model file"),
        ] {
            let text = format_of(bytes).unwrap_err().to_string();
            assert!(text.contains(said), "{text}");
        }
    }

    #[test]
    fn what_a_file_says_is_fit_for_a_log() {
        let text = printable(&format!("\x1b[31m{}", "x".repeat(1000)));
        assert!(text.starts_with("\\u{1b}[31mxxx") && text.ends_with("..."));
        assert!(text.len() < REASON + 20);
    }
}
