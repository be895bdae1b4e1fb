//! Where in the body we are. A pointer is only written when there is a fault.

/// A step below another place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    above: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl Place<'_> {
    /// The body itself.
    pub(crate) fn root() -> Self {
        Self { above: None, step: Step::Root }
    }

    /// A key below this place.
    pub(crate) fn key<'a>(&'a self, key: &'a str) -> Place<'a> {
        Place { above: Some(self), step: Step::Key(key) }
    }

    /// An entry of a list below this place.
    pub(crate) fn index(&self, at: usize) -> Place<'_> {
        Place { above: Some(self), step: Step::Index(at) }
    }

    /// The JSON pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> String {
        let mut text = self.above.map(Place::pointer).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Key(key) => {
                text.push('/');
                text.push_str(&super::shown(key).replace('~', "~0").replace('/', "~1"));
            }
            Step::Index(at) => {
                text.push('/');
                text.push_str(&at.to_string());
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_escaped() {
        let root = Place::root();
        let answers = root.key("answers");
        assert_eq!(root.pointer(), "");
        assert_eq!(answers.key("a/b~c").index(2).pointer(), "/answers/a~1b~0c/2");
    }
}
