//! The words of a query, taken one after the other.

use crate::resource_graph::{
    lexer::{Token, Word},
    query::Fault,
};

/// How deep expressions may be nested: a parser that calls itself must not be
/// led to the end of its stack.
const DEPTH: usize = 64;

pub(super) struct Words {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    length: usize,
}

impl Words {
    pub(super) fn new(tokens: Vec<Token>, length: usize) -> Self {
        Self {
            tokens,
            next: 0,
            depth: 0,
            length,
        }
    }

    /// Where the next word is.
    pub(super) fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.length, |it| it.at)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.next == self.tokens.len()
    }

    pub(super) fn peek(&self) -> Option<&Word> {
        self.tokens.get(self.next).map(|it| &it.word)
    }

    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    /// Runs `parse` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth == DEPTH {
            return Err(self.fault());
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// The next word is not what it would have to be.
    pub(super) fn fault(&self) -> Fault {
        Fault::at(self.at())
    }

    pub(super) fn name(&mut self) -> Result<String, Fault> {
        let Some(Word::Name(name)) = self.peek() else {
            return Err(self.fault());
        };
        let name = name.clone();
        self.skip();
        Ok(name)
    }

    /// Takes a name for which `is_meant` holds.
    pub(super) fn name_if(&mut self, is_meant: impl Fn(&str) -> bool) -> bool {
        let is_there = matches!(self.peek(), Some(Word::Name(name)) if is_meant(name));
        self.next += usize::from(is_there);
        is_there
    }

    pub(super) fn keyword(&mut self, name: &str) -> Result<(), Fault> {
        if self.name_if(|it| it == name) {
            return Ok(());
        }
        Err(self.fault())
    }

    /// The `a` of `a = …`.
    pub(super) fn assigned_name(&mut self) -> Option<String> {
        let [name, sign, ..] = &self.tokens[self.next..] else {
            return None;
        };
        let (Word::Name(name), Word::Sign("=")) = (&name.word, &sign.word) else {
            return None;
        };
        let name = name.clone();
        self.next += 2;
        Some(name)
    }

    pub(super) fn number(&mut self) -> Result<usize, Fault> {
        let Some(Word::Number(number)) = self.peek() else {
            return Err(self.fault());
        };
        let number = usize::try_from(*number).map_err(|_| self.fault())?;
        self.skip();
        Ok(number)
    }

    /// A literal; those that follow each other are one.
    ///
    /// Source: Kusto documentation, "The string data type", concatenation.
    pub(super) fn text(&mut self) -> Result<String, Fault> {
        let mut whole: Option<String> = None;
        while let Some(Word::Text(part)) = self.peek() {
            whole.get_or_insert_default().push_str(part);
            self.next += 1;
        }
        whole.ok_or_else(|| self.fault())
    }

    pub(super) fn sign_if(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.peek(), Some(Word::Sign(it)) if *it == sign);
        self.next += usize::from(is_there);
        is_there
    }

    pub(super) fn sign(&mut self, sign: &str) -> Result<(), Fault> {
        if self.sign_if(sign) {
            return Ok(());
        }
        Err(self.fault())
    }
}
