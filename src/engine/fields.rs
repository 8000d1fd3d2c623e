//! Managed fields: a struct for each resource, and the paths under which the difference, plans and
//! JSON show its members.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::Serialize;
use serde_json::Value;

/// What stands under a path: a value, or members with paths of their own.
pub(crate) trait Field {
    fn list(&self, path: &str, values: &mut Values);
}

/// Fields by path, in one form for what is wanted and for what AWS holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Values(BTreeMap<String, Value>);

impl Values {
    pub(crate) fn of(fields: &impl Field) -> Self {
        let mut values = Self::default();
        fields.list("", &mut values);
        values
    }

    #[cfg(test)]
    #[must_use]
    pub(crate) fn with(mut self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(path, value);
        self
    }

    pub(crate) fn set(&mut self, path: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(path.into(), value.into());
    }

    /// The value at a path; null where there is none.
    pub(crate) fn get(&self, path: &str) -> &Value {
        self.0.get(path).unwrap_or(&Value::Null)
    }

    /// Takes out the field at `path`, and all below it.
    pub(crate) fn remove(&mut self, path: &str) {
        self.0.retain(|field, _| !holds(path, field));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(path, value)| (path.as_str(), value))
    }
}

/// The path of a member of the fields `F`. The macro `fields` makes one for each, so
/// that a member that does not exist does not compile.
#[derive(Debug)]
pub(crate) struct Path<F> {
    text: &'static str,
    of: PhantomData<fn() -> F>,
}

impl<F> Clone for Path<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Path<F> {}

impl<F> Path<F> {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, of: PhantomData }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        self.text
    }

    /// Whether a field is this member, or part of it.
    pub(crate) fn holds(self, field: &str) -> bool {
        holds(self.text, field)
    }
}

/// Defines the managed fields of a resource: a struct, a constant path for each member under the
/// member's own name, and how they are listed. What a member is called in paths follows `as` where
/// Rust has other use for the word.
macro_rules! fields {
    ($(#[$of_struct:meta])* $visibility:vis struct $name:ident {
        $($(#[$of_member:meta])* $member:ident $(as $text:literal)?: $type:ty,)*
    }) => {
        $(#[$of_struct])*
        #[derive(Clone, Debug, Default)]
        $visibility struct $name {
            $($(#[$of_member])* pub(crate) $member: $type,)*
        }

        #[expect(non_upper_case_globals, reason = "a path is called as its member is")]
        impl $name {
            $(pub(crate) const $member: $crate::engine::fields::Path<Self> =
                $crate::engine::fields::Path::new(fields!(@text $member $($text)?));)*
        }

        impl $crate::engine::fields::Field for $name {
            fn list(&self, path: &str, values: &mut $crate::engine::fields::Values) {
                $(
                    let member = $crate::engine::fields::below(path, Self::$member.as_str());
                    self.$member.list(&member, values);
                )*
            }
        }
    };
    (@text $member:ident) => { stringify!($member) };
    (@text $member:ident $text:literal) => { $text };
}

/// The path of a member of what stands at `path`, which is empty for the fields themselves.
pub(crate) fn below(path: &str, member: &str) -> String {
    if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") }
}

/// The tags of a resource.
pub(crate) type Tags = BTreeMap<String, String>;

/// A field that must not be there: that AWS holds none is wanted as well, and shown as null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unwanted<T>(pub(crate) Option<T>);

/// Members under keys that stand in brackets, for they can hold dots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keyed<T>(pub(crate) BTreeMap<String, T>);

/// Statements of a policy in their canonical form, by their Sids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statements(pub(crate) BTreeMap<String, Value>);

impl Statements {
    pub(crate) fn one(sid: &str, statement: Option<Value>) -> Self {
        Self(statement.map(|statement| (sid.to_owned(), statement)).into_iter().collect())
    }
}

impl<T: Field> Field for Option<T> {
    /// A member that is not there is not wanted either.
    fn list(&self, path: &str, values: &mut Values) {
        if let Some(value) = self {
            value.list(path, values);
        }
    }
}

impl<T: Clone + Into<Value>> Field for Unwanted<T> {
    fn list(&self, path: &str, values: &mut Values) {
        values.set(path, self.0.clone());
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn list(&self, path: &str, values: &mut Values) {
        for (name, value) in self {
            value.list(&below(path, name), values);
        }
    }
}

impl<T: Field> Field for Keyed<T> {
    fn list(&self, path: &str, values: &mut Values) {
        for (key, value) in &self.0 {
            value.list(&format!("{path}[{key}]"), values);
        }
    }
}

impl Field for Statements {
    fn list(&self, path: &str, values: &mut Values) {
        for (sid, statement) in &self.0 {
            values.set(format!("{path}.Statement[{sid}]"), statement.clone());
        }
    }
}

macro_rules! plain {
    ($($type:ty),*) => {
        $(impl Field for $type {
            fn list(&self, path: &str, values: &mut Values) {
                values.set(path, self.clone());
            }
        })*
    };
}

plain!(
    bool,
    i32,
    i64,
    u32,
    &'static str,
    String,
    Value,
    Vec<&'static str>,
    Vec<String>,
    Vec<Value>
);

/// One field that AWS holds otherwise than it should.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Edit {
    pub(crate) path: String,
    pub(crate) have: Value,
    pub(crate) want: Value,
}

/// Every wanted field that AWS holds otherwise. Fields that are not wanted are none of our business.
pub(crate) fn difference(want: &Values, have: &Values) -> Vec<Edit> {
    want.iter()
        .filter(|(path, want)| have.get(path) != *want)
        .map(|(path, want)| Edit {
            path: path.to_owned(),
            have: have.get(path).clone(),
            want: want.clone(),
        })
        .collect()
}

/// Whether an edit touches the field at `path`, or one below it.
pub(crate) fn touches(edits: &[Edit], path: &str) -> bool {
    edits.iter().any(|edit| holds(path, &edit.path))
}

/// Whether what stands at `path` is the field, or something around it.
pub(crate) fn holds(path: &str, field: &str) -> bool {
    let rest = field.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fields! {
        struct Inner {
            deep: bool,
        }
    }

    fields! {
        struct Outer {
            plain: u32,
            optional: Option<String>,
            unwanted: Unwanted<String>,
            inner: Inner,
            tags: Tags,
            keyed: Keyed<i32>,
            policy: Statements,
        }
    }

    #[test]
    fn members_are_listed_by_path() {
        let fields = Outer {
            plain: 7,
            tags: Tags::from([("a:b".to_owned(), "c".to_owned())]),
            keyed: Keyed(BTreeMap::from([("x.y".to_owned(), 1)])),
            policy: Statements::one("Sid", Some(json!({ "Effect": "Allow" }))),
            ..Outer::default()
        };
        let expected = Values::default()
            .with("plain", 7)
            .with("unwanted", Value::Null)
            .with("inner.deep", false)
            .with("tags.a:b", "c")
            .with("keyed[x.y]", 1)
            .with("policy.Statement[Sid]", json!({ "Effect": "Allow" }));
        assert_eq!(Values::of(&fields), expected);
    }

    #[test]
    fn a_path_holds_its_member_and_what_is_below_it() {
        for (field, is_held) in
            [("inner", true), ("inner.deep", true), ("inner[1]", true), ("innermost", false)]
        {
            assert_eq!(Outer::inner.holds(field), is_held, "{field}");
        }
    }
}
