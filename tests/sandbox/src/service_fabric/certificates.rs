//! The certificates that a node shows: signed by nobody else, known by their
//! thumbprint.

use std::{
    fmt::Write as _,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::PrivatePkcs8KeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// The certificate of today, and what is said of it.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// That of the first one, whichever is shown.
    thumbprint: String,
    /// The first one, in PEM.
    pem: String,
    shown: Mutex<Arc<CertifiedKey>>,
}

impl Certificates {
    pub(crate) fn new() -> io::Result<Self> {
        let (first, pem) = self_signed()?;
        Ok(Self {
            thumbprint: thumbprint(&first),
            pem,
            shown: Mutex::new(Arc::new(first)),
        })
    }

    /// What `IDENTITY_SERVER_THUMBPRINT` says: the SHA-1 of the certificate, as
    /// Windows writes it.
    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The certificate that the thumbprint is of, in PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Shows another one from now on, which has another thumbprint than is said.
    pub(crate) fn exchange(&self) -> io::Result<()> {
        *self.shown() = Arc::new(self_signed()?.0);
        Ok(())
    }

    fn shown(&self) -> MutexGuard<'_, Arc<CertifiedKey>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// TLS with whichever certificate is shown at the time.
    pub(crate) fn tls(self: &Arc<Self>) -> io::Result<ServerConfig> {
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        Ok(config.with_no_client_auth().with_cert_resolver(resolver))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown()))
    }
}

/// One, with its PEM.
fn self_signed() -> io::Result<(CertifiedKey, String)> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let chain = vec![made.cert.der().clone()];
    let certified = CertifiedKey::from_der(chain, key.into(), &default_provider());
    Ok((certified.map_err(io::Error::other)?, made.cert.pem()))
}

fn thumbprint(certified: &CertifiedKey) -> String {
    let leaf = certified.cert.first().map(AsRef::as_ref);
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, leaf.unwrap_or_default());
    let mut hex = String::new();
    for byte in hash.as_ref() {
        let _ = write!(hex, "{byte:02X}");
    }
    hex
}
