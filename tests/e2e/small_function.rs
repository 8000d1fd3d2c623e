//! The smallest function that can be deployed: what matters to a test of the stack alone is that it
//! is uploaded, not what it does.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A zip with nothing but the header of an executable, and `mark`, which tells two of them apart.
pub(crate) fn zip(mark: u8) -> Vec<u8> {
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("bootstrap", options).unwrap();
    writer.write_all(&executable(mark)).unwrap();
    writer.finish().unwrap().into_inner()
}

/// The header of a static 64-bit executable for `x86_64` without sections (System V ABI, "ELF
/// Header").
fn executable(mark: u8) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(64, 0);
    bytes[16] = 2;
    bytes[18] = 62;
    bytes[20] = 1;
    bytes[52] = 64;
    bytes.push(mark);
    bytes
}
