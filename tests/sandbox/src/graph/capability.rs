//! What Graph does with a property in a filter by default, only in advanced
//! queries, or never.
//!
//! Sources: microsoft-graph-docs-contrib `includes/filter-directory-objects.md`;
//! for `endsWith`, "Advanced query capabilities on Microsoft Entra ID objects".

/// How a query is answered. An advanced one comes with the header
/// `ConsistencyLevel: eventual` and, but for `$search`, with `$count=true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Default,
    Advanced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capability {
    Default,
    Advanced,
    Never,
}

/// What is done with a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Eq,
    Ne,
    Not,
    Ge,
    Le,
    In,
    StartsWith,
    EndsWith,
    /// It is compared to `null`.
    Null,
}

/// By the columns of the table: `eq`, `ne`, `ge`, `le`, `in`, `startsWith`, and
/// `null`.
type Row = [Capability; 7];

const D: Capability = Capability::Default;
const A: Capability = Capability::Advanced;
const N: Capability = Capability::Never;

impl Use {
    /// What Graph does with `property` in such use.
    pub(super) fn of(self, property: &str) -> Capability {
        let [eq, ne, ge, le, is_in, starts, null] = row(property);
        match self {
            Self::Eq => eq,
            Self::Ne => ne,
            Self::Ge => ge,
            Self::Le => le,
            Self::In => is_in,
            Self::StartsWith => starts,
            Self::Null => null,
            // The table leaves it open for some properties of which the text
            // has examples, such as `not(endsWith(mail,…))`.
            Self::Not => A,
            Self::EndsWith => match property {
                "mail" | "userPrincipalName" => A,
                _ => N,
            },
        }
    }
}

fn row(property: &str) -> Row {
    match property {
        "accountEnabled" => [D, A, A, A, D, N, N],
        "companyName" | "mobilePhone" | "officeLocation" | "preferredLanguage" => [A; 7],
        "employeeType" => [A, A, A, A, A, A, N],
        "displayName" => [D, A, N, N, D, D, A],
        "employeeId" => [D, A, N, A, N, D, A],
        // The table has no `in`; the text of the `user` resource has it.
        "id" => [D, A, N, N, D, N, N],
        "jobTitle" => [D, A, D, D, D, N, A],
        "mail" => [D, A, D, D, D, D, N],
        "userPrincipalName" => [D, A, N, D, D, D, N],
        "userType" => [D, A, N, N, D, N, A],
        // A collection: it would take `any`.
        "businessPhones" => [N; 7],
        // `department`, `givenName`, `surname`.
        _ => [D, A, D, D, D, D, A],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn department_is_found_by_default_and_left_out_only_in_advanced_queries() {
        for used in [Use::Eq, Use::In, Use::Ge, Use::Le, Use::StartsWith] {
            assert_eq!(used.of("department"), Capability::Default, "{used:?}");
        }
        for used in [Use::Ne, Use::Not, Use::Null] {
            assert_eq!(used.of("department"), Capability::Advanced, "{used:?}");
        }
        assert_eq!(Use::EndsWith.of("department"), Capability::Never);
    }

    #[test]
    fn a_neighbour_of_department_is_only_found_in_advanced_queries() {
        for property in [
            "companyName",
            "officeLocation",
            "mobilePhone",
            "employeeType",
        ] {
            for used in [Use::Eq, Use::In, Use::StartsWith, Use::Ne] {
                assert_eq!(
                    used.of(property),
                    Capability::Advanced,
                    "{property} {used:?}"
                );
            }
        }
    }
}
