//! The secret of a state folder: with it whoever uses the local AWS signs what they ask for.

use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{LocalError, files};

/// As many characters as a secret of AWS has, all of them safe in a shell.
const BYTES: usize = 20;

/// A secret, which no text about its holder shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// The secret, which is made the first time.
pub(super) fn read_or_make(path: &Path) -> Result<Secret, LocalError> {
    if let Some(secret) = read(path)? {
        return Ok(secret);
    }
    make(path)?;
    read(path)?.ok_or_else(|| LocalError::file("read", path, &ErrorKind::InvalidData.into()))
}

/// Forgets the secret, and everything that was signed with it.
pub(super) fn forget(path: &Path) -> Result<(), LocalError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(LocalError::file("remove", path, &error))
        }
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<Secret>, LocalError> {
    let is_one = |text: &String| {
        text.len() == 2 * BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    match files::read_no_link(path) {
        Ok(text) => Ok(Some(text).filter(is_one).map(Secret)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LocalError::file("read", path, &error)),
    }
}

/// Makes it whole or not at all, and leaves one that another imgprep made meanwhile.
fn make(path: &Path) -> Result<(), LocalError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| LocalError::file("make", path, &error.into()))?;
    let temporary = path.with_added_extension(std::process::id().to_string());
    let write = || {
        let mut file: File =
            File::options().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(hex::encode(bytes).as_bytes())?;
        fs::hard_link(&temporary, path)
    };
    let written = write();
    // What is left of it is in nobody's way but the next process of this number.
    let _ = fs::remove_file(&temporary);
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(LocalError::file("make", path, &error))
        }
        _ => Ok(()),
    }
}
