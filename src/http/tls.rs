//! Which servers are trusted, and what is spoken with them.

mod pin;

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// What is trusted at the other end of a TLS connection.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// The certificate authorities of this machine, or of `SSL_CERT_FILE`.
    ///
    /// Read once for all workers: it is some hundred files on a usual system.
    pub(crate) fn native() -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        let (accepted, _) = roots.add_parsable_certificates(native.certs);
        if accepted == 0 {
            return Err(TlsError::NoRoots);
        }
        Self::of(roots)
    }

    fn of(roots: RootCertStore) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // HTTP/2 is not offered: the h2 0.3 below awc gets no more fixes
        // (RUSTSEC-2026-0258).
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// The certificate authorities of `pem`, and no others.
    pub(crate) fn trusting(pem: &[u8]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let (accepted, _) = roots.add_parsable_certificates(certificates.unwrap_or_default());
        if accepted == 0 {
            return Err(TlsError::NoRoots);
        }
        Self::of(roots)
    }

    /// The one server whose certificate has this SHA-1, whoever signed it.
    pub(crate) fn pinned(thumbprint: [u8; 20]) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let pin = pin::Pin::new(thumbprint, &provider);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pin))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

/// Why no TLS connection can be made from here.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// This machine trusts nobody.
    #[error("no certificate authorities were found; set SSL_CERT_FILE to a PEM bundle")]
    NoRoots,
    /// The cryptography provider lacks a protocol version.
    #[error("TLS could not be set up")]
    Provider(#[from] rustls::Error),
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread, time::Duration};

    use rustls::server::Acceptor;

    use super::*;
    use crate::{
        http::{Client, Deadline, Profile, Request},
        metrics::Metrics,
    };

    /// The protocols that a server is offered by a client with `tls`.
    async fn offered(tls: Tls) -> Vec<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut acceptor = Acceptor::default();
            loop {
                acceptor.read_tls(&mut stream).unwrap();
                if let Some(accepted) = acceptor.accept().ok().flatten() {
                    let hello = accepted.client_hello();
                    let names = hello.alpn().into_iter().flatten();
                    return names.map(<[u8]>::to_vec).collect();
                }
            }
        });
        let patience = Duration::from_secs(10);
        let profile = Profile {
            service: "arm",
            connect: patience,
            body_limit: 1,
            tls: Some(tls),
            guard: None,
        };
        let client = Client::new(profile, Metrics::new().unwrap());
        let request = Request::get(&url, "hello");
        // The server hangs up after the first word.
        let answer = client.exchange(&request, Deadline::after(patience)).await;
        assert!(answer.is_err());
        server.join().unwrap()
    }

    /// What keeps the h2 below awc from being reached (ADR 0035).
    #[actix_web::test]
    async fn no_server_is_offered_http_2() {
        let roots = RootCertStore::empty();
        for tls in [Tls::of(roots).unwrap(), Tls::pinned([0; 20]).unwrap()] {
            assert_eq!(offered(tls).await, [b"http/1.1".to_vec()]);
        }
    }
}
