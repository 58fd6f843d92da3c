//! A server that is known by the SHA-1 of its certificate.
//!
//! A Service Fabric node signs its own; the application is told which it is.
//!
//! Source: "How to leverage a Service Fabric application's managed identity to
//! access Azure services", on `IDENTITY_SERVER_THUMBPRINT`.

use ::aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// Trusts one certificate, and that its key is at the other end.
///
/// The handshake ends with it: nothing is sent to another server, and no secret
/// with it.
#[derive(Debug)]
pub(super) struct Pin {
    thumbprint: [u8; 20],
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pin {
    pub(super) fn new(thumbprint: [u8; 20], provider: &CryptoProvider) -> Self {
        Self {
            thumbprint,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for Pin {
    /// The name, the time and the signer of the certificate are not looked at:
    /// it is that very one, or none.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if digest(&SHA1_FOR_LEGACY_USE_ONLY, end_entity).as_ref() == self.thumbprint {
            return Ok(ServerCertVerified::assertion());
        }
        let other = OtherError(std::sync::Arc::new(Other));
        Err(CertificateError::Other(other).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the SHA-1 of its certificate is not IDENTITY_SERVER_THUMBPRINT")]
struct Other;
