//! Which filters Graph refuses, though it can read them.

use super::{
    super::{
        capability::{Capability, Mode, Use},
        fault::Fault,
    },
    Filter, Wrong,
};

/// "Too many child clauses": microsoftgraph/microsoft-graph-docs#21098.
const MOST_CLAUSES: usize = 15;

/// microsoftgraph/microsoft-graph-docs#3641.
const MOST_HEIGHT: usize = 3;

impl Filter {
    /// The filter that `text` is, where a query of `mode` may ask for it.
    pub(in crate::graph) fn admitted(text: &str, mode: Mode) -> Result<Self, Fault> {
        let filter = Self::parse(text).map_err(refused)?;
        for (property, used) in filter.uses() {
            let is_answered = match used.of(property) {
                Capability::Default => true,
                Capability::Advanced => mode == Mode::Advanced,
                Capability::Never => false,
            };
            if !is_answered {
                return Err(unsupported(property, used));
            }
        }
        if mode == Mode::Default {
            filter.is_within_limits()?;
        }
        Ok(filter)
    }

    /// The issues tell both limits of default queries; advanced ones are bounded
    /// by the length of their URL instead, says the review of
    /// microsoftgraph/microsoft-graph-docs#22097. The code of the second is not
    /// told.
    fn is_within_limits(&self) -> Result<(), Fault> {
        let clauses = self.clauses_under_or(false);
        if clauses > MOST_CLAUSES {
            return Err(Fault::unsupported(format!(
                "Too many child clauses specified in search filter expression containing 'OR' \
                 operators: {clauses}. Max allowed: {MOST_CLAUSES}."
            )));
        }
        let height = self.height();
        if height > MOST_HEIGHT {
            return Err(Fault::unsupported(format!(
                "The search filter expression has excessive height: {height}. Max allowed: \
                 {MOST_HEIGHT}."
            )));
        }
        Ok(())
    }

    /// `in` is an `or` of its values.
    fn clauses_under_or(&self, is_alternative: bool) -> usize {
        match self {
            Self::Or(parts) => parts.iter().map(|it| it.clauses_under_or(true)).sum(),
            Self::And(parts) => {
                let clauses = parts.iter().map(|it| it.clauses_under_or(is_alternative));
                clauses.sum()
            }
            Self::Not(inner) => inner.clauses_under_or(is_alternative),
            Self::Clause(clause) if clause.values.len() > 1 => clause.values.len(),
            Self::Clause(_) => usize::from(is_alternative),
        }
    }

    /// A clause is 1 high; a chain of one operator is one level.
    fn height(&self) -> usize {
        match self {
            Self::Or(parts) | Self::And(parts) => {
                1 + parts.iter().map(Self::height).max().unwrap_or(0)
            }
            Self::Not(inner) => inner.height(),
            Self::Clause(_) => 1,
        }
    }
}

fn refused(wrong: Wrong) -> Fault {
    match wrong {
        Wrong::Syntax(why) => {
            Fault::new(400, "BadRequest", format!("Invalid filter clause: {why}"))
        }
        Wrong::Unsupported(property) => unsupported_clause(property),
    }
}

/// The words for `ne` are those of microsoftgraph/microsoft-graph-docs#1389.
fn unsupported(property: &str, used: Use) -> Fault {
    match used {
        Use::Ne => {
            Fault::unsupported("Unsupported property filter clause operator 'NotEqualsMatch'.")
        }
        _ => unsupported_clause(property),
    }
}

/// microsoftgraph/microsoft-graph-explorer-v4#2103.
fn unsupported_clause(property: &str) -> Fault {
    Fault::unsupported(format!(
        "Unsupported or invalid query filter clause specified for property '{property}' of \
         resource 'User'."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_counted_where_they_are_alternatives() {
        for (text, clauses) in [
            ("id eq 'a' and mail eq 'b'", 0),
            ("id eq 'a' or mail eq 'b'", 2),
            ("id eq 'a' or (mail eq 'b' and surname eq 'c')", 3),
            ("surname in ('a','b','c') and mail eq 'd'", 3),
            ("surname in ('a','b') or mail in ('c','d')", 4),
            (
                "(id eq 'a' or id eq 'b') and (mail eq 'c' or mail eq 'd')",
                4,
            ),
        ] {
            let filter = Filter::parse(text).unwrap();
            assert_eq!(filter.clauses_under_or(false), clauses, "{text}");
        }
    }

    #[test]
    fn a_chain_of_one_operator_is_one_level_high() {
        for (text, height) in [
            ("id eq 'a'", 1),
            ("id eq 'a' or id eq 'b' or id eq 'c' or id eq 'd'", 2),
            (
                "(id eq 'a' and mail eq 'd') or (id eq 'b' and mail eq 'd')",
                3,
            ),
            (
                "(id eq 'a' or (id eq 'b' and id eq 'c')) and mail eq 'd'",
                4,
            ),
        ] {
            assert_eq!(Filter::parse(text).unwrap().height(), height, "{text}");
        }
    }
}
