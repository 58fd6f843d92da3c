//! The files that gateways read and write, and what becomes of them.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use uuid::Uuid;

use crate::pki::{Authority, Folder, YEAR};

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
@id("identity") permit (principal in MiGateway::Role::"Vm.Read",
  action == MiGateway::Action::"getIdentity", resource);
@id("robot") permit (principal == MiGateway::Caller::"system:serviceaccount:default:caller",
  action in MiGateway::Action::"read", resource);
"#;

/// How many there are.
const COUNT: usize = 6;

/// Everything in one folder, which is gone with a run that has passed.
pub(crate) struct Files {
    folder: PathBuf,
    tls: Folder,
    authority: Authority,
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
            authority,
        };
        files.show_certificate(YEAR);
        files.write_policies(0);
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
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der()).expect("a root");
        let builder = ClientConfig::builder_with_provider(default_provider().into());
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.expect("versions").with_root_certificates(roots);
        builder.with_no_client_auth()
    }

    /// A good certificate, up to the beginning of `year`.
    pub(crate) fn show_certificate(&self, year: i32) {
        self.tls
            .show(&self.authority.certify_until("localhost", year));
    }

    /// A certificate without its key.
    pub(crate) fn spoil_certificate(&self) {
        let other = self.authority.certify("localhost");
        self.tls.put("tls.crt", &other.certificate);
    }

    /// Good policies, with so many more that decide nothing; how many there are.
    pub(crate) fn write_policies(&self, more: usize) -> usize {
        let further = (0..more).map(|number| {
            format!("@id(\"more-{number}\") permit (principal in MiGateway::Role::\"None\", action, resource);\n")
        });
        self.put(
            "policies.cedar",
            &(POLICIES.to_owned() + &further.collect::<String>()),
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
