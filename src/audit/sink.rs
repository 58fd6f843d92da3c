//! Where lines end up, one write for each.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::Path,
};

use crate::{config::AuditTarget, telemetry::in_turn};

/// An open place to write to.
pub(super) struct Sink {
    file: File,
    place: Place,
    /// Whether the last line of a file has no end: what comes next is not to become
    /// part of it.
    is_torn: bool,
}

/// What a place asks for beside the writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A regular file: what is in it outlives the host, if it is told to.
    Lasting,
    /// Standard output, where the log is too.
    BesideLog,
    /// Standard error, or a device: nothing.
    Plain,
    /// A file on a volume that says only when it is told to last that it is full.
    #[cfg(test)]
    Fleeting,
}

impl Sink {
    pub(super) fn open(target: &AuditTarget) -> io::Result<Self> {
        match target {
            // Not by way of the library's own buffer, which would keep what
            // could not be written and bring it out later.
            AuditTarget::Output => {
                let stream = io::stdout().as_fd().try_clone_to_owned()?;
                Ok(Self::stream(stream, Place::BesideLog))
            }
            AuditTarget::Errors => {
                let stream = io::stderr().as_fd().try_clone_to_owned()?;
                Ok(Self::stream(stream, Place::Plain))
            }
            AuditTarget::File(path) => Self::at(path),
        }
    }

    fn stream(stream: OwnedFd, place: Place) -> Self {
        Self {
            file: stream.into(),
            place,
            is_torn: false,
        }
    }

    /// Whether the file at `path` can be written, and is there.
    pub(super) fn look(path: &Path) -> io::Result<bool> {
        match Self::opened(path, OpenOptions::new().append(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(path);
                fs::metadata(folder).map(|_| false)
            }
            outcome => outcome.map(|_| true),
        }
    }

    fn at(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        Self::opened(path, options.append(true).create(true).mode(0o600))
    }

    fn opened(path: &Path, options: &OpenOptions) -> io::Result<Self> {
        // Opening one would wait for somebody to read it.
        if fs::metadata(path).is_ok_and(|it| it.file_type().is_fifo()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe"));
        }
        let file = options.open(path)?;
        let is_lasting = file.metadata()?.is_file();
        Ok(Self {
            is_torn: is_lasting && ends_midway(path)?,
            file,
            place: if is_lasting {
                Place::Lasting
            } else {
                Place::Plain
            },
        })
    }

    /// The file at `path`, in which nothing lasts.
    #[cfg(test)]
    pub(super) fn fleeting(path: &Path) -> io::Result<Self> {
        Self::at(path).map(|sink| Self {
            place: Place::Fleeting,
            ..sink
        })
    }

    /// Whether `target` still leads here: a file may have been given another name since, or
    /// have been removed.
    pub(super) fn is_at(&self, target: &AuditTarget) -> bool {
        let AuditTarget::File(path) = target else {
            return true;
        };
        match self.place {
            Place::Lasting => is_named(&self.file, path),
            Place::BesideLog | Place::Plain => true,
            #[cfg(test)]
            Place::Fleeting => true,
        }
    }

    /// Writes `line`, which ends with its end of line, in one call.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.place == Place::BesideLog {
            // The log's thread has its turn for as long as nobody reads: whoever writes
            // elsewhere is not to wait for that.
            return in_turn(|missing| self.write(missing, line));
        }
        let missing: &[u8] = if self.is_torn { b"\n" } else { b"" };
        let outcome = self.write(missing, line);
        self.is_torn = outcome.is_err();
        outcome
    }

    fn write(&self, missing: &[u8], line: &[u8]) -> io::Result<()> {
        let whole;
        let line = if missing.is_empty() {
            line
        } else {
            whole = [missing, line].concat();
            &whole
        };
        let written = loop {
            match (&self.file).write(line) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome?,
            }
        };
        if written == line.len() {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::WriteZero,
            format!("{written} of {} bytes were written", line.len()),
        ))
    }

    /// Resolves when what was written outlives a loss of power.
    pub(super) fn settle(&self) -> io::Result<()> {
        match self.place {
            Place::Lasting => self.file.sync_data(),
            Place::BesideLog | Place::Plain => Ok(()),
            #[cfg(test)]
            Place::Fleeting => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

/// Whether `file` is what stands at `path`. What cannot be looked at does not.
fn is_named(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// Whether the file at `path` ends in the middle of a line, as one does that was
/// full.
fn ends_midway(path: &Path) -> io::Result<bool> {
    // A file that may be written and not read is none of ours.
    let Ok(mut file) = File::open(path) else {
        return Ok(false);
    };
    let length = file.seek(SeekFrom::End(0))?;
    let Some(last) = length.checked_sub(1) else {
        return Ok(false);
    };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tests::Folder;

    fn beside_the_log(path: &Path) -> Sink {
        let file = OpenOptions::new().append(true).create(true).open(path);
        Sink::stream(file.unwrap().into(), Place::BesideLog)
    }

    /// No other test writes in turn: how the last line ended is known to all who do.
    #[test]
    fn a_line_that_was_cut_off_beside_the_log_has_its_end_before_the_next() {
        let folder = Folder::new();
        let full = beside_the_log(Path::new("/dev/full")).append(b"{0}\n");
        assert!(full.is_err());
        let mut sink = beside_the_log(&folder.file());
        sink.append(b"{1}\n").unwrap();
        sink.append(b"{2}\n").unwrap();
        let of_the_log: io::Result<()> = in_turn(|_| Err(io::ErrorKind::StorageFull.into()));
        assert!(of_the_log.is_err());
        sink.append(b"{3}\n").unwrap();
        let written = fs::read_to_string(folder.file()).unwrap();
        assert_eq!(written, "\n{1}\n{2}\n\n{3}\n");
    }

    /// No system can have a pipe last, and it says so when it is told to.
    #[test]
    fn what_is_to_outlive_the_host_is_told_to_last() {
        let (_reader, writer) = io::pipe().unwrap();
        let settled = Sink::stream(writer.into(), Place::Lasting).settle();
        let error = settled.expect_err("a pipe cannot last");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
