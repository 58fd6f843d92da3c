//! The certificate of the API, read anew when its files change; the one that is
//! shown is kept until another is good.

mod certificate;

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use actix_web::rt::{task::spawn_blocking, time};
use rustls::ServerConfig;

pub use certificate::CertificateError;
#[cfg(any(fuzzing, test))]
pub(crate) use certificate::fuzz;

use certificate::{Certificate, Texts};

use crate::{config::TlsFiles, metrics::Metrics, telemetry::chain};

/// Files are compared by what is in them: a Secret is swapped by a link, and not
/// every file system tells of changes.
const EVERY: Duration = Duration::from_secs(5);

/// The certificate that is shown, for all workers; cloning it copies nothing.
#[derive(Clone)]
pub(super) struct Certificates(Arc<Inner>);

struct Inner {
    files: TlsFiles,
    /// Replaced as a whole, with the sessions that callers could resume: whom the
    /// authorities no longer vouch for has to show a certificate again.
    shown: RwLock<Arc<Certificate>>,
    refused: Mutex<Option<String>>,
    metrics: Metrics,
}

/// When the certificate of `files` expires, or what is wrong with them.
pub(crate) fn expiry(files: &TlsFiles) -> Result<SystemTime, CertificateError> {
    Ok(Certificate::of(files, &Texts::read(files)?)?.expires)
}

/// How the certificate stands.
pub(super) struct Standing {
    pub(super) expires: SystemTime,
    /// What is wrong with the one that should have taken its place.
    pub(super) refused: Option<String>,
}

impl Certificates {
    /// The certificate of `files`, or what is wrong with it.
    pub(super) fn load(files: TlsFiles, metrics: Metrics) -> Result<Self, CertificateError> {
        let certificate = Certificate::of(&files, &Texts::read(&files)?)?;
        metrics.certificate_loaded(certificate.expires);
        Ok(Self(Arc::new(Inner {
            files,
            shown: RwLock::new(Arc::new(certificate)),
            refused: Mutex::default(),
            metrics,
        })))
    }

    /// With what a handshake that begins now is made.
    pub(super) fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.shown().tls)
    }

    /// How the certificate stands.
    pub(super) fn standing(&self) -> Standing {
        let refused = self.0.refused.lock();
        Standing {
            expires: self.shown().expires,
            refused: refused.unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Looks for another certificate for as long as the gateway serves.
    pub(super) async fn keep_current(self) {
        loop {
            time::sleep(EVERY).await;
            let this = self.clone();
            self.take(spawn_blocking(move || this.compare()).await.ok());
        }
    }

    /// A look that ended in a panic is no last one: the files may be mended.
    fn take(&self, look: Option<Result<Option<Certificate>, CertificateError>>) {
        match look {
            Some(Ok(None)) => self.refuse(None),
            Some(Ok(Some(certificate))) => self.show(certificate),
            Some(Err(error)) => self.refuse(Some(chain(&error))),
            None => self.refuse(Some("the look at the files broke off".to_owned())),
        }
    }

    /// The certificate of the files, if it is another one.
    fn compare(&self) -> Result<Option<Certificate>, CertificateError> {
        let texts = Texts::read(&self.0.files)?;
        if texts.fingerprint() == self.shown().fingerprint {
            return Ok(None);
        }
        Certificate::of(&self.0.files, &texts).map(Some)
    }

    fn shown(&self) -> Arc<Certificate> {
        let shown = self.0.shown.read();
        Arc::clone(&shown.unwrap_or_else(PoisonError::into_inner))
    }

    fn show(&self, certificate: Certificate) {
        let expires = certificate.expires;
        let mut shown = self.0.shown.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Arc::new(certificate);
        drop(shown);
        // Whoever waits for it may count on it.
        self.0.metrics.certificate_loaded(expires);
        tracing::info!("the certificate of the API was read anew");
        self.refuse(None);
    }

    /// Notes why another certificate was refused; tells it once.
    fn refuse(&self, fault: Option<String>) {
        let refused = self.0.refused.lock();
        let mut refused = refused.unwrap_or_else(PoisonError::into_inner);
        if *refused == fault {
            return;
        }
        if let Some(fault) = &fault {
            self.0.metrics.certificate_refused();
            tracing::error!(
                fault,
                "a certificate was refused; the one that is shown is kept"
            );
        }
        *refused = fault;
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_look_that_broke_off_is_told_until_another_went_well() {
        let own = rcgen::generate_simple_self_signed(vec!["here".to_owned()]).unwrap();
        let path = |end| env::temp_dir().join(format!("{}.{end}", Uuid::new_v4()));
        let files = TlsFiles {
            certificate: path("crt"),
            key: path("key"),
            client_authorities: None,
        };
        fs::write(&files.certificate, own.cert.pem()).unwrap();
        fs::write(&files.key, own.signing_key.serialize_pem()).unwrap();
        let loaded = Certificates::load(files.clone(), Metrics::new().unwrap());
        fs::remove_file(&files.certificate).unwrap();
        fs::remove_file(&files.key).unwrap();
        let certificates = loaded.unwrap();

        certificates.take(None);
        assert!(certificates.standing().refused.is_some());
        certificates.take(Some(Ok(None)));
        assert_eq!(certificates.standing().refused, None);
    }
}
