//! The files that gateways read and write, and what becomes of them.

use std::{
    cell::{Cell, RefCell},
    fs, io,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{ClientConfig, pki_types::CertificateDer};
use uuid::Uuid;

use crate::{
    pki::{Authority, Folder, YEAR},
    visit::{self, Visit},
};

/// Policies with the meaning of the built-in ones, one for changes, which those let
/// nobody make, and one for the cluster's robot.
const POLICIES: &str = r#"
@id("read") permit (principal in MiGateway::Role::"Vm.Read",
  action in MiGateway::Action::"read", resource);
@id("operate") permit (principal in MiGateway::Role::"Vm.Operate",
  action in [MiGateway::Action::"read", MiGateway::Action::"operate"], resource);
@id("change") permit (principal in MiGateway::Role::"Vm.Operate",
  action == MiGateway::Action::"updateVm", resource);
@id("directory") permit (principal in MiGateway::Role::"Directory.Read",
  action in MiGateway::Action::"directory", resource);
@id("robot") permit (principal == MiGateway::Caller::"system:serviceaccount:default:caller",
  action in MiGateway::Action::"read", resource);
"#;

/// How many there are, with the one of the identity.
const COUNT: usize = 6;

/// To whom the gateways' identity is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// To all who may read machines, as by the built-in policies.
    Readers,
    Operators,
}

/// Everything in one folder, which is gone with a run that has passed.
pub(crate) struct Files {
    folder: PathBuf,
    tls: Folder,
    authority: Authority,
    /// The last good one.
    certificate: RefCell<CertificateDer<'static>>,
    /// By the last good policies.
    shown: Cell<Shown>,
}

impl Files {
    /// A folder with good policies and a good certificate.
    pub(crate) fn new() -> Self {
        let name = format!("chaos-{}", Uuid::new_v4().simple());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let authority = Authority::new("chaos");
        let files = Self {
            folder,
            tls: Folder::new(),
            certificate: RefCell::new(authority.der()),
            authority,
            shown: Cell::new(Shown::Readers),
        };
        files.show_certificate(YEAR);
        files.write_policies(0, Shown::Readers);
        files
    }

    /// The file `name` in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The variables that tell of certificate and policies.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        let policies = self.path("policies.cedar");
        [
            ("MIG_TLS_CERTIFICATE_FILE", self.tls.path("tls.crt")),
            ("MIG_TLS_KEY_FILE", self.tls.path("tls.key")),
            ("MIG_POLICY_FILE", policies.display().to_string()),
        ]
    }

    /// What a client trusts.
    pub(crate) fn trust(&self) -> ClientConfig {
        visit::anybody(&self.authority)
    }

    /// A new file `name` that says `text`.
    pub(crate) fn written(&self, name: &str, text: &str) -> PathBuf {
        self.put(name, text);
        self.path(name)
    }

    /// A good certificate, up to the beginning of `year`.
    pub(crate) fn show_certificate(&self, year: i32) {
        let certified = self.authority.certify_until("localhost", year);
        self.tls.show(&certified);
        self.certificate.replace(certified.chain[0].clone());
    }

    /// Whether the gateway at `api` presents the last good certificate.
    pub(crate) fn is_presented(&self, api: SocketAddr) -> io::Result<bool> {
        let visit = Visit::open(api, &Arc::new(self.trust()))?;
        Ok(visit.shown() == *self.certificate.borrow())
    }

    /// A certificate without its key.
    pub(crate) fn spoil_certificate(&self) {
        let other = self.authority.certify("localhost");
        self.tls.put("tls.crt", &other.certificate);
    }

    /// To whom the identity is shown, by the last good policies.
    pub(crate) fn shown(&self) -> Shown {
        self.shown.get()
    }

    /// Good policies, with so many more that decide nothing; how many there are.
    pub(crate) fn write_policies(&self, more: usize, shown: Shown) -> usize {
        self.shown.set(shown);
        let role = match shown {
            Shown::Readers => "Vm.Read",
            Shown::Operators => "Vm.Operate",
        };
        let identity = format!(
            "@id(\"identity\") permit (principal in MiGateway::Role::\"{role}\", \
             action == MiGateway::Action::\"getIdentity\", resource);\n"
        );
        let further = (0..more).map(|number| {
            format!("@id(\"more-{number}\") permit (principal in MiGateway::Role::\"None\", action, resource);\n")
        });
        self.put(
            "policies.cedar",
            &(POLICIES.to_owned() + &identity + &further.collect::<String>()),
        );
        COUNT + more
    }

    /// Policies that cannot be read.
    pub(crate) fn spoil_policies(&self) {
        self.put("policies.cedar", "permit (principal, action, resouce);");
    }

    /// A link `name`, where the record of changes is written: it leads to a file.
    pub(crate) fn link(&self, name: &str) -> PathBuf {
        self.lead(name, &self.record(name));
        self.path(name)
    }

    /// From now on what is opened at `name` is a device that is full.
    pub(crate) fn fill(&self, name: &str) {
        self.lead(name, Path::new("/dev/full"));
    }

    /// The file behind the link `name`.
    pub(crate) fn record(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.lines"))
    }

    /// Nothing of it is looked at any more.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn lead(&self, name: &str, to: &Path) {
        let new = self.path(&format!("{name}.new"));
        symlink(to, &new).expect("a link");
        fs::rename(new, self.path(name)).expect("a link in its place");
    }

    fn put(&self, name: &str, text: &str) {
        let new = self.path(&format!("{name}.new"));
        fs::write(&new, text).expect("a file");
        fs::rename(new, self.path(name)).expect("a file in its place");
    }
}
