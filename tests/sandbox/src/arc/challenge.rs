//! The proof that a program may read the agent's files.
//!
//! A challenge names a file; what is in it is to be sent back. The folder is
//! `/var/opt/azcmagent/tokens` on a real server.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::{body::Body, http::Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    azure::Azure,
    folder::{self, Folder},
    gate::{json as answer, with},
};

/// How a challenge is not as it should be. The key in the file is good all the
/// same: whoever does not look closely gets a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ArcFault {
    /// There is no `WWW-Authenticate`.
    NoChallenge,
    /// The challenge names no file.
    NoRealm,
    /// The challenge has more than one `=`.
    ThreeParts,
    /// The challenge comes with 200.
    WrongStatus,
    /// The file is in another folder.
    OutsideFolder,
    /// The file is in another folder, to which a path through the right one
    /// leads.
    Traversal,
    /// The file is no `.key`.
    WrongExtension,
    /// There is no such file.
    MissingFile,
    /// The file has this many bytes; 4,096 are allowed.
    TooLarge(usize),
    /// The file is a link to one in another folder.
    Symlink,
}

/// The keys in the agent's folder.
pub(crate) struct Keys {
    folder: PathBuf,
    /// Where only the agent's mistakes are.
    outside: PathBuf,
    known: Mutex<Vec<String>>,
}

impl Keys {
    pub(crate) fn new(root: &Folder) -> io::Result<Self> {
        Ok(Self {
            folder: root.below("tokens")?,
            outside: root.path().to_owned(),
            known: Mutex::default(),
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether `authorization` is what a file of the agent's says. For how long
    /// a key is good is not documented: here it is for ever.
    pub(super) fn admits(&self, authorization: Option<&str>) -> bool {
        let key = authorization.and_then(|value| value.strip_prefix("Basic "));
        key.is_some_and(|key| self.known().iter().any(|known| known == key))
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.known().clone()
    }

    /// The path of a new key file.
    fn issue(&self) -> io::Result<PathBuf> {
        self.place(&self.folder, "key", 64)
    }

    fn spoilt(&self, fault: ArcFault) -> io::Result<PathBuf> {
        let path = match fault {
            ArcFault::NoChallenge
            | ArcFault::NoRealm
            | ArcFault::ThreeParts
            | ArcFault::WrongStatus => return self.issue(),
            ArcFault::OutsideFolder => return self.place(&self.outside, "key", 64),
            ArcFault::WrongExtension => return self.place(&self.folder, "txt", 64),
            ArcFault::TooLarge(bytes) => return self.place(&self.folder, "key", bytes),
            ArcFault::MissingFile => self.folder.join(name("key")),
            ArcFault::Traversal => {
                let outside = self.place(&self.outside, "key", 64)?;
                let name = outside.file_name().unwrap_or_default();
                self.folder.join("..").join(name)
            }
            ArcFault::Symlink => {
                let outside = self.place(&self.outside, "key", 64)?;
                let link = self.folder.join(name("key"));
                std::os::unix::fs::symlink(outside, &link)?;
                link
            }
        };
        Ok(path)
    }

    /// A file with a good key of this size.
    fn place(&self, folder: &Path, extension: &str, bytes: usize) -> io::Result<PathBuf> {
        let path = folder.join(name(extension));
        let noise = std::iter::repeat_with(|| Uuid::new_v4().simple().to_string());
        let mut key: String = noise.take(bytes / 32 + 1).collect();
        key.truncate(bytes);
        folder::write_new(&path, &key)?;
        self.known().push(key);
        Ok(path)
    }

    fn known(&self) -> MutexGuard<'_, Vec<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file name that there was not before.
fn name(extension: &str) -> String {
    format!("{}.{extension}", Uuid::new_v4())
}

/// 401 with the path of a new key file.
pub(super) fn challenged(azure: &Azure) -> Response<Body> {
    match azure.arc.issue() {
        Ok(path) => with(unauthorized(401), CHALLENGE, &realm(&path)),
        Err(error) => failed(&error),
    }
}

/// A challenge that is not as it should be.
pub(crate) fn spoilt(azure: &Azure, fault: ArcFault) -> Response<Body> {
    let path = match azure.arc.spoilt(fault) {
        Ok(path) => path,
        Err(error) => return failed(&error),
    };
    match fault {
        ArcFault::NoChallenge => unauthorized(401),
        ArcFault::NoRealm => with(unauthorized(401), CHALLENGE, "Basic "),
        ArcFault::ThreeParts => {
            let more = format!("{}=more", realm(&path));
            with(unauthorized(401), CHALLENGE, &more)
        }
        ArcFault::WrongStatus => with(unauthorized(200), CHALLENGE, &realm(&path)),
        ArcFault::OutsideFolder
        | ArcFault::Traversal
        | ArcFault::WrongExtension
        | ArcFault::MissingFile
        | ArcFault::TooLarge(_)
        | ArcFault::Symlink => with(unauthorized(401), CHALLENGE, &realm(&path)),
    }
}

const CHALLENGE: &str = "www-authenticate";

fn realm(path: &Path) -> String {
    format!("Basic realm={}", path.display())
}

fn unauthorized(status: u16) -> Response<Body> {
    let body = json!({
        "error": "unauthorized_client",
        "error_description": "Missing Basic Authorization header",
        "error_codes": [401],
    });
    answer(status, &body)
}

/// The sandbox's own trouble, not Azure's.
fn failed(error: &io::Error) -> Response<Body> {
    let why = format!("the key file cannot be written: {error}");
    answer(500, &json!({"error": "unknown", "error_description": why}))
}
