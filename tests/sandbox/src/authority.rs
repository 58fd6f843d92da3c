//! The certificate authority of this Azure, and the certificate of its hosts.
//!
//! Made anew at every start: its key leaves the process as little as that of the
//! hosts, and only those trust it who are told to.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::{
    cloud::Cloud,
    folder::{Folder, write_new},
};

/// What clients have to trust, and what is shown to them.
pub(crate) struct Authority {
    file: PathBuf,
    tls: ServerConfig,
}

impl Authority {
    /// Certifies the hosts of `cloud` and the names of this machine. Clients are
    /// to trust `node` as well, a certificate in PEM.
    pub(crate) fn new(folder: &Folder, cloud: Cloud, node: &str) -> io::Result<Self> {
        let root = root().map_err(io::Error::other)?;
        let local = ["localhost", "127.0.0.1", "::1"].into_iter();
        let names = local.chain(cloud.hosts()).map(str::to_owned).collect();
        let (chain, key) = certified(&root, names).map_err(io::Error::other)?;
        let tls = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        let file = folder.path().join("ca.pem");
        write_new(&file, &format!("{}{node}", root.pem()))?;
        Ok(Self { file, tls })
    }

    /// A file in PEM: the authority, and the certificate of Service Fabric's node.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn tls(&self) -> ServerConfig {
        self.tls.clone()
    }
}

fn root() -> Result<CertifiedIssuer<'static, KeyPair>, Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "azure-sandbox, a local Azure");
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

type Certified = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn certified(root: &CertifiedIssuer<'_, KeyPair>, names: Vec<String>) -> Result<Certified, Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    // OpenSSL finds the issuer by it where several have one name.
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "azure-sandbox");
    let certificate = params.signed_by(&key, root)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((vec![certificate.der().clone()], key.into()))
}
