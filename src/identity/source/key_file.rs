//! Reads the file by which a program shows the agent of Azure Arc who it is.
//!
//! The path comes from whoever is at the agent's endpoint, and what is read goes
//! back there: it has to be a key, and nothing else of this host.
//!
//! Source: "Authenticate against Azure resources with Azure Arc-enabled servers";
//! the checks are those of AzureAD/microsoft-authentication-library-for-go
//! `apps/managedidentity/managedidentity.go`.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::LocalFault;
use crate::http::Cause;

/// The longest key.
const LONGEST: u64 = 4096;

/// The key at `path`, which has to be directly in `folder`.
///
/// Links are followed before anything is compared. What is read is the file that
/// was opened, and that is the one that was compared: a path could lead
/// elsewhere a moment later.
pub(super) fn read(path: &Path, folder: &Path) -> Result<String, LocalFault> {
    let real = inside(path, folder)?;
    let seen = fs::symlink_metadata(&real).map_err(|error| unreadable(&error))?;
    // Opening a pipe would wait for somebody to write.
    if !seen.is_file() {
        return Err(LocalFault::NoKey);
    }
    let file = File::open(&real).map_err(|error| unreadable(&error))?;
    let opened = file.metadata().map_err(|error| unreadable(&error))?;
    if (opened.dev(), opened.ino()) != (seen.dev(), seen.ino()) {
        return Err(LocalFault::KeyOutside);
    }
    if opened.len() > LONGEST {
        return Err(LocalFault::KeyTooLong);
    }
    whole(file)
}

/// Where the key really is.
fn inside(path: &Path, folder: &Path) -> Result<PathBuf, LocalFault> {
    let real = path.canonicalize().map_err(|error| unreadable(&error))?;
    let folder = folder.canonicalize().map_err(|error| unreadable(&error))?;
    if real.parent() != Some(folder.as_path()) {
        return Err(LocalFault::KeyOutside);
    }
    if real.extension().is_none_or(|extension| extension != "key") {
        return Err(LocalFault::NoKey);
    }
    Ok(real)
}

/// It may have grown since its size was looked at.
fn whole(file: File) -> Result<String, LocalFault> {
    let mut key = String::new();
    let read = file.take(LONGEST + 1).read_to_string(&mut key);
    if read.map_err(|error| unreadable(&error))? as u64 > LONGEST {
        return Err(LocalFault::KeyTooLong);
    }
    Ok(key)
}

fn unreadable(error: &io::Error) -> LocalFault {
    LocalFault::KeyUnreadable(Cause::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_file_of_its_own() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = here.join(format!("target/keys-{}", uuid::Uuid::new_v4()));
        let inner = folder.join("folder.key");
        fs::create_dir_all(&inner).unwrap();
        let key = folder.join("own.key");
        fs::write(&key, "key").unwrap();
        let outcomes = [
            read(&key, &folder),
            read(&inner, &folder),
            read(&inner.join("../own.key"), &folder),
            read(&here.join("Cargo.toml"), &folder),
        ];
        fs::remove_dir_all(&folder).unwrap();
        let [own, of_a_folder, by_a_detour, elsewhere] = outcomes;
        assert_eq!(own.unwrap(), "key");
        assert!(matches!(of_a_folder, Err(LocalFault::NoKey)));
        assert_eq!(by_a_detour.unwrap(), "key");
        assert!(matches!(elsewhere, Err(LocalFault::KeyOutside)));
    }
}
