//! What a Kubernetes cluster asserts of its pods, in a file of theirs.
//!
//! Sources: Azure/azure-workload-identity `pkg/webhook/consts.go` (audience, an
//! hour); Kubernetes `pkg/volume/util/atomic_writer.go`: the file is a link, by
//! way of `..data`, to a folder that is exchanged as a whole.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

use super::refusals::{Part, Refused};
use crate::{
    clock::Clock,
    folder::{self, Folder},
    seed,
    tokens::claims::{Validity, jwt},
};

const AUDIENCE: &str = "api://AzureADTokenExchange";
const SUBJECT: &str = "system:serviceaccount:mi-gateway:mi-gateway";
const NAME: &str = "azure-identity-token";
const SECONDS: u64 = 3600;

/// Every assertion of the cluster about its pod.
pub(crate) struct Assertions {
    folder: PathBuf,
    clock: Clock,
    issued: Mutex<HashMap<String, Validity>>,
}

impl Assertions {
    pub(crate) fn new(root: &Folder, clock: Clock) -> io::Result<Self> {
        let assertions = Self {
            folder: root.below("serviceaccount")?,
            clock,
            issued: Mutex::default(),
        };
        assertions.rotate()?;
        let data = Path::new("..data").join(NAME);
        std::os::unix::fs::symlink(data, assertions.file())?;
        Ok(assertions)
    }

    /// Where the newest is.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Puts a new one into the file; those before hold on.
    pub(crate) fn rotate(&self) -> io::Result<()> {
        let assertion = self.issue();
        let (name, data) = (Uuid::new_v4().to_string(), self.folder.join("..data"));
        let content = self.folder.join(format!("..{name}"));
        fs::create_dir(&content)?;
        folder::write_new(&content.join(NAME), &assertion)?;
        let link = self.folder.join("..data_tmp");
        std::os::unix::fs::symlink(format!("..{name}"), &link)?;
        let before = fs::read_link(&data);
        fs::rename(link, data)?;
        match before {
            Ok(before) => fs::remove_dir_all(self.folder.join(before)),
            Err(_) => Ok(()),
        }
    }

    /// Those so far hold no longer; the file stays as it is.
    pub(crate) fn expire(&self) {
        let now = self.clock.now();
        for validity in self.issued().values_mut() {
            validity.expires_on = validity.expires_on.min(now);
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.issued().keys().cloned().collect()
    }

    fn issue(&self) -> String {
        let now = self.clock.now();
        let validity = Validity {
            not_before: now,
            expires_on: now + SECONDS,
        };
        let assertion = jwt(&json!({
            "aud": [AUDIENCE],
            "exp": validity.expires_on,
            "iat": now,
            "iss": issuer(),
            "jti": Uuid::new_v4().to_string(),
            "nbf": now,
            "sub": SUBJECT,
        }));
        self.issued().insert(assertion.clone(), validity);
        assertion
    }

    /// Whether `assertion` is about the pod, and holds now.
    pub(super) fn check(&self, assertion: &str) -> Result<(), Refused> {
        let claims = claims(assertion).ok_or_else(Refused::malformed)?;
        let audience = match &claims["aud"] {
            Value::Array(audiences) => audiences.first().unwrap_or(&Value::Null),
            one => one,
        };
        for (part, claim, expected) in [
            (Part::Issuer, &claims["iss"], issuer().as_str()),
            (Part::Audience, audience, AUDIENCE),
            (Part::Subject, &claims["sub"], SUBJECT),
        ] {
            // With regard to case: see Azure/login#517.
            if claim != expected {
                return Err(Refused::no_match(part, claim.as_str().unwrap_or_default()));
            }
        }
        let validity = self.issued().get(assertion).copied();
        let validity = validity.ok_or_else(Refused::signature)?;
        if validity.expires_on <= self.clock.now() {
            return Err(Refused::outside(validity, self.clock.time()));
        }
        Ok(())
    }

    fn issued(&self) -> MutexGuard<'_, HashMap<String, Validity>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cluster.
fn issuer() -> String {
    let cluster = seed::guid("cluster");
    format!(
        "https://westeurope.oic.prod-aks.azure.com/{}/{cluster}/",
        seed::TENANT
    )
}

/// What a JWT says; its signature is not looked at.
fn claims(assertion: &str) -> Option<Value> {
    let mut parts = assertion.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}
