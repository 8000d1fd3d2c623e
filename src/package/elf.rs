//! Whether an executable runs on Lambda: the right machine, and no newer glibc than is there.

use object::LittleEndian;
use object::elf::{EM_AARCH64, EM_X86_64, FileHeader64, Machine, SHT_GNU_VERNEED, VER_FLG_WEAK};
use object::read::elf::FileHeader as _;

use super::PackageError;
use super::error::ElfReason;
use crate::config::Arch;

/// The glibc of Amazon Linux 2023, which `provided.al2023` is.
pub(super) const GLIBC_MAX: (u32, u32) = (2, 34);

/// Refuses an executable that Lambda could not start; `name` is where it came from.
pub(super) fn check(binary: &[u8], arch: Arch, name: &str) -> Result<(), PackageError> {
    examine(binary, arch).map_err(|reason| PackageError::Elf { name: name.into(), reason })
}

pub(super) fn examine(binary: &[u8], arch: Arch) -> Result<(), ElfReason> {
    let format = |error: object::Error| ElfReason::Format { detail: error.to_string() };
    let header = FileHeader64::<LittleEndian>::parse(binary).map_err(format)?;
    if !header.is_little_endian() {
        return Err(ElfReason::Format { detail: "it is big-endian".into() });
    }
    let (machine, wanted) = match arch {
        Arch::X86_64 => (EM_X86_64, "x86_64"),
        Arch::Arm64 => (EM_AARCH64, "arm64"),
    };
    let found = header.e_machine(LittleEndian);
    if found != machine {
        return Err(ElfReason::Machine { found: machine_name(found), wanted });
    }
    match newest_glibc(binary, header).map_err(format)? {
        Some(version) if version > GLIBC_MAX => Err(ElfReason::Glibc { version }),
        _ => Ok(()),
    }
}

/// The newest glibc that the loader insists on. A weak need is met by any: the program asks at run
/// time whether the symbol is there. A static executable needs none.
fn newest_glibc(
    binary: &[u8],
    header: &FileHeader64<LittleEndian>,
) -> object::Result<Option<(u32, u32)>> {
    let sections = header.sections(LittleEndian, binary)?;
    let mut newest = None;
    for section in sections.iter().filter(|s| s.sh_type.get(LittleEndian) == SHT_GNU_VERNEED) {
        use object::read::elf::SectionHeader as _;
        let Some((mut needs, link)) = section.gnu_verneed(LittleEndian, binary)? else {
            continue;
        };
        let names = sections.strings(LittleEndian, binary, link)?;
        while let Some((_, mut versions)) = needs.next()? {
            while let Some(version) = versions.next()? {
                if version.vna_flags.get(LittleEndian) & VER_FLG_WEAK != VER_FLG_WEAK {
                    newest = newest.max(glibc_version(version.name(LittleEndian, names)?));
                }
            }
        }
    }
    Ok(newest)
}

/// `GLIBC_2.34` and `GLIBC_2.2.5` as numbers; `None` for every other name.
fn glibc_version(name: &[u8]) -> Option<(u32, u32)> {
    let mut numbers = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn machine_name(machine: Machine) -> String {
    match machine {
        EM_X86_64 => "x86_64".into(),
        EM_AARCH64 => "arm64".into(),
        Machine(other) => format!("machine {other} of the ELF standard"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    const HERE: (Arch, Arch) = if cfg!(target_arch = "aarch64") {
        (Arch::Arm64, Arch::X86_64)
    } else {
        (Arch::X86_64, Arch::Arm64)
    };

    /// The executable of this very test.
    #[cfg(target_os = "linux")]
    fn this_executable() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_real_executable_is_read() {
        let binary = this_executable();
        let header = FileHeader64::<LittleEndian>::parse(binary.as_slice()).unwrap();
        let newest = newest_glibc(&binary, header).unwrap();
        if cfg!(target_env = "gnu") {
            assert!(newest > Some((2, 10)), "{newest:?}");
        } else {
            assert_eq!(newest, None);
        }
        let result = examine(&binary, HERE.0);
        assert_eq!(result.is_ok(), newest <= Some(GLIBC_MAX), "{result:?}");
        assert!(matches!(examine(&binary, HERE.1), Err(ElfReason::Machine { .. })));
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn a_need_counts_unless_it_is_weak() {
        // The names of the versions are changed in place, so that the file stays whole.
        let mut binary = this_executable();
        let old = b"\0GLIBC_2.2.5\0";
        let new = b"\0GLIBC_2.9999"[..12].to_vec();
        let start = binary.windows(old.len()).position(|window| window == old).unwrap();
        binary[start..start + new.len()].copy_from_slice(&new);
        let error = check(&binary, HERE.0, "the function").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot use `bootstrap` of the function: it needs GLIBC_2.999, newer than Lambda's \
             GLIBC_2.34"
        );
        assert!(error.hint().contains("cargo zigbuild"), "{}", error.hint());
        assert!(examine(&weakened(&binary), HERE.0).is_ok());
    }

    /// The executable with every need of a version made weak.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn weakened(binary: &[u8]) -> Vec<u8> {
        let header = FileHeader64::<LittleEndian>::parse(binary).unwrap();
        let sections = header.sections(LittleEndian, binary).unwrap();
        let (mut needs, _) = sections.gnu_verneed(LittleEndian, binary).unwrap().unwrap();
        let mut weak = binary.to_vec();
        while let Some((_, mut versions)) = needs.next().unwrap() {
            while let Some(version) = versions.next().unwrap() {
                let start = std::ptr::from_ref(version) as usize - binary.as_ptr() as usize;
                // `vna_flags` follows the four bytes of `vna_hash`.
                weak[start + 4] |= 2;
            }
        }
        weak
    }

    #[test]
    fn what_is_no_executable_is_refused() {
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &[0; 64], &header(183)[..40]] {
            let reason = examine(bytes, Arch::X86_64).unwrap_err();
            assert!(matches!(reason, ElfReason::Format { .. }), "{reason:?}");
        }
        let mut mach_o = vec![0xcf, 0xfa, 0xed, 0xfe];
        mach_o.resize(64, 0);
        let error = check(&mach_o, Arch::Arm64, "`f.zip`").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot use `bootstrap` of `f.zip`: it is not a 64-bit Linux executable"
        );
    }

    #[test]
    fn a_static_executable_needs_only_the_right_machine() {
        assert_eq!(examine(&header(62), Arch::X86_64), Ok(()));
        assert_eq!(examine(&header(183), Arch::Arm64), Ok(()));
        let wrong = |found: &str, wanted| Err(ElfReason::Machine { found: found.into(), wanted });
        assert_eq!(examine(&header(183), Arch::X86_64), wrong("arm64", "x86_64"));
        assert_eq!(examine(&header(62), Arch::Arm64), wrong("x86_64", "arm64"));
        let other = "machine 40 of the ELF standard";
        assert_eq!(examine(&header(40), Arch::Arm64), wrong(other, "arm64"));
    }

    /// The smallest file that is an executable for a machine: a header without sections.
    fn header(machine: u8) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(64, 0);
        bytes[16] = 2;
        bytes[18] = machine;
        bytes[20] = 1;
        bytes[52] = 64;
        bytes
    }

    #[test]
    fn versions_are_numbers_not_text() {
        assert_eq!(glibc_version(b"GLIBC_2.34"), Some((2, 34)));
        assert!(glibc_version(b"GLIBC_2.2.5") < glibc_version(b"GLIBC_2.14"));
        assert_eq!(glibc_version(b"GLIBC_PRIVATE"), None);
        assert_eq!(glibc_version(b"GCC_3.0"), None);
    }
}
