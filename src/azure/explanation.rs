//! Compute's error codes in plain words.

/// What `code` means for whoever gave the order; `None` where Azure's own words
/// have to do. Codes are told without regard to case: Azure's documents write
/// some in two ways.
///
/// Sources: Azure virtual machines, "Understand common error messages when you
/// manage virtual machines in Azure"; "Troubleshooting hibernation in Azure", common error
/// codes; Azure/azure-rest-api-specs#22434 for the preempted operation.
pub(crate) fn explanation(code: &str) -> Option<&'static str> {
    let known = EXPLANATIONS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(code));
    known.map(|(_, words)| *words)
}

/// Whether `code` says that there is nothing to run the machine on.
pub(super) fn is_shortage(code: &str) -> bool {
    SHORTAGES.iter().any(|name| name.eq_ignore_ascii_case(code))
}

const SHORTAGES: [&str; 7] = [
    "AllocationFailed",
    "ZonalAllocationFailed",
    "OverconstrainedAllocationRequest",
    "OverconstrainedZonalAllocationRequest",
    "OverconstrainedResumeFromHibernatedStateAllocationRequest",
    "SkuNotAvailable",
    "QuotaExceeded",
];

const EXPLANATIONS: [(&str, &str); 13] = [
    (
        "OperationPreempted",
        "a more recent operation on the same virtual machine took the place of this one",
    ),
    (
        "AllocationFailed",
        "Azure has no hardware free for a machine of this size in this region now: try again \
         later, or change the size",
    ),
    (
        "ZonalAllocationFailed",
        "Azure has no hardware free for a machine of this size in this availability zone now: try \
         again later, or change the size",
    ),
    (
        "OverconstrainedAllocationRequest",
        "no hardware in this region meets all that this machine asks for: try again later, or \
         change its size",
    ),
    (
        "OverconstrainedZonalAllocationRequest",
        "no hardware in this availability zone meets all that this machine asks for: try again \
         later, or change its size",
    ),
    (
        "OverconstrainedResumeFromHibernatedStateAllocationRequest",
        "no hardware is free on which this hibernated machine can resume: try again later, or \
         deallocate it with ?hibernate=false, which gives up its memory, and start it; its size \
         cannot be changed before",
    ),
    (
        "SkuNotAvailable",
        "the size of this machine is not offered to this subscription in this region or zone now: \
         change the size",
    ),
    (
        "QuotaExceeded",
        "the subscription's quota of cores is used up: deallocate other machines, or have the \
         quota raised",
    ),
    (
        "VMAgentStatusCommunicationError",
        "the agent in the machine has not reported: the power state tells whether the machine \
         itself is well",
    ),
    (
        "VMStartTimedOut",
        "the machine did not start in the time that Azure gives it, and may start yet: look at \
         its power state later",
    ),
    (
        "VMRedeploymentFailed",
        "the machine could not be moved to other hardware, by a fault of Azure: try again later",
    ),
    (
        "VMRedeploymentTimedOut",
        "the machine was not moved to other hardware in the time that Azure gives it, and may be \
         yet: look at its power state later",
    ),
    (
        "TooManyVMRedeploymentRequests",
        "the machine, or one of its availability set, was redeployed too often: try again later",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shortage_is_explained_in_whatever_case() {
        for code in SHORTAGES {
            let words = explanation(code);
            assert!(words.is_some(), "{code}");
            assert_eq!(explanation(&code.to_lowercase()), words);
        }
        assert!(is_shortage("OverConstrainedAllocationRequest"));
    }

    #[test]
    fn a_code_that_is_not_known_is_not_explained() {
        assert_eq!(explanation("InternalExecutionError"), None);
        assert_eq!(explanation(""), None);
    }
}
