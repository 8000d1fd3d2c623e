//! Changes made by hand: `status` and `plan` show each where it is, and `up` puts it right with the
//! calls that it needs and no others.

mod alarms;
mod batch_role;
mod cdn;
mod cdn_keys;
mod code;
mod deleted;
mod domains;
mod identity;
mod messaging;
mod modes;
mod replaced;
mod storage;

use std::collections::BTreeMap;
use std::pin::Pin;

use imgprep_testkit::{Output, Pipeline, resource};
use serde_json::{Value, json};

pub(crate) use self::alarms::every_change_by_hand_to_alarms_is_shown_and_repaired;
pub(crate) use self::batch_role::every_change_by_hand_to_the_role_of_jobs_is_shown_and_repaired;
pub(crate) use self::cdn::{
    CACHING_OPTIMIZED, custom, distribution, every_change_by_hand_to_the_cdn_is_shown_and_repaired,
    identified, legacy,
};
pub(crate) use self::cdn_keys::{
    cache_policy, every_change_by_hand_to_fallback_and_versions_is_shown_and_repaired,
};
pub(crate) use self::code::every_change_by_hand_to_the_function_is_shown_and_repaired;
pub(crate) use self::deleted::what_was_deleted_by_hand_is_missing_and_made_again;
pub(crate) use self::domains::every_change_by_hand_to_an_own_domain_is_shown_and_repaired;
pub(crate) use self::identity::{
    a_boundary_comes_with_the_role_and_stays_when_it_leaves_the_file,
    every_change_by_hand_to_role_and_policy_is_shown_and_repaired,
    every_change_by_hand_to_the_roles_boundary_is_shown_and_repaired,
};
pub(crate) use self::messaging::every_change_by_hand_to_messaging_is_shown_and_repaired;
pub(crate) use self::modes::every_change_by_hand_to_a_public_bucket_is_shown_and_repaired;
pub(crate) use self::modes::every_change_by_hand_to_what_is_optional_is_shown_and_repaired;
pub(crate) use self::replaced::{
    a_function_of_another_package_type_is_replaced, a_role_under_another_path_is_replaced,
};
pub(crate) use self::storage::every_change_by_hand_to_storage_is_shown_and_repaired;

/// Changes made by hand; the differences that they must show, all of them and no others; and the
/// mutating calls that repair them, all of them and no others, sorted.
struct Row {
    what: String,
    changes: Vec<Change>,
    differences: Vec<Difference>,
    calls: Vec<&'static str>,
    is_alone: bool,
}

/// Calls that repair whatever differs in what they put, where a change by hand leaves the rest as it is.
const AT_ONCE: [&str; 2] = ["cloudfront:UpdateCachePolicy", "cloudfront:UpdateDistribution"];

type Change = for<'a> fn(&'a Pipeline) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A field that AWS holds otherwise than it should.
struct Difference {
    id: &'static str,
    path: String,
    values: Values,
}

enum Values {
    /// What is there and what should be, exactly.
    Exactly(Value, Value),
    /// Nothing is there.
    Missing,
    /// Something else is there; a policy's statement, say, which another test knows word by word.
    Other,
}

fn row(what: impl Into<String>, change: Change, calls: &[&'static str]) -> Row {
    let calls = calls.to_vec();
    Row {
        what: what.into(),
        changes: vec![change],
        differences: Vec::new(),
        calls,
        is_alone: false,
    }
}

impl Row {
    fn differs(mut self, id: &'static str, path: impl Into<String>, values: Values) -> Self {
        self.differences.push(Difference { id, path: path.into(), values });
        self
    }

    fn shows(
        self,
        id: &'static str,
        path: impl Into<String>,
        values: (impl Into<Value>, impl Into<Value>),
    ) -> Self {
        self.differs(id, path, Values::Exactly(values.0.into(), values.1.into()))
    }

    fn lacks(self, id: &'static str, path: impl Into<String>) -> Self {
        self.differs(id, path, Values::Missing)
    }

    fn has_other(self, id: &'static str, path: impl Into<String>) -> Self {
        self.differs(id, path, Values::Other)
    }

    /// It would hide what other changes of the resource show.
    fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }

    /// Whether the two can be made and repaired at once, and each still be known from what it shows.
    fn goes_with(&self, other: &Self) -> bool {
        let share = |is_shared: fn(&Difference, &Difference) -> bool| {
            let mut all = self.differences.iter();
            all.any(|one| other.differences.iter().any(|two| is_shared(one, two)))
        };
        if !share(|one, two| one.id == two.id) {
            return true;
        }
        let is_alone = self.is_alone || other.is_alone;
        let is_one_field = share(|one, two| one.id == two.id && one.path == two.path);
        let mut shared = self.calls.iter().filter(|call| other.calls.contains(call));
        !is_alone && !is_one_field && shared.all(|call| AT_ONCE.contains(call))
    }

    /// Takes another in.
    fn take(&mut self, other: Self) {
        self.what = format!("{}; {}", self.what, other.what);
        self.changes.extend(other.changes);
        self.differences.extend(other.differences);
        self.calls.extend(other.calls);
        self.calls.sort_unstable();
        self.calls.dedup_by(|one, two| one == two && AT_ONCE.contains(one));
        self.is_alone |= other.is_alone;
    }

    /// Makes the change, proves that it is seen, and that `up` repairs it and then rests. Answers
    /// with what is wrong, so that one wrong row does not hide the next.
    async fn check(&self, pipeline: &Pipeline) -> Result<(), String> {
        for change in &self.changes {
            change(pipeline).await;
        }
        let status = pipeline.imgprep(&["status", "--json"]);
        let plan = pipeline.imgprep(&["plan", "--json"]);
        pipeline.proxy.take_calls();
        let up = pipeline.imgprep(&["up", "--yes", "--json"]);
        let calls = pipeline.proxy.take_mutating();
        let clean = pipeline.imgprep(&["status", "--json"]);
        let second = pipeline.imgprep(&["up", "--yes", "--json"]);
        let rest = pipeline.proxy.take_mutating();

        for (output, code) in [(&status, 4), (&plan, 0), (&up, 0), (&clean, 0), (&second, 0)] {
            expect(output.code == code, || format!("exit code {code} expected: {output}"))?;
        }
        let (status, plan) = (status.json(), plan.json());
        self.check_state(&status)?;
        self.check_differences(&status).map_err(|why| format!("status: {why}"))?;
        self.check_differences(&plan).map_err(|why| format!("plan: {why}"))?;
        expect(calls == self.calls, || format!("up called {calls:?}, not {:?}", self.calls))?;
        expect(is_clean(&clean), || format!("it is not repaired: {clean}"))?;
        expect(rest.is_empty(), || format!("the second up called {rest:?}"))
    }

    fn check_state(&self, status: &Value) -> Result<(), String> {
        let differ = self.differences.iter().map(|difference| difference.id);
        for id in differ {
            let state = &resource(status, id)["state"];
            expect(*state == "drifted", || format!("{id} is {state}"))?;
        }
        expect(status["state"] == "drifted", || format!("the stack is {}", status["state"]))
    }

    fn check_differences(&self, document: &Value) -> Result<(), String> {
        let mut shown = differences(document);
        for Difference { id, path, values } in &self.differences {
            let place = ((*id).to_owned(), path.clone());
            let Some((have, want)) = shown.remove(&place) else {
                return Err(format!("{id} does not differ in {path}; left are {shown:?}"));
            };
            let is_right = match values {
                Values::Exactly(there, wanted) => (&have, &want) == (there, wanted),
                Values::Missing => have.is_null() && !want.is_null(),
                Values::Other => !have.is_null() && !want.is_null() && have != want,
            };
            expect(is_right, || format!("{id}, {path}: have {have}, want {want}"))?;
        }
        expect(shown.is_empty(), || format!("these differ as well: {shown:?}"))
    }
}

fn expect(is_right: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(why()) }
}

/// Whether there is nothing to repair; Lambda may still be busy with what was repaired.
fn is_clean(status: &Output) -> bool {
    let document = status.json();
    let clean = ["ready", "deploying"];
    clean.contains(&document["state"].as_str().unwrap()) && differences(&document).is_empty()
}

/// What is there and what should be, by resource and path.
pub(crate) fn differences(document: &Value) -> BTreeMap<(String, String), (Value, Value)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let resources = document["resources"].as_array().unwrap().iter();
    let all = resources.flat_map(|entry| {
        let differences = entry["differences"].as_array().unwrap().iter();
        differences.map(move |edit| {
            (
                (text(&entry["id"]), text(&edit["path"])),
                (edit["have"].clone(), edit["want"].clone()),
            )
        })
    });
    all.collect()
}

/// As few rows as can be, each of changes that go together.
fn together(rows: Vec<Row>) -> Vec<Row> {
    let mut joined: Vec<Row> = Vec::new();
    for row in rows {
        match joined.iter_mut().find(|other| other.goes_with(&row)) {
            Some(other) => other.take(row),
            None => joined.push(row),
        }
    }
    joined
}

/// Every row on a stack that is there.
async fn check(pipeline: &Pipeline, rows: Vec<Row>) {
    pipeline.up();
    let mut wrong = Vec::new();
    let rows = together(rows);
    for row in &rows {
        if let Err(why) = row.check(pipeline).await {
            wrong.push(format!("{}: {why}", row.what));
            // What one row left behind must not be the next row's difference.
            pipeline.imgprep(&["up", "--yes"]);
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// The user's tag taken off, and changed.
fn tag_rows(
    id: &'static str,
    [removed, changed]: [Change; 2],
    call: &'static str,
) -> impl Iterator<Item = Row> {
    let removed = row(format!("{id}: tag removed"), removed, &[call]);
    let changed = row(format!("{id}: tag changed"), changed, &[call]);
    [
        removed.shows(id, "tags.team", (json!(null), "tests")),
        changed.shows(id, "tags.team", ("others", "tests")),
    ]
    .into_iter()
}
