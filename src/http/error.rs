//! Why an exchange gave no answer to work with.

use std::{error, io::ErrorKind, time::Duration};

use awc::error::{ConnectError, SendRequestError};
use rustls::CertificateError;

use super::Refusal;

/// The text of an error that cannot leave its worker's thread.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Cause(String);

impl Cause {
    /// What `error` says.
    pub(crate) fn new(error: &dyn error::Error) -> Self {
        Self(error.to_string())
    }

    /// A fault that has no error value of its own.
    pub(crate) fn said(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

/// Told apart by what the caller would do next.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Whether it was carried out is not known.
    #[error("no answer within {0:.1?}")]
    Timeout(Duration),
    /// Nobody listens at the other end; nothing was sent.
    #[error("the connection was refused")]
    ConnectionRefused,
    /// No connection; nothing was sent.
    #[error("no connection could be opened")]
    Unreachable(#[source] Cause),
    /// Somebody answered, and is not who they should be; nothing was sent.
    #[error("the server is not one that is trusted")]
    Untrusted(#[source] Cause),
    /// Whether it was carried out is not known.
    #[error("the connection broke before an answer")]
    Interrupted(#[source] Cause),
    /// There was an answer, of which a part is missing.
    #[error("the answer broke off")]
    Truncated(#[source] Cause),
    /// The rest of the answer was not read.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// A status other than success.
    #[error("the answer is {}", .0.status)]
    Refused(Box<Refusal>),
    /// Success, but not what the protocol promises.
    #[error("the answer is not understood")]
    Malformed(#[source] Cause),
    /// Nothing was sent: of the calls in a row that nobody has answered there, the first was
    /// made so long ago.
    #[error("it was not asked, as calls have had no answer for {0:.1?}")]
    Open(Duration),
    /// Nothing was sent: too much is asked of it already.
    #[error("it was not asked")]
    Busy(#[source] Crowd),
}

/// Why it did not come to a call's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Crowd {
    /// As many wait as may wait.
    #[error("too many calls wait for their turn")]
    Full,
    /// It did not come in time.
    #[error("its turn did not come within {0:.0?}")]
    Late(Duration),
}

impl Crowd {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Full => "queue_full",
            Self::Late(_) => "queue_wait",
        }
    }
}

impl Error {
    /// What went wrong before there was a response head.
    pub(super) fn sending(error: &SendRequestError) -> Self {
        if let Some(cause) = distrust(error) {
            return Self::Untrusted(cause);
        }
        match error {
            SendRequestError::Connect(ConnectError::Io(io))
                if io.kind() == ErrorKind::ConnectionRefused =>
            {
                Self::ConnectionRefused
            }
            // Named as if nothing had been sent, but awc says so too when the
            // other end closes the connection instead of answering.
            SendRequestError::Connect(ConnectError::Disconnected) => {
                Self::Interrupted(Cause::said("the connection was closed before an answer"))
            }
            SendRequestError::Connect(_) | SendRequestError::Url(_) => {
                Self::Unreachable(Cause::new(error))
            }
            _ => Self::Interrupted(Cause::new(error)),
        }
    }

    /// The refusal, when there was an answer.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// Why a handshake ended with the certificate, if it did. rustls prints the
/// words of a verifier of ours as its type's name.
fn distrust(error: &SendRequestError) -> Option<Cause> {
    let SendRequestError::Connect(ConnectError::Io(io)) = error else {
        return None;
    };
    match io.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            Some(Cause::new(other.0.as_ref()))
        }
        rustls::Error::InvalidCertificate(_) => Some(Cause::new(io)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_no_finer_than_anybody_reads_them() {
        let turn = Crowd::Late(Duration::from_nanos(999_999_429));
        assert_eq!(turn.to_string(), "its turn did not come within 1000ms");
        let answer = Error::Timeout(Duration::from_nanos(9_999_999_429));
        assert_eq!(answer.to_string(), "no answer within 10.0s");
        let silence = Error::Open(Duration::from_nanos(12_345_678_901));
        let told = "it was not asked, as calls have had no answer for 12.3s";
        assert_eq!(silence.to_string(), told);
    }

    #[test]
    fn a_connection_that_was_open_may_have_carried_the_request() {
        let sent = |error| Error::sending(&SendRequestError::Connect(error));
        let lost = sent(ConnectError::Disconnected);
        assert!(matches!(lost, Error::Interrupted(_)), "{lost:?}");
        let unsent = sent(ConnectError::Timeout);
        assert!(matches!(unsent, Error::Unreachable(_)), "{unsent:?}");
    }
}
