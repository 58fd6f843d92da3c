//! What a process takes of its host, as Linux tells.

use std::fs;

/// Memory in bytes, the rest in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vitals {
    /// `VmRSS`
    pub(crate) resident: u64,
    /// `RssAnon`: without what is read from files.
    pub(crate) anonymous: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
}

impl Vitals {
    /// Those of the process `id`; none where it has ended.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let descriptors = fs::read_dir(format!("/proc/{id}/fd")).ok()?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok()
        };
        Some(Self {
            resident: number("VmRSS:")? << 10,
            anonymous: number("RssAnon:")? << 10,
            descriptors: descriptors.count() as u64,
            threads: number("Threads:")?,
        })
    }
}

#[test]
fn a_file_that_is_opened_is_a_descriptor_more() {
    let own = || Vitals::of(std::process::id()).unwrap();
    let files: Vec<_> = (0..64)
        .map(|_| fs::File::open("/dev/null").unwrap())
        .collect();
    let with = own();
    assert!(with.descriptors >= 64 && with.threads >= 1);
    assert!(with.resident >= with.anonymous && with.anonymous > 0);
    drop(files);
}
