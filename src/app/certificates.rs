//! The certificate of the API, read anew when its files change; the one that is
//! shown is kept until another is good.

mod certificate;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
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
    refused: Mutex<Option<Refused>>,
    metrics: Metrics,
}

/// Why another certificate is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    fault: String,
    /// Of the files that are not read again for it; `None` where it may pass without a change
    /// of them.
    fingerprint: Option<[u8; 32]>,
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
        Standing {
            expires: self.shown().expires,
            refused: self.refused().as_ref().map(|it| it.fault.clone()),
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
    fn take(&self, look: Option<Result<Option<Certificate>, Refused>>) {
        match look {
            Some(Ok(None)) => self.refuse(None),
            Some(Ok(Some(certificate))) => self.show(certificate),
            Some(Err(refused)) => self.refuse(Some(refused)),
            None => self.refuse(Some(Refused {
                fault: "the look at the files broke off".to_owned(),
                fingerprint: None,
            })),
        }
    }

    /// The certificate of the files, if it is another one.
    fn compare(&self) -> Result<Option<Certificate>, Refused> {
        let refused = |error: CertificateError, fingerprint| Refused {
            fault: chain(&error),
            fingerprint,
        };
        let texts = Texts::read(&self.0.files).map_err(|error| refused(error, None))?;
        let fingerprint = Some(texts.fingerprint());
        if fingerprint == Some(self.shown().fingerprint) {
            return Ok(None);
        }
        let before = self.refused().clone();
        if let Some(before) = before.filter(|it| it.fingerprint == fingerprint) {
            return Err(before);
        }
        let certificate = Certificate::of(&self.0.files, &texts);
        certificate
            .map(Some)
            .map_err(|error| refused(error, fingerprint))
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

    fn refused(&self) -> MutexGuard<'_, Option<Refused>> {
        let refused = self.0.refused.lock();
        refused.unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why another certificate was refused; tells it once.
    fn refuse(&self, now: Option<Refused>) {
        let mut refused = self.refused();
        if *refused == now {
            return;
        }
        if let Some(Refused { fault, .. }) = &now {
            self.0.metrics.certificate_refused();
            tracing::error!(
                fault,
                "a certificate was refused; the one that is shown is kept"
            );
        }
        *refused = now;
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use uuid::Uuid;

    use super::*;

    /// Its files, which go with it.
    struct Files(TlsFiles);

    impl Files {
        fn new() -> Self {
            let own = rcgen::generate_simple_self_signed(vec!["here".to_owned()]).unwrap();
            let path = |end| env::temp_dir().join(format!("{}.{end}", Uuid::new_v4()));
            let files = TlsFiles {
                certificate: path("crt"),
                key: path("key"),
                client_authorities: None,
            };
            fs::write(&files.certificate, own.cert.pem()).unwrap();
            fs::write(&files.key, own.signing_key.serialize_pem()).unwrap();
            Self(files)
        }

        fn load(&self) -> Certificates {
            Certificates::load(self.0.clone(), Metrics::new().unwrap()).unwrap()
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0.certificate);
            let _ = fs::remove_file(&self.0.key);
        }
    }

    #[test]
    fn what_was_refused_is_not_read_again_until_it_is_another() {
        let files = Files::new();
        let certificates = files.load();
        let refused = |text: &str| {
            fs::write(&files.0.key, text).unwrap();
            certificates.take(Some(certificates.compare()));
            certificates.refused().clone().unwrap()
        };
        let first = refused("none");
        // As whoever reads it again would not find it.
        let marked = Refused {
            fault: "known".to_owned(),
            ..first.clone()
        };
        *certificates.refused() = Some(marked.clone());
        assert_eq!(refused("none"), marked);
        assert_eq!(refused("none either").fault, first.fault);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_file() {
        let files = Files::new();
        for path in [&files.0.certificate, &files.0.key] {
            let marked = format!("\u{feff}{}", fs::read_to_string(path).unwrap());
            fs::write(path, marked).unwrap();
        }
        assert!(expiry(&files.0).is_ok());
    }

    #[test]
    fn a_look_that_broke_off_is_told_until_another_went_well() {
        let certificates = Files::new().load();
        certificates.take(None);
        assert!(certificates.standing().refused.is_some());
        certificates.take(Some(Ok(None)));
        assert_eq!(certificates.standing().refused, None);
    }
}
