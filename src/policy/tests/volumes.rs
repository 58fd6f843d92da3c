//! Policies in a volume of Kubernetes.

use std::{
    collections::BTreeSet,
    os::unix::fs::symlink,
    thread,
    time::{Duration, Instant},
};

use super::*;

/// A volume as Kubernetes makes one, of some files, in a folder. All files of a version hold
/// its number.
///
/// Source: kubernetes/kubernetes `pkg/volume/util/atomic_writer.go`.
struct Volume(Folder);

impl Volume {
    /// Its first version, with a link to each file.
    fn of(names: &[&str]) -> Self {
        let volume = Self(Folder::new());
        volume.prepare(1, names);
        volume.swap();
        for name in names {
            volume.link(name);
        }
        volume
    }

    fn place(&self, name: &str) -> PathBuf {
        self.0.0.join(name)
    }

    fn prepare(&self, number: usize, names: &[&str]) {
        let version = format!("..{number}");
        fs::create_dir(self.place(&version)).unwrap();
        for name in names {
            self.0
                .write(&format!("{version}/{name}"), &number.to_string());
        }
        symlink(&version, self.place("..data_tmp")).unwrap();
    }

    fn swap(&self) {
        fs::rename(self.place("..data_tmp"), self.place("..data")).unwrap();
    }

    fn link(&self, name: &str) {
        symlink(format!("..data/{name}"), self.place(name)).unwrap();
    }

    /// Each file by the name that it has in the volume, with what is in it.
    fn read(&self) -> Vec<(String, String)> {
        let folder = format!("{}/", self.0.0.display());
        let texts = self.0.source().read_together().unwrap();
        let texts = texts.into_iter().map(|it| {
            let name = it.file.strip_prefix(&folder).unwrap();
            (name.to_owned(), it.text)
        });
        texts.collect()
    }
}

/// `files` as they are read.
fn these(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let files = files.iter();
    let files = files.map(|&(name, text)| (name.to_owned(), text.to_owned()));
    files.collect()
}

#[test]
fn files_that_are_swapped_at_once_are_read_together() {
    let names: Vec<_> = ('a'..='h').map(|name| format!("{name}.cedar")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let volume = &Volume::of(&names);
    for number in 2..=300 {
        volume.prepare(number, &names);
        let texts = thread::scope(|scope| {
            // Somewhere in the reading, as a rule.
            let (begun, pause) = (Instant::now(), Duration::from_micros(fastrand::u64(..300)));
            scope.spawn(move || {
                while begun.elapsed() < pause {}
                volume.swap();
                fs::remove_dir_all(volume.place(&format!("..{}", number - 1))).unwrap();
            });
            volume.read()
        });
        assert_eq!(texts.len(), names.len(), "{texts:?}");
        let texts: BTreeSet<_> = texts.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts.len(), 1, "{texts:?}");
    }
}

#[test]
fn a_new_file_is_read_although_nothing_leads_to_it_yet() {
    let volume = Volume::of(&["a.cedar"]);
    volume.prepare(2, &["a.cedar", "b.cedar"]);
    volume.swap();
    let whole = these(&[("a.cedar", "2"), ("b.cedar", "2")]);
    assert_eq!(volume.read(), whole);
    volume.link("b.cedar");
    assert_eq!(volume.read(), whole);
}

/// Kubernetes makes the link after the swap; it used to make it before.
#[test]
fn a_link_to_what_is_not_in_the_volume_yet_or_any_more_is_no_file() {
    let volume = Volume::of(&["a.cedar"]);
    volume.prepare(2, &["b.cedar"]);
    volume.link("b.cedar");
    assert_eq!(volume.read(), these(&[("a.cedar", "1")]));
    volume.swap();
    assert_eq!(volume.read(), these(&[("b.cedar", "2")]));
}

#[test]
fn what_stands_beside_a_volume_is_read_as_well() {
    let volume = Volume::of(&["a.cedar", "b.cedar", ".hidden.cedar"]);
    let folder = &volume.0;
    fs::create_dir(volume.place("..1/folder")).unwrap();
    folder.write("..1/folder/deep.cedar", "as deep as none is read");
    volume.link("folder");
    fs::remove_file(volume.place("b.cedar")).unwrap();
    folder.write("b.cedar", "in place of a link");
    folder.write("c.cedar", "a file");
    folder.write("d.txt", "another");
    symlink("d.txt", volume.place("d.cedar")).unwrap();
    symlink("..data/a.cedar", volume.place("e.cedar")).unwrap();
    let read = [
        ("a.cedar", "1"),
        ("b.cedar", "in place of a link"),
        ("c.cedar", "a file"),
        ("d.cedar", "another"),
        ("e.cedar", "1"),
    ];
    assert_eq!(volume.read(), these(&read));
}

#[test]
fn faults_have_the_names_that_are_mounted() {
    let volume = Volume::of(&["a.cedar"]);
    let place = volume.place("a.cedar").display().to_string();
    let told = || volume.0.load().err().unwrap().to_string();
    assert!(told().contains(&format!("{place}:1:1: ")), "{}", told());
    fs::remove_file(volume.place("..1/a.cedar")).unwrap();
    fs::create_dir(volume.place("..1/a.cedar")).unwrap();
    let no_file = format!("{place}: it is not a file");
    assert!(told().contains(&no_file), "{}", told());
}
