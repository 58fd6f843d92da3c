//! What the service does not start with.

use std::{fs, path::Path};

use azure_sandbox::{Host, Settings};

use super::{Examined, examined, sandbox, says};
use crate::transport::pki::{Authority, Folder};

async fn told(changes: &[(&str, &str)]) -> Examined {
    let changes: Vec<_> = changes
        .iter()
        .map(|(name, it)| (*name, Some(*it)))
        .collect();
    examined(sandbox(Settings::default()), Host::Vm, &changes).await
}

#[actix_web::test]
async fn policies_that_are_refused_are_told_with_their_faults() {
    let folder = Folder::new();
    folder.put(
        "a.cedar",
        "permit (principal, action == MiGateway::Action::\"dealocate\", resource);",
    );
    let examined = told(&[("MIG_POLICY_FILE", &folder.path("a.cedar"))]).await;
    let check = examined.fails_alone(("policies", "refused"));
    says(check, "detail", "a.cedar:1:");
    says(check, "detail", "dealocate");
    says(check, "mend", "policy check");
}

#[actix_web::test]
async fn a_record_that_cannot_be_written_is_told_and_none_is_begun() {
    let folder = Folder::new();
    let examined = told(&[("MIG_AUDIT_FILE", &folder.path("none/audit.json"))]).await;
    let check = examined.fails_alone(("audit", "unwritable"));
    says(check, "mend", "MIG_AUDIT_FILE");
    let path = folder.path("audit.json");
    for text in [None, Some("{}\n"), Some("{")] {
        if let Some(text) = text {
            folder.put("audit.json", text);
        }
        let examined = told(&[("MIG_AUDIT_FILE", &path)]).await;
        assert_eq!(examined.check("audit")["verdict"], "ok");
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), text);
    }
    assert!(!Path::new(&folder.path("none")).exists());
}

#[actix_web::test]
async fn a_certificate_that_cannot_be_shown_or_that_nobody_would_take_is_told() {
    let (folder, authority) = (Folder::new(), Authority::new("servers"));
    let (certificate, key) = (folder.path("tls.crt"), folder.path("tls.key"));
    let vars = [
        ("MIG_TLS_CERTIFICATE_FILE", certificate.as_str()),
        ("MIG_TLS_KEY_FILE", key.as_str()),
    ];
    let missing = told(&vars).await;
    let check = missing.fails_alone(("certificate", "refused"));
    says(check, "detail", &certificate);
    folder.show(&authority.certify_until("localhost", 2020));
    told(&vars).await.fails_alone(("certificate", "expired"));
    folder.show(&authority.certify("localhost"));
    let good = told(&vars).await;
    says(good.check("certificate"), "detail", "is good until 2090");
}
