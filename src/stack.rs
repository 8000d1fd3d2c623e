//! A stack as a list of resources with their order, built from configuration and account.

pub(crate) mod bounds;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudfront::types::PriceClass;
use aws_sdk_lambda::types::Architecture;
use contract::keys::FAILED_FOLDER;
use contract::settings::{DISTRIBUTION_VARIABLE, OnDelete, SETTINGS_VARIABLE, Settings};
use futures_util::future::join_all;
use futures_util::try_join;
use serde_json::{Value, json};

use crate::aws::clients::has_cloudfront;
use crate::aws::endpoint::Endpoints;
use crate::aws::{Aws, AwsError};
use crate::config::{self, Access, Arch, Config};
use crate::names::{Chosen, Names, Place};
use crate::plan::{Goal, Plan, Wanted};
use crate::resource::{Id, Images, Observed, Owner, Resource};
use crate::resources::bucket::{self, Bucket};
use crate::resources::cdn::{self, Cdn};
use crate::resources::dead_letters::DeadLetters;
use crate::resources::folders::Folders;
use crate::resources::function::{self, Code, Function};
use crate::resources::logs::Logs;
use crate::resources::notification::Notification;
use crate::resources::policy::Policy;
use crate::resources::retired_folder::RetiredFolder;
use crate::resources::role::Role;
use crate::resources::topic::Topic;
use crate::resources::trigger::Trigger;
use crate::retired::{self, Found};

/// A resource, and its place among the others.
pub(crate) struct Node {
    pub(crate) resource: Box<dyn Resource>,
    /// What must exist before it can be made.
    pub(crate) needs: Vec<Id>,
    /// What must be whole before it can be made.
    pub(crate) follows: Vec<Id>,
    /// What must be gone before it can go.
    pub(crate) outlives: Vec<Id>,
    /// Whether it is no longer in the file.
    retired: bool,
    /// What people should know of it.
    notice: Option<String>,
}

/// Every resource of one pipeline in one account.
pub(crate) struct Stack {
    pub(crate) names: Arc<Names>,
    pub(crate) code: Arc<Code>,
    /// Those of the file in their order, then those that are no longer in it.
    nodes: Vec<Node>,
    /// How many of them are decided by the file alone.
    lasting: usize,
    purpose: Purpose,
}

/// What a stack is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purpose {
    pub(crate) goal: Goal,
    /// What is to become of images in what is to go.
    pub(crate) images: Images,
}

/// What AWS holds of a stack, resource by resource.
pub(crate) type Observation = Vec<Option<Observed>>;

impl Stack {
    pub(crate) fn new(config: &Config, aws: &Aws, source_hash: String, purpose: Purpose) -> Self {
        let names = Arc::new(names(config, aws.into()));
        let code = Arc::new(Code { source_hash, ..Code::default() });
        let endpoints = &aws.endpoints;
        let nodes = Parts { config, endpoints, names: &names, code: &code, purpose }.nodes();
        let lasting = nodes.len();
        Self { names, code, nodes, lasting, purpose }
    }

    /// A stack of these resources alone, with names that nobody looks at.
    #[cfg(test)]
    pub(crate) fn of(nodes: Vec<Node>, purpose: Purpose) -> Self {
        let place = Place::from(&Aws::stand_in());
        let chosen =
            Chosen { stack: "s", bucket: "b", topic: "t", function: "f", tags: &BTreeMap::new() };
        let (names, code) = (Arc::new(Names::new(&chosen, place)), Arc::default());
        Self { names, code, lasting: nodes.len(), nodes, purpose }
    }

    pub(crate) fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// Reads every resource, and looks for those that are no longer in the file, all at once.
    pub(crate) async fn observe(
        &mut self,
        config: &Config,
        aws: &Aws,
    ) -> Result<Observation, Unread> {
        self.nodes.truncate(self.lasting);
        let folders = folders(config);
        let search =
            async { retired::find(aws, &self.names, &folders).await.map_err(Unread::Search) };
        let notices = join_all(self.nodes.iter().map(|node| node.resource.notice(aws)));
        let notices = async { Ok(notices.await) };
        let (mut observation, found, notices) = try_join!(read(&self.nodes, aws), search, notices)?;
        for (node, notice) in self.nodes.iter_mut().zip(notices) {
            node.notice = notice;
        }
        let (endpoints, names, code) = (&aws.endpoints, &self.names, &self.code);
        let parts = Parts { config, endpoints, names, code, purpose: self.purpose };
        let retired: Vec<Node> = found.into_iter().flat_map(|it| parts.retired(it)).collect();
        observation.extend(read(&retired, aws).await?);
        self.nodes.extend(retired);
        Ok(observation)
    }

    pub(crate) fn plan(&self, observation: Observation) -> Plan {
        let resources = self.nodes.iter().enumerate().zip(observation);
        let resources = resources.map(|((index, node), observed)| {
            let resource = &node.resource;
            let wanted = Wanted {
                id: resource.id(),
                node: index,
                retired: node.retired,
                name: resource.name(),
                arn: resource.arn(),
                fields: resource.fields(),
                immutable: resource.immutable(),
                held_by: resource.held_by(),
            };
            (wanted, observed)
        });
        let mut plan = Plan::new(self.purpose.goal, resources);
        for step in &mut plan.steps {
            step.note = step.note.take().or_else(|| self.nodes[step.node].notice.clone());
        }
        plan
    }
}

/// Every resource of the file at the AWS of a place, in order.
pub(crate) fn wanted(config: &Config, place: Place) -> Vec<Box<dyn Resource>> {
    let names = Arc::new(names(config, place));
    let (endpoints, code) = (&Endpoints::default(), &Arc::default());
    let goal = Goal::Present { adopt: false, prune: false };
    let purpose = Purpose { goal, images: Images::Keep };
    let nodes = Parts { config, endpoints, names: &names, code, purpose }.nodes();
    nodes.into_iter().filter(|node| !node.retired).map(|node| node.resource).collect()
}

/// The names of the file's stack in a place.
fn names(config: &Config, place: Place) -> Names {
    let chosen = Chosen {
        stack: &config.name,
        bucket: &config.bucket.name,
        topic: &config.topic.name,
        function: &config.function.name,
        tags: &config.tags,
    };
    Names::new(&chosen, place)
}

/// Why a stack could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    Resource(Id, AwsError),
    /// The search for what is no longer in the file.
    Search(AwsError),
}

async fn read(nodes: &[Node], aws: &Aws) -> Result<Observation, Unread> {
    let reads = nodes.iter().map(|node| node.resource.read(aws));
    let mut read = join_all(reads).await;
    let bucket = nodes.iter().position(|node| node.resource.id() == Id::Bucket && !node.retired);
    let bucket = bucket.and_then(|index| read.get(index));
    if let Some(Ok(Some(Observed { owner: Owner::Unreachable(_), .. }))) = bucket {
        // What is inside somebody else's bucket is not ours to ask about.
        for (node, observed) in nodes.iter().zip(&mut read) {
            if matches!(node.resource.id(), Id::Folders | Id::Notification) {
                *observed = Ok(None);
            }
        }
    }
    let read = nodes.iter().zip(read);
    read.map(|(node, read)| read.map_err(|error| Unread::Resource(node.resource.id(), error)))
        .collect()
}

/// Every folder of the bucket that the file gives a meaning.
fn folders(config: &Config) -> Vec<String> {
    let variants = config.variants.iter().map(|variant| variant.folder.clone());
    variants.chain([config.bucket.originals.clone(), FAILED_FOLDER.to_owned()]).collect()
}

/// What the resources are built from.
struct Parts<'a> {
    config: &'a Config,
    endpoints: &'a Endpoints,
    names: &'a Arc<Names>,
    code: &'a Arc<Code>,
    purpose: Purpose,
}

impl Parts<'_> {
    /// The one place that knows the order of things; each entry says why it waits.
    fn nodes(&self) -> Vec<Node> {
        let names = || Arc::clone(self.names);
        let originals = self.config.bucket.originals.clone();
        let retention = self.config.function.log_retention_days;
        let boundary = self.config.function.permissions_boundary.clone();
        let mut cdn = node(Cdn::new(names(), self.cdn_settings())).needs(&[Id::Bucket]);
        if self.config.cdn.invalidate {
            // The function is told the distribution.
            cdn.follows.push(Id::Function);
        }
        let mut nodes = vec![
            // What is subscribed goes before what it is subscribed to, and what sends before that.
            node(Topic::new(names())).outlives(&[Id::Trigger, Id::Notification]),
            node(Bucket::new(names(), self.bucket_settings())).outlives(&[
                Id::Folders,
                Id::Notification,
                Id::Cdn,
            ]),
            node(Folders::new(names(), self.markers())).needs(&[Id::Bucket]),
            // S3 checks the topic's policy when a notification is attached; and nothing may be
            // published before somebody listens.
            node(Notification::new(names(), originals, self.removes())).follows(&[
                Id::Topic,
                Id::Bucket,
                Id::Trigger,
            ]),
            // Its attachment to the role is part of its making.
            node(Policy::new(names(), self.permissions())).needs(&[Id::Role]),
            // An invocation under way still runs as it.
            node(Role::new(names(), boundary)).outlives(&[Id::Function]),
            // A function that still runs would write logs again.
            node(Logs::new(names(), retention)).outlives(&[Id::Function]),
            node(DeadLetters::new(names())).outlives(&[Id::Trigger, Id::Function]),
            // A function that runs before its log group exists would make one without retention;
            // Lambda checks the role and the failure destination.
            node(self.function(names()))
                .needs(&[Id::Role, Id::Logs, Id::DeadLetters])
                .outlives(&[Id::Trigger]),
            node(Trigger::new(names()))
                .needs(&[Id::Topic, Id::DeadLetters])
                .follows(&[Id::Function]),
        ];
        if self.config.cdn.enabled {
            nodes.push(cdn);
        } else if has_cloudfront(self.names.partition) {
            nodes.push(cdn.retired());
        }
        nodes
    }

    /// The resources that something found stands for: what it consists of goes in the same order
    /// as everything else.
    fn retired(&self, found: Found) -> Vec<Node> {
        let names = self.names.as_ref();
        let images = self.purpose.images;
        let nodes = match found {
            Found::Topic(name) => vec![node(Topic::new(names.with_topic(&name).into()))],
            Found::Bucket(name) => {
                let names = Arc::new(names.with_bucket(&name));
                let settings = bucket::Settings { images: Some(images), ..self.bucket_settings() };
                let originals = self.config.bucket.originals.clone();
                vec![
                    node(Bucket::new(Arc::clone(&names), settings)).outlives(&[Id::Notification]),
                    node(Notification::new(names, originals, self.removes())),
                ]
            }
            // A bucket that stays when its stack goes keeps its images, and only the marker goes.
            Found::Folder(folder) if self.purpose.goal == Goal::Absent => {
                vec![node(Folders::new(Arc::clone(self.names), vec![format!("{folder}/")]))]
            }
            Found::Folder(folder) => {
                vec![node(RetiredFolder::new(Arc::clone(self.names), &folder, images))]
            }
            Found::Policy(name) => {
                let names = names.with_policy(&name).into();
                vec![node(Policy::new(names, Vec::new()))]
            }
            Found::Role(name) => {
                vec![node(Role::new(names.with_role(&name).into(), None).retired())]
            }
            Found::Logs(function) => {
                let names = names.with_function(&function).into();
                let retention = self.config.function.log_retention_days;
                vec![node(Logs::new(names, retention)).outlives(&[Id::Function])]
            }
            Found::Queue(name) => vec![node(DeadLetters::new(names.with_queue(&name).into()))],
            Found::Function(name) => {
                let names = Arc::new(names.with_function(&name));
                vec![
                    node(self.function(Arc::clone(&names)).retired()).outlives(&[Id::Trigger]),
                    node(Trigger::new(names)),
                ]
            }
        };
        nodes.into_iter().map(Node::retired).collect()
    }

    fn folders(&self) -> Vec<String> {
        self.config.variants.iter().map(|variant| variant.folder.clone()).collect()
    }

    fn markers(&self) -> Vec<String> {
        let originals = std::iter::once(&self.config.bucket.originals);
        let variants = self.config.variants.iter().map(|variant| &variant.folder);
        originals.chain(variants).map(|folder| format!("{folder}/")).collect()
    }

    fn is_public_acl(&self) -> bool {
        self.config.bucket.access == Access::PublicAcl
    }

    /// Whether variants go with their original.
    fn removes(&self) -> bool {
        self.config.bucket.on_delete == OnDelete::Remove
    }

    fn bucket_settings(&self) -> bucket::Settings {
        bucket::Settings {
            public_acl: self.is_public_acl(),
            plain_http: self.endpoints.is_s3_plain_http(),
            images: (self.purpose.goal == Goal::Absent).then_some(self.purpose.images),
        }
    }

    fn function(&self, names: Arc<Names>) -> Function {
        let boundary = self.config.function.permissions_boundary.clone();
        let temporary_role = Role::new(Arc::new(names.with_role(&names.temporary_role)), boundary);
        let (settings, code) = (self.function_settings(), Arc::clone(self.code));
        Function::new(names, settings, code, Box::new(temporary_role))
    }

    fn function_settings(&self) -> function::Settings {
        let config = &self.config.function;
        let settings = Settings {
            bucket: self.config.bucket.name.clone(),
            originals: self.config.bucket.originals.clone(),
            public_acl: self.is_public_acl(),
            invalidate: None,
            on_delete: self.config.bucket.on_delete,
            variants: self.config.variants.clone(),
        };
        let settings = serde_json::to_value(settings).unwrap_or_default().to_string();
        function::Settings {
            memory: i32::try_from(config.memory).unwrap_or(i32::MAX),
            timeout: i32::try_from(config.timeout).unwrap_or(i32::MAX),
            architecture: match config.arch {
                Arch::X86_64 => Architecture::X8664,
                Arch::Arm64 => Architecture::Arm64,
            },
            concurrency: config.concurrency.and_then(|reserved| i32::try_from(reserved).ok()),
            variables: BTreeMap::from([(SETTINGS_VARIABLE.to_owned(), settings)]),
            unwanted_variable: (!self.config.cdn.invalidate).then_some(DISTRIBUTION_VARIABLE),
            emulator_variables: self.endpoints.function_variables(),
        }
    }

    fn cdn_settings(&self) -> cdn::Settings {
        let config = &self.config.cdn;
        cdn::Settings {
            price_class: match config.price_class {
                config::PriceClass::Class100 => PriceClass::PriceClass100,
                config::PriceClass::Class200 => PriceClass::PriceClass200,
                config::PriceClass::All => PriceClass::PriceClassAll,
            },
            domains: config.domains.clone(),
            certificate_arn: config.certificate_arn.clone(),
            folders: self.folders(),
            plain_http: self.endpoints.is_cloudfront_plain_http(),
            function_variable: config.invalidate.then(|| DISTRIBUTION_VARIABLE.to_owned()),
        }
    }

    /// What the function may do, and nothing else.
    fn permissions(&self) -> Vec<Value> {
        let names = self.names;
        let inside = |folder: &str| format!("{}/{folder}/*", names.bucket_arn);
        let originals = &self.config.bucket.originals;
        let variants = self.folders();
        let allow = |sid: &str, actions: Value, resources: Value| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources });
        // Read, to see whether an event that comes again is done with. In one statement, for the
        // list of folders is long and IAM's space for a policy is not.
        let mut write = vec!["s3:GetObject", "s3:PutObject"];
        if self.is_public_acl() {
            write.push("s3:PutObjectAcl");
        }
        if self.removes() {
            write.push("s3:DeleteObject");
        }
        let in_variants: Vec<String> = variants.iter().map(|folder| inside(folder)).collect();
        let mut list = allow("ListFolders", json!("s3:ListBucket"), json!(names.bucket_arn));
        // Without it S3 answers 403 for a key that is not there.
        let folders =
            variants.iter().map(String::as_str).chain([originals.as_str(), FAILED_FOLDER]);
        let prefixes: Vec<String> = folders.map(|folder| format!("{folder}/*")).collect();
        list["Condition"] = json!({ "StringLike": { "s3:prefix": prefixes } });
        let mut statements = vec![
            allow("ReadOriginals", json!("s3:GetObject"), json!(inside(originals))),
            allow("WriteVariants", json!(write), json!(in_variants)),
            allow(
                "RecordFailures",
                json!(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
                json!(inside(FAILED_FOLDER)),
            ),
            list,
            allow(
                "WriteLogs",
                json!(["logs:CreateLogStream", "logs:PutLogEvents"]),
                json!(format!("{}:*", names.log_group_arn)),
            ),
            allow("SendDeadLetters", json!("sqs:SendMessage"), json!(names.queue_arn)),
        ];
        if self.config.cdn.invalidate {
            statements.push(self.invalidation());
        }
        statements
    }

    /// The distribution's identifier is not known beforehand; its tag is.
    fn invalidation(&self) -> Value {
        let Names { partition, account, stack, .. } = self.names.as_ref();
        json!({
            "Sid": "InvalidateVariants",
            "Effect": "Allow",
            "Action": "cloudfront:CreateInvalidation",
            "Resource": format!("arn:{partition}:cloudfront::{account}:distribution/*"),
            "Condition": { "StringEquals": { "aws:ResourceTag/imgprep:stack": stack } },
        })
    }
}

/// A resource that waits for no other.
pub(crate) fn node(resource: impl Resource + 'static) -> Node {
    Node {
        resource: Box::new(resource),
        needs: Vec::new(),
        follows: Vec::new(),
        outlives: Vec::new(),
        retired: false,
        notice: None,
    }
}

impl Node {
    pub(crate) fn needs(self, needs: &[Id]) -> Self {
        Self { needs: needs.to_vec(), ..self }
    }

    pub(crate) fn follows(self, follows: &[Id]) -> Self {
        Self { follows: follows.to_vec(), ..self }
    }

    pub(crate) fn outlives(self, outlives: &[Id]) -> Self {
        Self { outlives: outlives.to_vec(), ..self }
    }

    pub(crate) fn retired(self) -> Self {
        Self { retired: true, ..self }
    }
}

#[cfg(test)]
mod tests;
