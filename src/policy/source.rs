//! Where policies come from.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::fault::{Fault, Faults};

/// Files of policies in all; a `ConfigMap` holds as much.
const MOST_BYTES: u64 = 1 << 20;

/// Files of a folder.
const MOST_FILES: usize = 256;

/// So many readings, and files that are others each time are not waited for.
const MOST_READINGS: usize = 5;

/// What policies end with.
const EXTENSION: &str = "cedar";

/// Where a volume of Kubernetes leads to the version of it that holds.
///
/// Source: kubernetes/kubernetes `pkg/volume/util/atomic_writer.go`.
const VERSION: &str = "..data";

/// The policies that hold where none are given.
pub(super) const DEFAULT: &str = include_str!("../../deploy/policies/default.cedar");

/// Where policies come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Those that the gateway brings along.
    Default,
    /// A file, or a folder of `.cedar` files.
    Path(PathBuf),
}

/// A file of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// As it is shown.
    pub(super) file: String,
    pub(super) text: String,
}

impl Source {
    /// That of the variable.
    pub(crate) fn of(path: Option<&Path>) -> Self {
        path.map_or(Self::Default, |path| Self::Path(path.to_owned()))
    }

    /// Where that is, in words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Default => "the built-in policies".to_owned(),
            Self::Path(path) => path.display().to_string(),
        }
    }

    /// All files as they are together. Each is opened by itself, and may be replaced in
    /// between, and a version of a volume be taken away: what was read of half of each is not
    /// so the next time.
    pub(super) fn read_together(&self) -> Result<Vec<Text>, Faults> {
        alike(|| self.read()).unwrap_or_else(|| {
            let reason = "it was another each time that it was read";
            Err(Faults::unread(vec![Fault::of_file(&self.words(), reason)]))
        })
    }

    /// All files, in the order of their names.
    pub(super) fn read(&self) -> Result<Vec<Text>, Faults> {
        let Self::Path(path) = self else {
            return Ok(vec![Text {
                file: "default.cedar".to_owned(),
                text: DEFAULT.to_owned(),
            }]);
        };
        let paths = files(path).map_err(|fault| Faults::unread(vec![fault]))?;
        let (mut texts, mut faults, mut room) = (Vec::new(), Vec::new(), MOST_BYTES);
        for (shown, place) in paths {
            let file = shown.display().to_string();
            match text(&place, room) {
                Ok(text) => {
                    room = room.saturating_sub(text.len() as u64);
                    texts.push(Text { file, text });
                }
                Err(reason) => faults.push(Fault::of_file(&file, reason)),
            }
        }
        if faults.is_empty() {
            Ok(texts)
        } else {
            Err(Faults::unread(faults))
        }
    }
}

/// What two readings in a row have in common, if any two do.
pub(super) fn alike<T: PartialEq>(mut read: impl FnMut() -> T) -> Option<T> {
    let mut last = read();
    for _ in 1..MOST_READINGS {
        let next = read();
        if next == last {
            return Some(next);
        }
        last = next;
    }
    None
}

/// `path` itself, or what it has of policies, each with where it is read.
fn files(path: &Path) -> Result<BTreeMap<PathBuf, PathBuf>, Fault> {
    let folder = path.display().to_string();
    let unreadable =
        |error: io::Error| Fault::of_file(&folder, format!("it cannot be read: {error}"));
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(BTreeMap::from([(path.to_owned(), path.to_owned())]));
    }
    let files = within(path).map_err(unreadable)?;
    match files.len() {
        0 => Err(Fault::of_file(&folder, "no file of it ends with .cedar")),
        1..=MOST_FILES => Ok(files),
        count => Err(Fault::of_file(
            &folder,
            format!("it has {count} files, and up to {MOST_FILES} are read"),
        )),
    }
}

/// The policies in `folder`. Those of a volume are what is in its version: the links to them
/// are made and taken away one by one, before or after it holds, and whoever goes by them
/// misses what a new file forbids. Whatever else is there counts, also in a link's place.
fn within(folder: &Path) -> io::Result<BTreeMap<PathBuf, PathBuf>> {
    let mut files = BTreeMap::new();
    let version = fs::read_link(folder.join(VERSION)).ok();
    if let Some(version) = &version {
        let version = folder.join(version);
        for name in names(&version)? {
            files.insert(folder.join(&name), version.join(name));
        }
    }
    for name in names(folder)? {
        let (file, inside) = (folder.join(&name), Path::new(VERSION).join(name));
        let is_in_version = || fs::read_link(&file).is_ok_and(|link| link == inside);
        if version.is_none() || !is_in_version() {
            files.insert(file.clone(), file);
        }
    }
    Ok(files)
}

/// The names of policies in `folder`. Those that begin with a dot are left out: Kubernetes
/// keeps what a volume was in them.
fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let is_hidden = name.to_str().is_none_or(|name| name.starts_with('.'));
        if !is_hidden
            && Path::new(&name)
                .extension()
                .is_some_and(|it| it == EXTENSION)
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// What is in the file at `path`, of which there is `room` for so many bytes.
fn text(path: &Path, room: u64) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("it cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(room + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > room {
        return Err(format!(
            "all files together have more than {MOST_BYTES} bytes"
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not valid UTF-8".to_owned())?;
    // Editors on Windows put a byte order mark first.
    let marked = text.strip_prefix('\u{feff}').map(str::to_owned);
    Ok(marked.unwrap_or(text))
}
