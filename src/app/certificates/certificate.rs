//! A certificate as its files have it.

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest::{self, SHA256};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use x509_parser::parse_x509_certificate;

use crate::config::TlsFiles;

/// A chain of certificates has some kilobytes, and a bundle of authorities some
/// hundred.
const MOST_BYTES: u64 = 1 << 20;

/// A byte order mark, in UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// What is wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// One is not there, or not readable.
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// There is nothing in it, or something else.
    #[error("{} has no {what} in PEM", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it should have.
        what: &'static str,
    },
    /// It is in PEM, and what is within is not read.
    #[error("what {} has in PEM cannot be read: {}", .0.display(), .1)]
    Malformed(PathBuf, &'static str),
    /// An authority that cannot vouch for anybody.
    #[error("{} has a certificate that is not one of an authority", .0.display())]
    Authority(PathBuf, #[source] rustls::Error),
    /// The certificate is not X.509.
    #[error("{} has a certificate that is not one of X.509", .0.display())]
    NotX509(PathBuf),
    /// The certificate is not of the key, or of a kind that is not known.
    #[error("the certificate of {} cannot be shown with the key of {}", .certificate.display(), .key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of its key.
        key: PathBuf,
        /// What TLS says of them.
        source: rustls::Error,
    },
    /// TLS lacks something that should be there.
    #[error("TLS cannot be offered")]
    Provider(#[from] rustls::Error),
}

/// The files as they were read together; what is in them leaves this only as a
/// configuration of TLS.
pub(super) struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_authorities: Option<Vec<u8>>,
}

impl Texts {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, CertificateError> {
        let authorities = files.client_authorities.as_deref();
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            client_authorities: authorities.map(read).transpose()?,
        })
    }

    /// Files with the same are the same.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let none = Vec::new();
        let authorities = self.client_authorities.as_ref().unwrap_or(&none);
        let mut context = digest::Context::new(&SHA256);
        for text in [&self.certificate, &self.key, authorities] {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        bytes
    }
}

/// What is shown to callers, and what they have to show.
pub(super) struct Certificate {
    pub(super) tls: Arc<ServerConfig>,
    pub(super) expires: SystemTime,
    pub(super) fingerprint: [u8; 32],
}

impl Certificate {
    /// What `texts`, read from `files`, come to.
    pub(super) fn of(files: &TlsFiles, texts: &Texts) -> Result<Self, CertificateError> {
        let chain = certificates(&files.certificate, &texts.certificate)?;
        let expires = expiry(&files.certificate, &chain)?;
        let key = key(&files.key, &texts.key)?;
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match (&files.client_authorities, &texts.client_authorities) {
            (Some(path), Some(text)) => builder.with_client_cert_verifier(verifier(path, text)?),
            (None, _) | (_, None) => builder.with_no_client_auth(),
        };
        let pair = builder.with_single_cert(chain, key);
        let mut tls = pair.map_err(|source| CertificateError::Pair {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            source,
        })?;
        // HTTP/2 is not offered: the h2 0.3 below actix-http gets no more fixes
        // (RUSTSEC-2026-0258).
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            tls: Arc::new(tls),
            expires,
            fingerprint: texts.fingerprint(),
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let unreadable = |error| CertificateError::Unreadable(path.to_owned(), error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let length = file.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    if length.map_err(unreadable)? as u64 > MOST_BYTES {
        let error = io::Error::other(format!("it has more than {MOST_BYTES} bytes"));
        return Err(unreadable(error));
    }
    // Editors on Windows put a byte order mark first, which is no part of PEM.
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    Ok(bytes)
}

fn certificates(
    path: &Path,
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let all = all.map_err(|error| CertificateError::Malformed(path.to_owned(), fault(&error)))?;
    if all.is_empty() {
        return Err(CertificateError::Missing {
            path: path.to_owned(),
            what: "certificate",
        });
    }
    Ok(all)
}

fn key(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => CertificateError::Missing {
            path: path.to_owned(),
            what: "private key",
        },
        error => CertificateError::Malformed(path.to_owned(), fault(&error)),
    })
}

/// What is wrong, in our own words: `error` shows the line that it is about, and where the
/// lines of a key were joined, that is the key.
fn fault(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a part has no line that ends it",
        pem::Error::IllegalSectionStart { .. } => "there is more on a line that begins a part",
        pem::Error::Base64Decode(_) => "a part is not base64",
        _ => "it is not PEM",
    }
}

/// Callers have to show a certificate that one of these has signed.
fn verifier(path: &Path, text: &[u8]) -> Result<Arc<dyn ClientCertVerifier>, CertificateError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, text)? {
        let added = roots.add(certificate);
        added.map_err(|error| CertificateError::Authority(path.to_owned(), error))?;
    }
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let failed = |error: rustls::server::VerifierBuilderError| {
        CertificateError::Provider(rustls::Error::General(error.to_string()))
    };
    verifier.map_err(failed)
}

/// When the first of `chain` expires, which is the one that is shown.
fn expiry(path: &Path, chain: &[CertificateDer<'_>]) -> Result<SystemTime, CertificateError> {
    let first = chain.first().map(|first| parse_x509_certificate(first));
    let Some(Ok((_, certificate))) = first else {
        return Err(CertificateError::NotX509(path.to_owned()));
    };
    let seconds = certificate.validity().not_after.timestamp();
    let since = Duration::from_secs(seconds.try_into().unwrap_or_default());
    Ok(SystemTime::UNIX_EPOCH + since)
}
