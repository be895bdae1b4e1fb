//! The small expression language of definitions.
//!
//! | form | meaning |
//! |---|---|
//! | `q7` | the stored answer of item `7` (a code, a number, minutes after midnight) |
//! | `keyed(q7)` | the answer after reverse keying (this item's lowest + highest code - answer) |
//! | `total` | the value of scale `total` |
//! | `risk == 'high'` | comparison with a word of a rule scale |
//! | `+ - * /`, `mod(a, b)` | exact arithmetic |
//! | `== != >= > <= <` | comparisons; operators are always written out |
//! | `and`, `or`, `not` | three-valued logic |
//! | `if(c, a, b)`, `min(..)`, `max(..)`, `abs(x)` | choice and extremes |
//! | `floor(x)`, `ceil(x)`, `round_half_up(x, d)`, `round_half_even(x, d)` | named rounding |
//! | `count(c1, c2, ..)` | how many conditions hold |
//! | `missing(q7)`, `count_missing(q1, q2)` | whether answers are missing |

use crate::stats::Decimal;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A number.
    Number(Decimal),
    /// A word in quotes.
    Word(String),
    /// An item, by id.
    Item(String),
    /// A scale, by id.
    Scale(String),
    /// A binary operation.
    Binary(BinaryOp, Box<Self>, Box<Self>),
    /// Arithmetic negation.
    Negate(Box<Self>),
    /// Logical negation.
    Not(Box<Self>),
    /// A function call.
    Call(Function, Vec<Self>),
}

/// Operators with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// A comparison.
    Compare(Comparison),
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Comparison {
    /// `==`
    #[serde(rename = "==")]
    Eq,
    /// `!=`
    #[serde(rename = "!=")]
    Ne,
    /// `>=`
    #[serde(rename = ">=")]
    Ge,
    /// `>`
    #[serde(rename = ">")]
    Gt,
    /// `<=`
    #[serde(rename = "<=")]
    Le,
    /// `<`
    #[serde(rename = "<")]
    Lt,
}

impl Comparison {
    /// The sign as written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Ge => ">=",
            Self::Gt => ">",
            Self::Le => "<=",
            Self::Lt => "<",
        }
    }

    /// Whether the comparison holds for this ordering of left to right.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Ge => ordering.is_ge(),
            Self::Gt => ordering.is_gt(),
            Self::Le => ordering.is_le(),
            Self::Lt => ordering.is_lt(),
        }
    }
}

/// Functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `keyed(q)`
    Keyed,
    /// `missing(q)`
    Missing,
    /// `count_missing(q, ..)`
    CountMissing,
    /// `count(c, ..)`
    Count,
    /// `if(c, a, b)`
    If,
    /// `min(..)`
    Min,
    /// `max(..)`
    Max,
    /// `abs(x)`
    Abs,
    /// `mod(a, b)`
    Mod,
    /// `floor(x)`
    Floor,
    /// `ceil(x)`
    Ceil,
    /// `round_half_up(x, d)`
    RoundHalfUp,
    /// `round_half_even(x, d)`
    RoundHalfEven,
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "keyed" => Self::Keyed,
            "missing" => Self::Missing,
            "count_missing" => Self::CountMissing,
            "count" => Self::Count,
            "if" => Self::If,
            "min" => Self::Min,
            "max" => Self::Max,
            "abs" => Self::Abs,
            "mod" => Self::Mod,
            "floor" => Self::Floor,
            "ceil" => Self::Ceil,
            "round_half_up" => Self::RoundHalfUp,
            "round_half_even" => Self::RoundHalfEven,
            _ => return None,
        })
    }

    fn arity_ok(self, count: usize) -> bool {
        match self {
            Self::Keyed | Self::Missing | Self::Abs | Self::Floor | Self::Ceil => count == 1,
            Self::Mod | Self::RoundHalfUp | Self::RoundHalfEven => count == 2,
            Self::If => count == 3,
            Self::CountMissing | Self::Count | Self::Min | Self::Max => count >= 1,
        }
    }
}

/// Where and why an expression cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// Byte offset in the expression.
    pub at: usize,
    /// Cause.
    pub message: String,
    /// Advice.
    pub help: String,
}

/// Deepest nesting that is read; a definition never needs more, and hostile input must not exhaust the stack.
const MAX_DEPTH: usize = 64;

impl Expr {
    /// Reads an expression.
    ///
    /// # Errors
    /// When the text is not an expression; the error names the place.
    ///
    /// ```
    /// use screening_core::instrument::expr::Expr;
    /// assert!(Expr::parse("count(q1 >= 2, q2 >= 2) >= 1 and not missing(q3)").is_ok());
    /// assert_eq!(Expr::parse("total above 8").unwrap_err().at, 6);
    /// ```
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        let mut parser = Parser { tokens: tokenize(text)?, next: 0, end: text.len(), depth: 0 };
        let expr = parser.or()?;
        match parser.tokens.get(parser.next) {
            None => Ok(expr),
            Some((at, token)) => Err(error(
                *at,
                format!("`{token}` does not continue the expression"),
                "write comparisons with ==, !=, >=, >, <= or <, and join conditions with `and` / `or`",
            )),
        }
    }

    /// Calls `visit` for this expression and all parts of it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::Binary(_, a, b) => {
                a.walk(visit);
                b.walk(visit);
            }
            Self::Negate(a) | Self::Not(a) => a.walk(visit),
            Self::Call(_, arguments) => arguments.iter().for_each(|a| a.walk(visit)),
            Self::Number(_) | Self::Word(_) | Self::Item(_) | Self::Scale(_) => {}
        }
    }
}

fn error(at: usize, message: impl Into<String>, help: impl Into<String>) -> ExprError {
    ExprError { at, message: message.into(), help: help.into() }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(Decimal),
    Name(String),
    Word(String),
    Sign(&'static str),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Word(word) => write!(f, "'{word}'"),
            Self::Sign(sign) => f.write_str(sign),
        }
    }
}

const SIGNS: [&str; 13] = ["==", "!=", ">=", "<=", ">", "<", "+", "-", "*", "/", "(", ")", ","];

fn tokenize(text: &str) -> Result<Vec<(usize, Token)>, ExprError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push((at, Token::Sign(sign)));
            sign.len()
        } else if first.is_ascii_digit() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let number = rest[..digits].parse().map_err(|e| error(at, format!("{e}"), "write a plain number"))?;
            tokens.push((at, Token::Number(number)));
            digits
        } else if first.is_ascii_alphabetic() || first == '_' {
            let letters = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push((at, Token::Name(rest[..letters].to_owned())));
            letters
        } else if first == '\'' {
            let close =
                rest[1..].find('\'').ok_or_else(|| error(at, "a word in quotes is not closed", "add the closing '"))?;
            tokens.push((at, Token::Word(rest[1..=close].to_owned())));
            close + 2
        } else {
            return Err(error(
                at,
                format!("`{first}` has no meaning in an expression"),
                "see the list of operators in the format reference",
            ));
        };
        at += length;
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn here(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn take_sign(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        match self.tokens.get(self.next) {
            Some((_, Token::Sign(sign))) if signs.contains(sign) => {
                self.next += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    fn take_name(&mut self, name: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some((_, Token::Name(n))) if n == name);
        self.next += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Expr, ExprError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error(
                self.here(),
                "the expression is nested too deeply",
                "split it over several internal scales",
            ));
        }
        let mut left = self.and()?;
        while self.take_name("or") {
            left = Expr::Binary(BinaryOp::Or, Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, ExprError> {
        let mut left = self.not()?;
        while self.take_name("and") {
            left = Expr::Binary(BinaryOp::And, Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, ExprError> {
        let mut negations = 0;
        while self.take_name("not") {
            negations += 1;
        }
        let inner = self.comparison()?;
        Ok(if negations % 2 == 1 { Expr::Not(Box::new(inner)) } else { inner })
    }

    fn comparison(&mut self) -> Result<Expr, ExprError> {
        let left = self.sum()?;
        let comparison = match self.take_sign(&["==", "!=", ">=", ">", "<=", "<"]) {
            None => return Ok(left),
            Some("==") => Comparison::Eq,
            Some("!=") => Comparison::Ne,
            Some(">=") => Comparison::Ge,
            Some(">") => Comparison::Gt,
            Some("<=") => Comparison::Le,
            Some(_) => Comparison::Lt,
        };
        Ok(Expr::Binary(BinaryOp::Compare(comparison), Box::new(left), Box::new(self.sum()?)))
    }

    fn sum(&mut self) -> Result<Expr, ExprError> {
        let mut left = self.product()?;
        while let Some(sign) = self.take_sign(&["+", "-"]) {
            let op = if sign == "+" { BinaryOp::Add } else { BinaryOp::Subtract };
            left = Expr::Binary(op, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, ExprError> {
        let mut left = self.unary()?;
        while let Some(sign) = self.take_sign(&["*", "/"]) {
            let op = if sign == "*" { BinaryOp::Multiply } else { BinaryOp::Divide };
            left = Expr::Binary(op, Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, ExprError> {
        let mut negations = 0;
        while self.take_sign(&["-"]).is_some() {
            negations += 1;
        }
        let inner = self.atom()?;
        Ok(if negations % 2 == 1 { Expr::Negate(Box::new(inner)) } else { inner })
    }

    fn atom(&mut self) -> Result<Expr, ExprError> {
        let at = self.here();
        let Some((_, token)) = self.tokens.get(self.next).cloned() else {
            return Err(error(at, "the expression ends too early", "add a number, an item such as q1, or a scale"));
        };
        self.next += 1;
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Word(word) => Ok(Expr::Word(word)),
            Token::Sign("(") => {
                let inner = self.or()?;
                self.close()?;
                Ok(inner)
            }
            Token::Sign(sign) => Err(error(
                at,
                format!("`{sign}` stands where a value is needed"),
                "put a number, an item or a scale before it",
            )),
            Token::Name(name) => self.name(at, name),
        }
    }

    fn name(&mut self, at: usize, name: String) -> Result<Expr, ExprError> {
        if self.take_sign(&["("]).is_some() {
            let function = Function::named(&name).ok_or_else(|| {
                error(at, format!("there is no function `{name}`"), "see the list of functions in the format reference")
            })?;
            let mut arguments = vec![self.or()?];
            while self.take_sign(&[","]).is_some() {
                arguments.push(self.or()?);
            }
            self.close()?;
            if !function.arity_ok(arguments.len()) {
                return Err(error(
                    at,
                    format!("`{name}` cannot take {} values", arguments.len()),
                    "see the list of functions in the format reference",
                ));
            }
            return Ok(Expr::Call(function, arguments));
        }
        match name.strip_prefix('q') {
            Some(id) if id.starts_with(|c: char| c.is_ascii_digit()) => Ok(Expr::Item(id.to_owned())),
            _ => Ok(Expr::Scale(name)),
        }
    }

    fn close(&mut self) -> Result<(), ExprError> {
        if self.take_sign(&[")"]).is_some() {
            Ok(())
        } else {
            Err(error(self.here(), "a parenthesis is not closed", "add `)`"))
        }
    }
}
